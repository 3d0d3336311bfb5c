// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.ops.MagnitudeThreshold;
import dev.intarsia.ops.MaskCut;

/**
 * One real number per weight, from whose magnitudes the visible mask of a {@link Parameter} is cut:
 * the largest {@code keep} of them, ties with the threshold included. Scores are learned with the
 * weights through the straight-through estimator (Kang et al. 2022, <em>Forget-free Continual
 * Learning with Winning Subnetworks</em>, eq. 5).
 */
public final class Scores implements AutoCloseable {
  private final String name;
  private final Tensor values;
  private final Tensor gradient;
  private final Tensor threshold;
  private final Tensor counts;
  private final Tensor kept;
  private final MagnitudeThreshold select;
  private final MaskCut cut;

  Scores(Parameter parameter, double keep, float[] initial) {
    if (!(keep > 0 && keep <= 1)) {
      throw new IllegalArgumentException(
          "keep is " + keep + ", must be above 0 and at most 1; 0.5 keeps half of the weights");
    }
    Context context = parameter.context();
    PlaneShape shape = new PlaneShape(parameter.rows(), parameter.cols());
    name = parameter.name();
    values = Tensor.plain(context, DType.F32, parameter.dims());
    values.upload(initial);
    gradient = Tensor.plain(context, DType.F32, parameter.dims());
    threshold = Tensor.plain(context, DType.F32, 1);
    counts = Tensor.plain(context, DType.I64, 2);
    kept = Tensor.plain(context, DType.I64, 1);
    select =
        MagnitudeThreshold.bind(context, shape)
            .values(values)
            .rank(rank(keep, parameter.count()))
            .threshold(threshold)
            .counts(counts);
    cut =
        MaskCut.bind(context, shape)
            .values(values)
            .threshold(threshold)
            .ties(Ties.KEPT)
            .mask(parameter.visible())
            .kept(kept);
  }

  /**
   * Which smallest magnitude is the threshold, from 1: the published rule {@code 1 + round(0.01 *
   * (100 * s) * (count - 1))} with sparsity {@code s = 1 - keep}, halves to even.
   */
  static long rank(double keep, long count) {
    return 1 + (long) Math.rint(0.01 * ((1 - keep) * 100) * (count - 1));
  }

  /** Cuts the parameter's visible mask from the scores as they are now. */
  public void cutMask() {
    try {
      select.select();
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException("the scores of " + name + " diverged: " + e.getMessage(), e);
    }
    cut.apply();
  }

  /** [rows, cols], in the dims of the weights; owned by the parameter. */
  public Tensor values() {
    return values;
  }

  /** Of the same dims; owned by the parameter. */
  public Tensor gradient() {
    return gradient;
  }

  @Override
  public void close() {
    values.close();
    gradient.close();
    threshold.close();
    counts.close();
    kept.close();
  }
}
