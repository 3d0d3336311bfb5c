// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Pruning rates of up to {@link #MOST_GROUPS} groups, and the scale they are searched on: {@code u
 * = -ln(1 - p) / ln 50}, on which equal steps keep equal factors of the weights, and p = 0 .. 0.98
 * is u = 0 .. 1.
 */
public final class Rates {
  /** The largest rate that is searched. */
  public static final double MOST = 0.98;

  /** Most groups; more would need more trials than a task is worth. */
  public static final int MOST_GROUPS = 4;

  private static final double LOG_SCALE = Math.log(50);

  private final double[] rates;

  private Rates(double[] rates) {
    this.rates = rates;
  }

  /**
   * One rate a group.
   *
   * @throws IllegalArgumentException if there are none or too many, or one is outside 0 .. 0.98
   */
  public static Rates of(double... rates) {
    if (rates.length < 1 || rates.length > MOST_GROUPS) {
      throw new IllegalArgumentException(
          "there are " + rates.length + " rates, must be 1 to " + MOST_GROUPS + "; merge groups");
    }
    for (double rate : rates) {
      if (!(rate >= 0 && rate <= MOST)) {
        throw new IllegalArgumentException(
            "a pruning rate is " + rate + ", must be from 0 to " + MOST + "; 0.75 keeps a quarter");
      }
    }
    return new Rates(rates.clone());
  }

  /** The same rate for every group. */
  public static Rates all(int groups, double rate) {
    double[] rates = new double[groups];
    Arrays.fill(rates, rate);
    return of(rates);
  }

  /** From places on the scale of the search, each in [0, 1]. */
  static Rates at(double... u) {
    double[] rates = new double[u.length];
    Arrays.setAll(rates, g -> Math.min(MOST, Math.max(0, -Math.expm1(-u[g] * LOG_SCALE))));
    return of(rates);
  }

  /** How many there are. */
  public int groups() {
    return rates.length;
  }

  /** The rate of a group. */
  public double get(int group) {
    return rates[group];
  }

  /** A copy, one a group. */
  public double[] toArray() {
    return rates.clone();
  }

  /** Places on the scale of the search. */
  double[] u() {
    double[] u = new double[rates.length];
    Arrays.setAll(u, g -> -Math.log1p(-rates[g]) / LOG_SCALE);
    return u;
  }

  /** The largest difference of two places on the scale of the search. */
  double distance(Rates other) {
    double[] mine = u();
    double[] theirs = other.u();
    return IntStream.range(0, mine.length)
        .mapToDouble(g -> Math.abs(mine[g] - theirs[g]))
        .max()
        .orElseThrow();
  }

  /** Whether no group has a larger rate than in others. */
  boolean isWithin(Rates others) {
    return IntStream.range(0, rates.length).allMatch(g -> rates[g] <= others.rates[g]);
  }

  /** The place half way on the scale of the search. */
  Rates middle(Rates other) {
    double[] mine = u();
    double[] theirs = other.u();
    Arrays.setAll(mine, g -> (mine[g] + theirs[g]) / 2);
    return at(mine);
  }

  /**
   * Fraction of all candidates that goes.
   *
   * @param shares fraction of the candidates in each group; together 1
   */
  public double removed(double[] shares) {
    double removed = 0;
    for (int g = 0; g < rates.length; g++) {
      removed += shares[g] * rates[g];
    }
    return removed;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Rates that && Arrays.equals(rates, that.rates);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(rates);
  }

  @Override
  public String toString() {
    return Arrays.toString(rates);
  }
}
