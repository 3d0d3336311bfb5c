// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import java.util.Locale;

/**
 * One candidate that was pruned and examined.
 *
 * @param rates pruning rate of each group, in [0, {@link Rates#MOST}]
 * @param drop accuracy on the validation images that it costs beside no pruning; may be negative
 * @param stage what asked for it
 */
public record Trial(Rates rates, double drop, Stage stage) {

  /** What a trial is for. */
  public enum Stage {
    /** A fixed first point. */
    INITIAL,
    /** The greatest expected improvement. */
    BAYES,
    /** Halves a bracket. */
    BISECTION,
    /** The next of CPG's rising rates. */
    GRADUAL,
    /** What the capacity floor demands, beyond the search. */
    FLOOR;

    /** In lower case, as reports have it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
