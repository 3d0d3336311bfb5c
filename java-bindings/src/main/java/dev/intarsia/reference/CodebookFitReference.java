// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;
import java.util.Arrays;

/**
 * What {@code CodebookFit} means: the best way to cut the sorted different values into intervals.
 * More than 4096 of them are cut by neighbourhoods first; then Lloyd's rule moves the cuts on the
 * values themselves.
 */
public final class CodebookFitReference {
  private static final int EXACT = 4096;
  private static final int MOST_ROUNDS = 1000;

  private CodebookFitReference() {}

  /**
   * Centres of least squared error, by dynamic programming over every cut.
   *
   * @param values [rows, cols]
   * @param selected [rows, cols] or null for all
   * @param size centres wanted
   * @param centres [size], written, rising; those past the result repeat the last
   * @return the number of different centres
   * @throws IllegalArgumentException if no value is selected, or one that is not finite
   */
  public static int apply(
      PlaneShape s, float[] values, boolean[] selected, int size, float[] centres) {
    float[] sorted = sorted(s, values, selected);
    int m = 0;
    double[] count = new double[sorted.length + 1];
    double[] sum = new double[sorted.length + 1];
    float[] different = new float[sorted.length];
    double mean = mean(sorted);
    for (float value : sorted) {
      if (m == 0 || value != different[m - 1]) {
        different[m++] = value;
        count[m] = count[m - 1];
        sum[m] = sum[m - 1];
      }
      count[m]++;
      sum[m] += value - mean;
    }
    int k = Math.min(size, m);
    int[] cuts = m <= EXACT || k == m ? bestCuts(count, sum, m, k) : coarseCuts(count, sum, m, k);
    if (m > EXACT && k < m) {
      settle(different, mean, count, sum, m, cuts);
    }
    for (int j = 0; j < size; j++) {
      if (j >= k) {
        centres[j] = centres[k - 1];
      } else if (cuts[j + 1] - cuts[j] == 1) {
        centres[j] = different[cuts[j]];
      } else {
        centres[j] = (float) centre(mean, count, sum, cuts[j], cuts[j + 1]);
      }
    }
    return k;
  }

  private static float[] sorted(PlaneShape s, float[] values, boolean[] selected) {
    float[] chosen = new float[s.elements()];
    int n = 0;
    for (int k = 0; k < s.elements(); k++) {
      if (selected != null && !selected[k]) {
        continue;
      }
      if (!Float.isFinite(values[k])) {
        throw new IllegalArgumentException(
            "values["
                + k / s.cols()
                + ", "
                + k % s.cols()
                + "] is not finite and has no nearest centre; look for the step that diverged, or"
                + " lower the learning rate");
      }
      chosen[n++] = values[k] + 0.0f; // -0 becomes 0
    }
    if (n == 0) {
      throw new IllegalArgumentException(
          "no value is selected and none can be a centre; select at least one");
    }
    Arrays.sort(chosen, 0, n);
    return Arrays.copyOf(chosen, n);
  }

  private static double mean(float[] values) {
    double total = 0;
    for (float value : values) {
      total += value;
    }
    return total / values.length;
  }

  /** The same over neighbourhoods of another 2048th of the values, or of the different values. */
  private static int[] coarseCuts(double[] count, double[] sum, int m, int k) {
    int parts = EXACT / 2;
    int[] bounds = new int[EXACT + 1];
    int groups = 0;
    for (int step = 1; step <= m; step++) {
      boolean full =
          quantile(count[step], count[m], parts) > quantile(count[step - 1], count[m], parts)
              || (long) step * parts / m > (long) (step - 1) * parts / m;
      if (full) {
        bounds[++groups] = step;
      }
    }
    double[] groupCount = new double[groups + 1];
    double[] groupSum = new double[groups + 1];
    for (int g = 0; g <= groups; g++) {
      groupCount[g] = count[bounds[g]];
      groupSum[g] = sum[bounds[g]];
    }
    return Arrays.stream(bestCuts(groupCount, groupSum, groups, k)).map(g -> bounds[g]).toArray();
  }

  private static long quantile(double count, double all, int parts) {
    return (long) (count * parts) / (long) all;
  }

  /** Moves the cuts until every value is with its nearest centre; no interval becomes empty. */
  private static void settle(
      float[] values, double mean, double[] count, double[] sum, int m, int[] cuts) {
    int k = cuts.length - 1;
    for (int round = 0; round < MOST_ROUNDS; round++) {
      int[] old = cuts.clone();
      for (int j = 1; j < k; j++) {
        double left = centre(mean, count, sum, old[j - 1], old[j]);
        double right = centre(mean, count, sum, old[j], old[j + 1]);
        double middle = 0.5 * (left + right);
        int cut = 0;
        while (cut < m && values[cut] <= middle) {
          cut++;
        }
        cuts[j] = Math.min(Math.max(cut, cuts[j - 1] + 1), m - (k - j));
      }
      if (Arrays.equals(old, cuts)) {
        return;
      }
    }
  }

  private static double centre(double mean, double[] count, double[] sum, int from, int to) {
    return mean + (sum[to] - sum[from]) / (count[to] - count[from]);
  }

  /** Cuts [0, m) into k intervals that take most off the squared error. */
  private static int[] bestCuts(double[] count, double[] sum, int m, int k) {
    double[] best = new double[m + 1];
    int[][] cut = new int[k][m + 1];
    for (int end = 1; end <= m; end++) {
      best[end] = gain(count, sum, 0, end);
    }
    for (int row = 1; row < k; row++) {
      double[] before = best;
      best = new double[m + 1];
      for (int end = row + 1; end <= m; end++) {
        best[end] = -1;
        for (int at = row; at < end; at++) {
          double gain = before[at] + gain(count, sum, at, end);
          if (gain > best[end]) {
            best[end] = gain;
            cut[row][end] = at;
          }
        }
      }
    }
    int[] cuts = new int[k + 1];
    cuts[k] = m;
    for (int row = k - 1; row > 0; row--) {
      cuts[row] = cut[row][cuts[row + 1]];
    }
    return cuts;
  }

  private static double gain(double[] count, double[] sum, int from, int to) {
    double total = sum[to] - sum[from];
    return total * total / (count[to] - count[from]);
  }
}
