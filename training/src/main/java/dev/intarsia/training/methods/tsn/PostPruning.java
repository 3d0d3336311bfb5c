// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.ops.MagnitudeThreshold;
import dev.intarsia.ops.MaskCut;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * Pruning after training, without gradients: layer by layer the smallest of the task's own weights
 * leave its mask, as long as the validation images do not mind. A weight that leaves is free again.
 *
 * <p>What counts is the accuracy through the task's mask beside one fixed reference, so that many
 * small losses cannot add up. A refusal puts the mask back bit for bit, and the layer is not asked
 * again.
 */
public final class PostPruning {
  private final int rounds;
  private final double fraction;
  private final double tolerance;

  /**
   * A pruning of every layer, at most once a round.
   *
   * @param fraction of a layer's own weights that go at once
   * @param tolerance accuracy it may cost in all
   */
  public PostPruning(int rounds, double fraction, double tolerance) {
    this.rounds = rounds;
    this.fraction = fraction;
    this.tolerance = tolerance;
  }

  /**
   * Prunes.
   *
   * @param accuracy of the net on validation images, through masks as they are
   * @return prunings that were accepted
   */
  public int apply(List<SharedLayer> layers, DoubleSupplier accuracy) {
    if (rounds == 0) {
      return 0;
    }
    double least = accuracy.getAsDouble() - tolerance;
    List<SharedLayer> willing = new ArrayList<>(layers);
    int accepted = 0;
    for (int round = 0; round < rounds && !willing.isEmpty(); round++) {
      for (SharedLayer layer : List.copyOf(willing)) {
        if (accepts(layer, least, accuracy)) {
          accepted++;
        } else {
          willing.remove(layer);
        }
      }
    }
    return accepted;
  }

  private boolean accepts(SharedLayer layer, double least, DoubleSupplier accuracy) {
    long dropped = (long) Math.rint(fraction * (layer.owned() - 1));
    if (dropped <= 0) {
      return false;
    }
    int[] before = layer.own().words();
    layer.setOwn(withoutSmallest(layer, 1 + dropped));
    if (accuracy.getAsDouble() >= least) {
      return true;
    }
    layer.setOwn(before);
    return false;
  }

  /** The published rule: what is smaller than the rank-th smallest goes, ties with it stay. */
  private static int[] withoutSmallest(SharedLayer layer, long rank) {
    Context context = layer.own().context();
    try (Tensor threshold = Tensor.plain(context, 1);
        Tensor counts = Tensor.plain(context, DType.I64, 2);
        Tensor kept = Tensor.plain(context, DType.I64, 1);
        Mask left = Mask.empty(context, layer.shape().rows(), layer.shape().cols())) {
      MagnitudeThreshold.bind(context, layer.shape())
          .values(layer.parameter().weights())
          .candidates(layer.own())
          .rank(rank)
          .threshold(threshold)
          .counts(counts)
          .select();
      MaskCut.bind(context, layer.shape())
          .values(layer.parameter().weights())
          .candidates(layer.own())
          .threshold(threshold)
          .ties(Ties.KEPT)
          .mask(left)
          .kept(kept)
          .apply();
      return left.words();
    }
  }
}
