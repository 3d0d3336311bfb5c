// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import java.util.Arrays;
import org.hipparchus.distribution.continuous.TDistribution;

/**
 * The mean of some measurements and how far the mean of all possible ones may lie from it: the
 * two-sided 95 % confidence interval of Student's t, {@code mean +- t * s / sqrt(n)} with {@code s}
 * the sample deviation over {@code n - 1} and {@code t} the 0.975 quantile at {@code n - 1} degrees
 * of freedom. It holds for measurements that are independent and about normal, as runs that differ
 * in their seed alone are taken to be.
 *
 * @param count measurements, {@code n}; 0 when there is none
 * @param mean their mean; {@code NaN} of none
 * @param half half the width of the interval; {@code NaN} of fewer than two, which claim nothing
 */
public record Interval(int count, double mean, double half) {
  private static final double UPPER_QUANTILE = 0.975;

  /** The interval of the values that are measured, that is, not {@code NaN}. */
  public static Interval of(double... values) {
    double[] measured = Arrays.stream(values).filter(v -> !Double.isNaN(v)).toArray();
    int n = measured.length;
    if (n == 0) {
      return new Interval(0, Double.NaN, Double.NaN);
    }
    double mean = Arrays.stream(measured).sum() / n;
    if (Arrays.stream(measured).allMatch(v -> v == measured[0])) {
      mean = measured[0]; // a sum may round, equal values need not
    }
    if (n == 1) {
      return new Interval(1, mean, Double.NaN);
    }
    double squares = 0;
    for (double value : measured) {
      squares += (value - mean) * (value - mean);
    }
    double quantile = new TDistribution(n - 1).inverseCumulativeProbability(UPPER_QUANTILE);
    return new Interval(n, mean, quantile * Math.sqrt(squares / (n - 1) / n));
  }

  /** Whether there are enough measurements for an interval. */
  public boolean isBounded() {
    return !Double.isNaN(half);
  }
}
