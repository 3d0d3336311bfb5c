// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import java.util.function.ToDoubleFunction;

/**
 * How far a result may be from the double reference: one formula for every op.
 *
 * <pre>  eps * (1 + K/4) * max|src| * max|weights|,   eps = 2^-23</pre>
 *
 * <p>K is the reduction length, the number of products that are added up. No test brings its own
 * epsilon; what an op brings is K and the largest term, as follows.
 *
 * <ul>
 *   <li>A convolution or matrix product: the formula as it stands. A bias, or a gradient that is
 *       added to, is one more term: K + 1, and the larger of the two magnitudes.
 *   <li>Any other sum (means, poolings, optimizer steps, losses): K is the number of terms, and the
 *       product of the two largest factors becomes the largest magnitude of a term.
 *   <li>A normalised value {@code (src - mean) * rstd * scale + shift}: the mean is a sum of K
 *       values, so it is off by the formula, and what follows multiplies that error: max|src| times
 *       max rstd times max|scale|. A gradient through it: max|diff| times the same, and twice more
 *       max|src| * max rstd, the largest normalised value, which multiplies the sums.
 *   <li>Winograd is no sum of products of its operands: 1e-5 of the largest magnitude of the
 *       result.
 *   <li>A softmax: exp(x) is off by the rounding of x, so a probability counts 1 + 2 max|src|.
 * </ul>
 *
 * <p>Zero-mean products of equal size would let partial sums outgrow their terms and come near the
 * bound by chance. The generator in {@link Values} draws most values near zero, a few near one: the
 * maxima are what they are, partial sums stay small, and a lost tap is seen all the same.
 */
public interface Tolerance {
  /** Rounding of a float at one. */
  double EPS = 0x1p-23;

  /** Not at all: copies, selections, integers, masks, frozen weights. */
  Tolerance EXACT = reference -> 0;

  /** Largest difference allowed, from what the reference was given and found. */
  double allowed(Side reference);

  /** Sums of {@code k} products of an element of one field and one of another. */
  static Tolerance product(long k, String src, String weights) {
    return reference -> of(k, reference.max(src) * reference.max(weights));
  }

  /** Sums of {@code k} products and one element of a third field (bias, or a value added to). */
  static Tolerance product(long k, String src, String weights, String addend) {
    return reference ->
        of(k + 1, Math.max(reference.max(src) * reference.max(weights), reference.max(addend)));
  }

  /** Sums of {@code k} terms, none above {@code magnitude}. */
  static Tolerance sum(long k, ToDoubleFunction<Side> magnitude) {
    return reference -> of(k, magnitude.applyAsDouble(reference));
  }

  /**
   * A result of Winograd's transform: not element by element, but the whole of it, in the Euclidean
   * norm relative to the reference.
   */
  Norm WINOGRAD = new Norm(1e-5);

  /** A bound on {@code |result - reference| / |reference|}. */
  record Norm(double relative) implements Tolerance {
    @Override
    public double allowed(Side reference) {
      return Double.POSITIVE_INFINITY;
    }
  }

  /** The formula. */
  static double of(long k, double magnitude) {
    return EPS * (1 + k / 4.0) * magnitude;
  }
}
