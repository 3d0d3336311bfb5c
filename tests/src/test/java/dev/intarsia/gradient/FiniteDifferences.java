// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.gradient;

import static org.junit.jupiter.api.Assertions.fail;

import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.parity.Tolerance;
import dev.intarsia.parity.Values;

/**
 * Judges a reference by mathematics: what backward computes is the derivative of what forward
 * computes. The loss is {@code sum(dst * r)} for a fixed r, which is then {@code diff_dst}.
 *
 * <p>The derivative is the four-point difference {@code (8 (f(+h) - f(-h)) - (f(+2h) - f(-2h))) /
 * 12h}. Its error is the rounding of dst to float, spread over h, and a fifth derivative times h^4;
 * both are bounded by the formula below, the one tolerance of these tests.
 */
final class FiniteDifferences {
  private static final float STEP = 0x1p-5f;

  private final Context context;
  private final Tensor dst;
  private final Runnable forward;
  private final float[] r;

  /**
   * @param dst what forward writes
   * @param forward writes it
   */
  FiniteDifferences(Context context, Tensor dst, Runnable forward) {
    this.context = context;
    this.dst = dst;
    this.forward = forward;
    this.r = Values.signed("r", (int) dst.elements());
  }

  /** Returns a tensor that holds {@code diff_dst}: the derivative of the loss by dst. */
  Tensor diffDst() {
    Tensor diff = like(context, dst);
    diff.upload(r);
    return diff;
  }

  /** Rounds values to multiples of 2^-12: adding a step to them is then exact. */
  static float[] exact(float[] values) {
    float[] exact = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      exact[i] = Math.round(values[i] * 0x1p12f) * 0x1p-12f;
    }
    return exact;
  }

  /** Returns an empty tensor of the same shape and kind. */
  static Tensor like(Context context, Tensor tensor) {
    long[] dims = tensor.dims();
    return tensor.isActivations()
        ? Tensor.activations(context, (int) dims[0], (int) dims[1], (int) dims[2], (int) dims[3])
        : Tensor.plain(context, dims);
  }

  /** Compares a gradient, already computed, with the differences by every element of a field. */
  void check(String name, Tensor field, Tensor gradient) {
    float[] values = field.download();
    float[] actual = gradient.download();
    double allowed = allowed(); // at the point itself
    for (int i = 0; i < values.length; i++) {
      double expected =
          (8 * (loss(field, values, i, STEP) - loss(field, values, i, -STEP))
                  - (loss(field, values, i, 2 * STEP) - loss(field, values, i, -2 * STEP)))
              / (12 * STEP);
      if (!(Math.abs(expected - actual[i]) <= allowed)) {
        fail(
            "%s[%d]: backward says %s, differences say %s; allowed %.3g"
                .formatted(name, i, actual[i], expected, allowed));
      }
    }
    field.upload(values);
  }

  private double loss(Tensor field, float[] values, int i, float step) {
    float kept = values[i];
    values[i] += step;
    field.upload(values);
    values[i] = kept;
    forward.run();
    float[] results = dst.download();
    double loss = 0;
    for (int k = 0; k < results.length; k++) {
      loss += (double) results[k] * r[k];
    }
    return loss;
  }

  private double allowed() {
    forward.run();
    float[] results = dst.download();
    double magnitude = 0;
    for (int k = 0; k < results.length; k++) {
      magnitude += Math.abs(r[k]) * Math.max(1, Math.abs(results[k]));
    }
    return (Tolerance.EPS / STEP + Math.pow(STEP, 4)) * magnitude;
  }
}
