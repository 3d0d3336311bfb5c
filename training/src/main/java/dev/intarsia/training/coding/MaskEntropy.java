// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import dev.intarsia.PlaneShape;
import java.util.ArrayList;
import java.util.List;

/** Bits per weight that a mask must cost: the meter beside which a coder's bytes are shown. */
public final class MaskEntropy {
  private MaskEntropy() {}

  /**
   * Returns the binary entropy of a density, in bits per weight: the bound of memoryless coding.
   */
  public static double binary(double density) {
    if (!(density >= 0 && density <= 1)) {
      throw new IllegalArgumentException("density is " + density + ", must be in [0, 1]");
    }
    return term(density) + term(1 - density);
  }

  private static double term(double p) {
    return p == 0 ? 0 : -p * Math.log(p) / Math.log(2);
  }

  /**
   * Returns the empirical entropy of a plane's bit given the bits of the latest seven earlier
   * planes at the same weight, in bits per weight.
   */
  public static double given(PlaneShape shape, List<int[]> earlier, int[] words) {
    Planes.requireWords(shape, words);
    earlier.forEach(plane -> Planes.requireWords(shape, plane));
    List<int[]> latest = earlier.subList(Math.max(0, earlier.size() - 7), earlier.size());
    List<int[]> planes = new ArrayList<>(latest);
    planes.add(words); // the highest bit of a symbol; the history is what is below it
    long[] counts = Planes.counts(shape, planes);
    int histories = counts.length / 2;
    double bits = 0;
    for (int history = 0; history < histories; history++) {
      long all = counts[history] + counts[histories + history];
      bits += all == 0 ? 0 : all * binary((double) counts[histories + history] / all);
    }
    return bits / shape.elements();
  }
}
