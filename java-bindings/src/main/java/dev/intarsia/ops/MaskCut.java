// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_mask_cut_apply;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_mask_cut;

/**
 * Cuts a mask from magnitudes: one bit per candidate at or above a threshold, zero elsewhere.
 *
 * <p>{@link Ties} says what happens to values equal to the threshold; KEPT until it is set.
 */
public final class MaskCut extends Operation {
  private final PlaneShape shape;
  private final ita_mask_cut struct = onNative(ita_mask_cut::new);
  private final Entry apply =
      entry(
          "mask_cut_apply",
          () -> ita_mask_cut_apply(pointer(), this.struct),
          "values",
          "candidates?",
          "threshold",
          "ties",
          "keep",
          "mask",
          "kept");

  private MaskCut(Context context, PlaneShape shape) {
    super(context, 0);
    this.shape = shape;
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
    ties(Ties.KEPT).keep(0);
  }

  /** Returns an op that has nothing bound yet; the plane is that of the parameter. */
  public static MaskCut bind(Context context, PlaneShape shape) {
    return new MaskCut(context, shape);
  }

  /** [rows, cols]. */
  public MaskCut values(Tensor values) {
    plane("values", values, p -> struct.values(p), shape);
    return this;
  }

  /** Values that may get a bit, or null for all. */
  public MaskCut candidates(Mask candidates) {
    mask("candidates", candidates, p -> struct.candidates(p), shape);
    return this;
  }

  /** [1] F32 as {@link MagnitudeThreshold} writes it. */
  public MaskCut threshold(Tensor threshold) {
    values("threshold", threshold, p -> struct.threshold(p), 1);
    return this;
  }

  /** What becomes of values equal to the threshold. */
  public MaskCut ties(Ties ties) {
    set("ties", ties, () -> struct.ties(ties.ordinal()));
    return this;
  }

  /** Bits to set in all; read with {@link Ties#EXACT} only. */
  public MaskCut keep(long keep) {
    if (keep < 0 || keep > shape.elements()) {
      throw new IllegalArgumentException(
          name() + ": keep is " + keep + ", expected 0 .. " + shape.elements());
    }
    set("keep", keep, () -> struct.keep(keep));
    return this;
  }

  /** Written. */
  public MaskCut mask(Mask mask) {
    mask("mask", mask, p -> struct.mask(p), shape);
    return this;
  }

  /** [1] I64, written: bits set. */
  public MaskCut kept(Tensor kept) {
    longs("kept", kept, p -> struct.kept(p), 1);
    return this;
  }

  /** Writes mask and kept. */
  public void apply() {
    run(apply);
  }
}
