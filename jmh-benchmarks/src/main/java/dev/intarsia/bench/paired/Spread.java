// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.Arrays;

/**
 * A median and the interval that holds the true one with at least 90 % confidence, from order
 * statistics alone: no distribution is assumed.
 *
 * @param median middle of the sample
 * @param low lower end
 * @param high upper end
 */
record Spread(double median, double low, double high) {
  private static final double OUTSIDE = 0.05;

  /** Of at least five values for the stated confidence; fewer give their extremes. */
  static Spread of(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    double median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    int cut = tail(n);
    return new Spread(median, sorted[cut], sorted[n - 1 - cut]);
  }

  /** How many values may be left out on each side: the binomial tail below {@link #OUTSIDE}. */
  private static int tail(int n) {
    double term = Math.pow(0.5, n);
    double sum = 0;
    int cut = 0;
    while (cut < n / 2) {
      sum += term;
      if (sum > OUTSIDE) {
        break;
      }
      term *= (double) (n - cut) / (cut + 1);
      cut++;
    }
    return Math.max(0, cut - 1);
  }
}
