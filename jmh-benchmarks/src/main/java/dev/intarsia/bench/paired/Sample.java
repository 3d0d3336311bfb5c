// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;

/** Relative error of some elements of a result. */
final class Sample {
  private static final int ELEMENTS = 400;

  /** Bound of the convolutions: Winograd's, because a planner may choose it. */
  static final double BOUND = 1e-5;

  private Sample() {}

  /**
   * Compares about {@link #ELEMENTS} elements spread over the result.
   *
   * @param defined which elements have a value
   * @param expected their double-precision reference
   */
  static double check(
      String what, float[] result, int length, IntPredicate defined, IntToDoubleFunction expected) {
    return check(what, result, length, BOUND, defined, expected);
  }

  /** The same under a contender's own bound. */
  static double check(
      String what,
      float[] result,
      int length,
      double bound,
      IntPredicate defined,
      IntToDoubleFunction expected) {
    if (result.length != length) {
      throw new IllegalStateException(
          what + " is not timed: " + result.length + " results, expected " + length);
    }
    // An odd step away from powers of two visits all channels and all edges.
    int step = Math.max(1, length / ELEMENTS) | 1;
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < length; i += step) {
      if (defined.test(i)) {
        double reference = expected.applyAsDouble(i);
        difference += (result[i] - reference) * (result[i] - reference);
        norm += reference * reference;
      }
    }
    double error = norm == 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
    if (!(error <= bound)) {
      throw new IllegalStateException(
          "%s is wrong and is not timed: relative error %.3g, bound %.3g"
              .formatted(what, error, bound));
    }
    return error;
  }
}
