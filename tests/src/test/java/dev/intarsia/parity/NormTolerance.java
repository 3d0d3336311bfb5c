// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

/**
 * {@link Tolerance} of batch and group norm: the terms of each of their sums. Their sides name the
 * fields as the ops do; a statistic that is absent is a running one.
 */
final class NormTolerance {
  private NormTolerance() {}

  /** Means of K values. */
  static Tolerance mean(long k) {
    return Tolerance.sum(k, ref -> Math.max(ref.max("src"), ref.max("runningMean")));
  }

  /** Means of K squares, of values that are off by their mean's error. */
  static Tolerance variance(long k) {
    return Tolerance.sum(k, ref -> Math.max(2 * square(ref.max("src")), ref.max("runningVar")));
  }

  /** {@code v ^ -1/2}, whose derivative is {@code -1/2 v ^ -3/2}. */
  static Tolerance rstd(long k) {
    return Tolerance.sum(
        k, ref -> ref.max("savedRstd") + square(ref.max("src")) * cube(ref.max("savedRstd")));
  }

  /** Normalised values. */
  static Tolerance value(long k) {
    return Tolerance.sum(
        k,
        ref ->
            scale(ref) * (largest(ref) + cube(largest(ref)))
                + ref.max("shift")
                + ref.max("addend"));
  }

  /** Gradients through a normalised value. */
  static Tolerance diff(long k) {
    return Tolerance.sum(
        k, ref -> ref.max("diffDst") * scale(ref) * rstd(ref) * (1 + square(largest(ref))));
  }

  /** Sums of K gradients times normalised values, and what they are added to. */
  static Tolerance parameter(long k) {
    return Tolerance.sum(
        k + 1,
        ref ->
            Math.max(
                ref.max("diffDst") * (1 + largest(ref)),
                Math.max(ref.max("diffScale"), ref.max("diffShift"))));
  }

  /** A bound of |src - mean| * rstd. */
  private static double largest(Side reference) {
    double mean = Math.max(reference.max("savedMean"), reference.max("runningMean"));
    return (reference.max("src") + mean) * rstd(reference);
  }

  private static double rstd(Side reference) {
    double saved = reference.max("savedRstd");
    return saved > 0 ? saved : 1 / Math.sqrt(reference.min("runningVar"));
  }

  private static double scale(Side reference) {
    double scale = reference.max("scale");
    return scale > 0 ? scale : 1;
  }

  private static double square(double x) {
    return x * x;
  }

  private static double cube(double x) {
    return x * x * x;
  }
}
