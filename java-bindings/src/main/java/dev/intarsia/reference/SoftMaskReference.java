// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;
import dev.intarsia.SoftMaskMode;
import dev.intarsia.Surrogate;

/**
 * What {@code SoftMask} means (Yang et al. 2021, KSM, with its published constants; Mallya et al.
 * 2018, Piggyback).
 */
public final class SoftMaskReference {
  private static final float NO_RANGE = 1e-12f;

  private SoftMaskReference() {}

  /** Units of a row: runs of {@code span} weights, the last of a row what is left. */
  public static int units(PlaneShape s, int span) {
    return (s.cols() + span - 1) / span;
  }

  /**
   * The factor of each score of a layer. Every operation has one rounding, so that the bits are
   * those of any backend.
   *
   * @param scores all of the layer's; denormal ones count as 0
   * @param strict whether a score has to be above the threshold to be kept, not at it
   * @param scale of factors in SOFT
   * @throws IllegalArgumentException if a score is NaN
   */
  public static float[] factors(
      float[] scores, SoftMaskMode mode, boolean strict, float threshold, float scale) {
    float lo = Float.POSITIVE_INFINITY;
    float hi = Float.NEGATIVE_INFINITY;
    for (float m : scores) {
      if (Float.isNaN(m)) {
        throw new IllegalArgumentException(
            "a score is NaN, training diverged; lower the learning rate");
      }
      float dropped = isKept(m, strict, threshold) ? 0 : flushed(m);
      lo = Math.min(lo, dropped);
      hi = Math.max(hi, dropped);
    }
    boolean ranges = hi - lo >= NO_RANGE;
    float low = ranges ? lo : 0;
    float inverse = ranges ? 1 / (hi - lo) : 0;
    float[] factors = new float[scores.length];
    for (int u = 0; u < scores.length; u++) {
      float m = flushed(scores[u]);
      boolean kept = isKept(m, strict, threshold);
      factors[u] =
          switch (mode) {
            case GIVEN -> m;
            case BINARY -> kept ? 1 : 0;
            case TERNARY -> kept ? 1 : m < 0 ? -1 : 0;
            case SOFT -> kept ? 1 : m == 0 ? 0 : scale * ((m - low) * inverse);
          };
    }
    return factors;
  }

  private static boolean isKept(float m, boolean strict, float threshold) {
    return strict ? flushed(m) > threshold : flushed(m) >= threshold;
  }

  private static float flushed(float m) {
    return Math.abs(m) < Float.MIN_NORMAL ? 0 : m;
  }

  /**
   * Spreads factors over the weights of their units.
   *
   * @param factors [rows, units]
   * @param weights [rows, cols] or null
   * @param effective [rows, cols] or null, written: factor . weights
   * @param mask [rows, cols], written: where the factor is not 0
   */
  public static void forward(
      PlaneShape s, int span, float[] factors, float[] weights, float[] effective, boolean[] mask) {
    int units = units(s, span);
    for (int k = 0; k < s.elements(); k++) {
      float factor = factors[k / s.cols() * units + k % s.cols() / span];
      mask[k] = factor != 0;
      if (effective != null) {
        effective[k] = factor * weights[k];
      }
    }
  }

  /**
   * {@code diffScores = (sum of the unit's diffFactors) * derivative}.
   *
   * @param part weights that one element of diffFactors stands for; divides span and cols
   * @param scores [rows, units]
   * @param diffFactors [rows, cols / part]
   * @param diffScores [rows, units], written
   */
  public static void backward(
      PlaneShape s,
      int span,
      int part,
      Surrogate surrogate,
      float threshold,
      float slope,
      float[] scores,
      float[] diffFactors,
      float[] diffScores) {
    int units = units(s, span);
    int parts = s.cols() / part;
    double[] sums = new double[scores.length];
    for (int p = 0; p < s.rows() * parts; p++) {
      sums[p / parts * units + p % parts / (span / part)] += diffFactors[p];
    }
    for (int u = 0; u < scores.length; u++) {
      diffScores[u] = (float) (sums[u] * derivative(surrogate, slope, scores[u] - threshold));
    }
  }

  /** The soft step that SIGMOID differentiates: {@code 1 / (1 + exp(-slope x))}. */
  public static double sigmoid(double slope, double x) {
    return 1 / (1 + Math.exp(-slope * x));
  }

  /** The derivative of the surrogate at {@code x = score - threshold}. */
  public static double derivative(Surrogate surrogate, double slope, double x) {
    double step = sigmoid(slope, x);
    return surrogate == Surrogate.IDENTITY ? 1 : slope * step * (1 - step);
  }
}
