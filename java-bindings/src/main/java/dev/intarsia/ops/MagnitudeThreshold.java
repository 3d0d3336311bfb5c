// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_magnitude_threshold_select;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_magnitude_threshold;

/**
 * The rank-th smallest of |values| over the candidates: an order statistic, exact and independent
 * of the order of elements.
 */
public final class MagnitudeThreshold extends Operation {
  private final PlaneShape shape;
  private final ita_magnitude_threshold struct = onNative(ita_magnitude_threshold::new);
  private final Entry select =
      entry(
          "magnitude_threshold_select",
          () -> ita_magnitude_threshold_select(pointer(), this.struct),
          "values",
          "candidates?",
          "rank",
          "threshold",
          "counts");

  private MagnitudeThreshold(Context context, PlaneShape shape) {
    super(context, 0);
    this.shape = shape;
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
  }

  /** Returns an op that has nothing bound yet; the plane is that of the parameter. */
  public static MagnitudeThreshold bind(Context context, PlaneShape shape) {
    return new MagnitudeThreshold(context, shape);
  }

  /** [rows, cols]. */
  public MagnitudeThreshold values(Tensor values) {
    plane("values", values, p -> struct.values(p), shape);
    return this;
  }

  /** Values that take part, or null for all. */
  public MagnitudeThreshold candidates(Mask candidates) {
    mask("candidates", candidates, p -> struct.candidates(p), shape);
    return this;
  }

  /** Which of the candidates, in rising order; counts from 1. */
  public MagnitudeThreshold rank(long rank) {
    if (rank < 1 || rank > shape.elements()) {
      throw new IllegalArgumentException(
          name() + ": rank is " + rank + ", expected 1 .. " + shape.elements());
    }
    set("rank", rank, () -> struct.rank(rank));
    return this;
  }

  /** [1] F32, written. */
  public MagnitudeThreshold threshold(Tensor threshold) {
    values("threshold", threshold, p -> struct.threshold(p), 1);
    return this;
  }

  /** [2] I64, written: candidates below the threshold, candidates equal to it. */
  public MagnitudeThreshold counts(Tensor counts) {
    longs("counts", counts, p -> struct.counts(p), 2);
    return this;
  }

  /**
   * Writes threshold and counts.
   *
   * @throws IllegalArgumentException for a NaN among the candidates and for a rank beyond them
   */
  public void select() {
    run(select);
  }
}
