// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_soft_mask_backward;
import static dev.intarsia.internal.ffi.Ita.ita_soft_mask_forward;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.SoftMaskMode;
import dev.intarsia.Surrogate;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_soft_mask;

/**
 * A factor for every unit of frozen weights, a function of one real score each; see {@link
 * SoftMaskMode} for which. A unit is {@code span} consecutive weights of a row, the last of a row
 * what is left.
 *
 * <p>Until set: SOFT with threshold 0.005, scale 0.5, scores at the threshold kept, and a SIGMOID
 * surrogate of slope 12, the published constants of KSM (Yang et al. 2021, <em>KSM: Fast Multiple
 * Task Adaption via Kernel-wise Soft Mask Learning</em>).
 */
public final class SoftMask extends Operation {
  private final PlaneShape shape;
  private final int span;
  private final int part;
  private final int units;
  private final ita_soft_mask struct = onNative(ita_soft_mask::new);
  private final Entry forward =
      entry(
          "soft_mask_forward",
          () -> ita_soft_mask_forward(pointer(), this.struct),
          "span",
          "mode",
          "strict",
          "threshold",
          "scale",
          "scores",
          "weights?",
          "factors?",
          "effective?",
          "mask");
  private final Entry backward =
      entry(
          "soft_mask_backward",
          () -> ita_soft_mask_backward(pointer(), this.struct),
          "span",
          "part",
          "surrogate",
          "threshold",
          "slope",
          "scores",
          "diffFactors",
          "diffScores");

  private SoftMask(Context context, PlaneShape shape, int span, int part) {
    super(context, 0);
    requireSpan(shape, span, part);
    this.shape = shape;
    this.span = span;
    this.part = part;
    units = units(shape, span);
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
    set("span", span, () -> struct.span(span));
    set("part", part, () -> struct.part(part));
    mode(SoftMaskMode.SOFT).surrogate(Surrogate.SIGMOID).strict(false);
    threshold(0.005f).scale(0.5f).slope(12);
  }

  /**
   * Returns an op that has nothing bound yet.
   *
   * @param shape the plane of the weights
   * @param span weights of a unit, 1 .. cols
   * @param part weights that an element of diffFactors stands for: KH*KW where it is what {@code
   *     diffKernels} of a convolution is, 1 for a gradient per weight; divides span and cols
   */
  public static SoftMask bind(Context context, PlaneShape shape, int span, int part) {
    return new SoftMask(context, shape, span, part);
  }

  /** Units of a row. */
  public static int units(PlaneShape shape, int span) {
    return (shape.cols() + span - 1) / span;
  }

  private static void requireSpan(PlaneShape shape, int span, int part) {
    if (span < 1 || span > shape.cols()) {
      throw new IllegalArgumentException(
          "SoftMask: span is " + span + ", expected 1 .. " + shape.cols() + ", a row of weights");
    }
    if (part < 1 || span % part != 0 || shape.cols() % part != 0) {
      throw new IllegalArgumentException(
          "SoftMask: part is "
              + part
              + ", expected a divisor of the span "
              + span
              + " and of the row "
              + shape.cols()
              + "; 1 fits all");
    }
  }

  /** What becomes of a score. */
  public SoftMask mode(SoftMaskMode mode) {
    set("mode", mode, () -> struct.mode(mode.ordinal()));
    return this;
  }

  /** What stands for the derivative. */
  public SoftMask surrogate(Surrogate surrogate) {
    set("surrogate", surrogate, () -> struct.surrogate(surrogate.ordinal()));
    return this;
  }

  /** Whether a unit is kept only above the threshold, not at it. */
  public SoftMask strict(boolean strict) {
    set("strict", strict, () -> struct.strict(strict ? 1 : 0));
    return this;
  }

  /** Scores from here on are kept. */
  public SoftMask threshold(float threshold) {
    if (!Float.isFinite(threshold)) {
      throw new IllegalArgumentException(
          name() + ": threshold is " + threshold + ", expected a finite number");
    }
    set("threshold", threshold, () -> struct.threshold(threshold));
    return this;
  }

  /** Largest factor of a dropped unit in SOFT. */
  public SoftMask scale(float scale) {
    requireAtLeastZero("scale", scale);
    set("scale", scale, () -> struct.scale(scale));
    return this;
  }

  /** Steepness of the SIGMOID surrogate. */
  public SoftMask slope(float slope) {
    requireAtLeastZero("slope", slope);
    set("slope", slope, () -> struct.slope(slope));
    return this;
  }

  /** [rows, units]; read by both. */
  public SoftMask scores(Tensor scores) {
    values("scores", scores, p -> struct.scores(p), shape.rows(), units);
    return this;
  }

  /** [rows, cols]; read by forward where it writes effective weights. */
  public SoftMask weights(Tensor weights) {
    plane("weights", weights, p -> struct.weights(p), shape);
    return this;
  }

  /** [rows, units] or null; written by forward. */
  public SoftMask factors(Tensor factors) {
    values("factors", factors, p -> struct.factors(p), shape.rows(), units);
    return this;
  }

  /** [rows, cols] or null; written by forward: factors times weights. */
  public SoftMask effective(Tensor effective) {
    plane("effective", effective, p -> struct.effective(p), shape);
    return this;
  }

  /** Written by forward: the weights whose factor is not 0. */
  public SoftMask mask(Mask mask) {
    mask("mask", mask, p -> struct.mask(p), shape);
    return this;
  }

  /** [rows, cols / part]; read by backward. */
  public SoftMask diffFactors(Tensor diffFactors) {
    values(
        "diffFactors", diffFactors, p -> struct.diff_factors(p), shape.rows(), shape.cols() / part);
    return this;
  }

  /** [rows, units]; written by backward. */
  public SoftMask diffScores(Tensor diffScores) {
    values("diffScores", diffScores, p -> struct.diff_scores(p), shape.rows(), units);
    return this;
  }

  /**
   * Writes mask, factors and effective weights.
   *
   * @throws IllegalArgumentException if a score is NaN; nothing was written then
   */
  public void forward() {
    if (value("effective") != null && value("weights") == null) {
      throw new IllegalStateException(
          name() + ": effective is set and weights is not; set both, or effective to null");
    }
    run(forward);
  }

  /** Writes diffScores, of dropped units too. */
  public void backward() {
    run(backward);
  }
}
