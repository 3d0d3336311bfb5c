// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_masked_sgd_step;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_masked_sgd;

/**
 * One step of SGD on the trainable elements: {@code g = gradient + weightDecay * weights}, {@code
 * velocity = momentum * velocity + g}, {@code weights -= learningRate * (nesterov ? g + momentum *
 * velocity : velocity)}.
 *
 * <p>Elements outside {@code trainable} keep their bits, as does their velocity, whatever the
 * hyper-parameters. With a mask the step also cuts it from the new weights, in the same pass over
 * memory: for scores whose threshold is known before the step. Momentum, weight decay and nesterov
 * are 0 until set.
 */
public final class MaskedSgd extends Operation {
  private final PlaneShape shape;
  private final ita_masked_sgd struct = onNative(ita_masked_sgd::new);
  private final Entry step =
      entry(
          "masked_sgd_step",
          () -> ita_masked_sgd_step(pointer(), this.struct),
          "gradient",
          "trainable?",
          "weights",
          "velocity?",
          "learningRate",
          "threshold?",
          "candidates?",
          "mask?");

  private MaskedSgd(Context context, PlaneShape shape) {
    super(context, 0);
    this.shape = shape;
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
    momentum(0).weightDecay(0).nesterov(false).ties(Ties.KEPT);
  }

  /** Returns an op that has nothing bound yet; the plane is that of the parameter. */
  public static MaskedSgd bind(Context context, PlaneShape shape) {
    return new MaskedSgd(context, shape);
  }

  /** [rows, cols]. */
  public MaskedSgd gradient(Tensor gradient) {
    plane("gradient", gradient, p -> struct.gradient(p), shape);
    return this;
  }

  /** What may be written, or null for all. */
  public MaskedSgd trainable(Mask trainable) {
    mask("trainable", trainable, p -> struct.trainable(p), shape);
    return this;
  }

  /** [rows, cols], added to. */
  public MaskedSgd weights(Tensor weights) {
    plane("weights", weights, p -> struct.weights(p), shape);
    return this;
  }

  /** [rows, cols], read and written; null when momentum is 0. */
  public MaskedSgd velocity(Tensor velocity) {
    plane("velocity", velocity, p -> struct.velocity(p), shape);
    return this;
  }

  /** Step size, at least 0. */
  public MaskedSgd learningRate(float learningRate) {
    requireAtLeastZero("learningRate", learningRate);
    set("learningRate", learningRate, () -> struct.learning_rate(learningRate));
    return this;
  }

  /** Share of the old velocity, 0 <= momentum < 1. */
  public MaskedSgd momentum(float momentum) {
    requireFraction("momentum", momentum);
    set("momentum", momentum, () -> struct.momentum(momentum));
    return this;
  }

  /** L2 penalty, at least 0. */
  public MaskedSgd weightDecay(float weightDecay) {
    requireAtLeastZero("weightDecay", weightDecay);
    set("weightDecay", weightDecay, () -> struct.weight_decay(weightDecay));
    return this;
  }

  /** Whether the step looks ahead (Nesterov). */
  public MaskedSgd nesterov(boolean nesterov) {
    set("nesterov", nesterov, () -> struct.nesterov(nesterov ? 1 : 0));
    return this;
  }

  /** [1] F32 as {@link MagnitudeThreshold} writes it; needed with mask. */
  public MaskedSgd threshold(Tensor threshold) {
    values("threshold", threshold, p -> struct.threshold(p), 1);
    return this;
  }

  /** Weights that may get a bit of mask, or null for all. */
  public MaskedSgd candidates(Mask candidates) {
    mask("candidates", candidates, p -> struct.candidates(p), shape);
    return this;
  }

  /** Written from the new weights as {@link MaskCut} would, or null: not cut. */
  public MaskedSgd mask(Mask mask) {
    mask("mask", mask, p -> struct.mask(p), shape);
    return this;
  }

  /** What becomes of weights equal to the threshold: KEPT, which it is until set, or DROPPED. */
  public MaskedSgd ties(Ties ties) {
    requireCountless(ties);
    set("ties", ties, () -> struct.ties(ties.ordinal()));
    return this;
  }

  /** Writes weights, velocity and mask. */
  public void step() {
    if ((Float) value("momentum") != 0 && value("velocity") == null) {
      throw new IllegalStateException(
          "masked_sgd_step: momentum is " + value("momentum") + " and velocity is not set");
    }
    requireThreshold();
    run(step);
  }
}
