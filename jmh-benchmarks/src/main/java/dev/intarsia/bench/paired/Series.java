// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

/**
 * What was measured of one contender.
 *
 * @param contender who
 * @param seconds of one call, per round
 */
record Series(Contender contender, double[] seconds) {
  Spread spread() {
    return Spread.of(seconds);
  }

  double median() {
    return spread().median();
  }

  /** Of the ratios round by round, {@code other / this}: noise of a round hits both. */
  Spread ratioOf(Series other) {
    double[] ratios = new double[seconds.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = other.seconds[i] / seconds[i];
    }
    return Spread.of(ratios);
  }
}
