// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.ops.MagnitudeThreshold;
import dev.intarsia.ops.MaskCut;
import dev.intarsia.training.nn.Parameter;

/**
 * Selects the smallest weights among some of a parameter's: all whose magnitude is at most the
 * {@code round(fraction * count)}-th smallest (halves to even), ties included.
 */
final class MagnitudePruning implements AutoCloseable {
  private final Parameter parameter;
  private final Mask candidates;
  private final Mask kept;
  private final Tensor threshold;
  private final Tensor counts;
  private final Tensor keptCount;

  /**
   * Allocates what one selection needs.
   *
   * @param candidateWords mask words of the weights that may be removed
   */
  MagnitudePruning(Parameter parameter, int[] candidateWords) {
    Context context = parameter.weights().context();
    this.parameter = parameter;
    candidates = Mask.of(context, parameter.rows(), parameter.cols(), candidateWords);
    kept = Mask.of(context, parameter.rows(), parameter.cols(), candidateWords);
    threshold = Tensor.plain(context, DType.F32, 1);
    counts = Tensor.plain(context, DType.I64, 2);
    keptCount = Tensor.plain(context, DType.I64, 1);
  }

  void apply(double fraction) {
    long rank = (long) Math.rint(fraction * candidates.cardinality());
    if (rank == 0) {
      return; // too few candidates to remove any
    }
    Context context = parameter.weights().context();
    PlaneShape shape = new PlaneShape(parameter.rows(), parameter.cols());
    MagnitudeThreshold.bind(context, shape)
        .values(parameter.weights())
        .candidates(candidates)
        .rank(rank)
        .threshold(threshold)
        .counts(counts)
        .select();
    MaskCut.bind(context, shape)
        .values(parameter.weights())
        .candidates(candidates)
        .threshold(threshold)
        .ties(Ties.DROPPED)
        .mask(kept)
        .kept(keptCount)
        .apply();
  }

  /** [rows, cols], the candidates that stay; closed with this. */
  Mask kept() {
    return kept;
  }

  @Override
  public void close() {
    candidates.close();
    kept.close();
    threshold.close();
    counts.close();
    keptCount.close();
  }
}
