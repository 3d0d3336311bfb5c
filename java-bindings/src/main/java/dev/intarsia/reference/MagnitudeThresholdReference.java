// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;
import java.util.Arrays;

/** What {@code MagnitudeThreshold} means: sort and look. */
public final class MagnitudeThresholdReference {
  private MagnitudeThresholdReference() {}

  /**
   * The rank-th smallest of |values| over the candidates.
   *
   * @param values [rows, cols]
   * @param candidates [rows, cols] or null for all
   * @param rank counts from 1
   * @param threshold [1], written
   * @param counts [2], written: candidates below the threshold, candidates equal to it
   * @throws IllegalArgumentException for a NaN among the candidates and for a rank beyond them
   */
  public static void select(
      PlaneShape s,
      float[] values,
      boolean[] candidates,
      long rank,
      float[] threshold,
      long[] counts) {
    float[] magnitudes = new float[s.elements()];
    int count = 0;
    for (int k = 0; k < s.elements(); k++) {
      if (candidates != null && !candidates[k]) {
        continue;
      }
      if (Float.isNaN(values[k])) {
        throw new IllegalArgumentException(
            "values["
                + k / s.cols()
                + ", "
                + k % s.cols()
                + "] is NaN and has no rank; look for the"
                + " step that diverged, or lower the learning rate");
      }
      magnitudes[count++] = Math.abs(values[k]);
    }
    if (rank < 1 || rank > count) {
      throw new IllegalArgumentException(
          "rank is "
              + rank
              + ", expected 1 .. "
              + count
              + ", the number of candidates; ask for a"
              + " rank in that range or widen the candidates");
    }
    Arrays.sort(magnitudes, 0, count);
    float cut = magnitudes[(int) rank - 1];
    long below = 0;
    long equal = 0;
    for (int k = 0; k < count; k++) {
      below += magnitudes[k] < cut ? 1 : 0;
      equal += magnitudes[k] == cut ? 1 : 0;
    }
    threshold[0] = cut;
    counts[0] = below;
    counts[1] = equal;
  }
}
