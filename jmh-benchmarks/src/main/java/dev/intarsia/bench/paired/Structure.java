// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.List;
import java.util.Locale;

/**
 * A mask's structure.
 *
 * @param word {@code full}, {@code weight} (each weight by itself) or {@code kernel} (all taps of
 *     an input and output channel together)
 * @param density fraction kept, 1 for {@code full}
 */
public record Structure(String word, double density) {
  /** Everything kept. */
  public static final Structure FULL = new Structure("full", 1);

  /** Full, then per weight and per kernel from half to an eighth. */
  public static List<Structure> ofConvolution(boolean kernels) {
    List<Structure> all =
        List.of(
            FULL,
            new Structure("weight", 0.5),
            new Structure("weight", 0.25),
            new Structure("weight", 0.125),
            new Structure("kernel", 0.5),
            new Structure("kernel", 0.25),
            new Structure("kernel", 0.125));
    return kernels ? all : all.subList(0, 4);
  }

  @Override
  public String toString() {
    return this.equals(FULL) ? word : String.format(Locale.ROOT, "%s %s", word, density);
  }
}
