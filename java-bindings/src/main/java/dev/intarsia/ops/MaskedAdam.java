// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_masked_adam_step;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_masked_adam;

/**
 * One step of Adam (Kingma and Ba 2015, algorithm 1) on the trainable elements; decoupled, the
 * weight decay is AdamW's (Loshchilov and Hutter 2019), else it is added to the gradient.
 *
 * <p>Elements outside {@code trainable} keep their bits, as do their moments. With a mask the step
 * also cuts it from the new weights, as {@link MaskedSgd} does. beta1 0.9, beta2 0.999, epsilon
 * 1e-8, no weight decay until set.
 */
public final class MaskedAdam extends Operation {
  private final PlaneShape shape;
  private final ita_masked_adam struct = onNative(ita_masked_adam::new);
  private final Entry step =
      entry(
          "masked_adam_step",
          () -> ita_masked_adam_step(pointer(), this.struct),
          "gradient",
          "trainable?",
          "weights",
          "firstMoment",
          "secondMoment",
          "learningRate",
          "stepCount",
          "threshold?",
          "candidates?",
          "mask?");

  private MaskedAdam(Context context, PlaneShape shape) {
    super(context, 0);
    this.shape = shape;
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
    beta1(0.9f).beta2(0.999f).epsilon(1e-8f).weightDecay(0).decoupled(false).ties(Ties.KEPT);
  }

  /** Returns an op that has nothing bound yet; the plane is that of the parameter. */
  public static MaskedAdam bind(Context context, PlaneShape shape) {
    return new MaskedAdam(context, shape);
  }

  /** [rows, cols]. */
  public MaskedAdam gradient(Tensor gradient) {
    plane("gradient", gradient, p -> struct.gradient(p), shape);
    return this;
  }

  /** What may be written, or null for all. */
  public MaskedAdam trainable(Mask trainable) {
    mask("trainable", trainable, p -> struct.trainable(p), shape);
    return this;
  }

  /** [rows, cols], added to. */
  public MaskedAdam weights(Tensor weights) {
    plane("weights", weights, p -> struct.weights(p), shape);
    return this;
  }

  /** [rows, cols], read and written. */
  public MaskedAdam firstMoment(Tensor firstMoment) {
    plane("firstMoment", firstMoment, p -> struct.first_moment(p), shape);
    return this;
  }

  /** [rows, cols], read and written. */
  public MaskedAdam secondMoment(Tensor secondMoment) {
    plane("secondMoment", secondMoment, p -> struct.second_moment(p), shape);
    return this;
  }

  /** Step size, at least 0. */
  public MaskedAdam learningRate(float learningRate) {
    requireAtLeastZero("learningRate", learningRate);
    set("learningRate", learningRate, () -> struct.learning_rate(learningRate));
    return this;
  }

  /** Decay of the first moment, 0 <= beta1 < 1. */
  public MaskedAdam beta1(float beta1) {
    requireFraction("beta1", beta1);
    set("beta1", beta1, () -> struct.beta1(beta1));
    return this;
  }

  /** Decay of the second moment, 0 <= beta2 < 1. */
  public MaskedAdam beta2(float beta2) {
    requireFraction("beta2", beta2);
    set("beta2", beta2, () -> struct.beta2(beta2));
    return this;
  }

  /** Added to the root of the second moment, at least 0. */
  public MaskedAdam epsilon(float epsilon) {
    requireAtLeastZero("epsilon", epsilon);
    set("epsilon", epsilon, () -> struct.epsilon(epsilon));
    return this;
  }

  /** At least 0. */
  public MaskedAdam weightDecay(float weightDecay) {
    requireAtLeastZero("weightDecay", weightDecay);
    set("weightDecay", weightDecay, () -> struct.weight_decay(weightDecay));
    return this;
  }

  /** Whether the weight decay is AdamW's. */
  public MaskedAdam decoupled(boolean decoupled) {
    set("decoupled", decoupled, () -> struct.decoupled(decoupled ? 1 : 0));
    return this;
  }

  /** The number of this step, for the bias correction; counts from 1. */
  public MaskedAdam stepCount(long stepCount) {
    if (stepCount < 1) {
      throw new IllegalArgumentException(
          name() + ": stepCount is " + stepCount + ", expected at least 1");
    }
    set("stepCount", stepCount, () -> struct.step(stepCount));
    return this;
  }

  /** [1] F32 as {@link MagnitudeThreshold} writes it; needed with mask. */
  public MaskedAdam threshold(Tensor threshold) {
    values("threshold", threshold, p -> struct.threshold(p), 1);
    return this;
  }

  /** Weights that may get a bit of mask, or null for all. */
  public MaskedAdam candidates(Mask candidates) {
    mask("candidates", candidates, p -> struct.candidates(p), shape);
    return this;
  }

  /** Written from the new weights as {@link MaskCut} would, or null: not cut. */
  public MaskedAdam mask(Mask mask) {
    mask("mask", mask, p -> struct.mask(p), shape);
    return this;
  }

  /** What becomes of weights equal to the threshold: KEPT, which it is until set, or DROPPED. */
  public MaskedAdam ties(Ties ties) {
    requireCountless(ties);
    set("ties", ties, () -> struct.ties(ties.ordinal()));
    return this;
  }

  /** Writes weights, both moments and mask. */
  public void step() {
    requireThreshold();
    run(step);
  }
}
