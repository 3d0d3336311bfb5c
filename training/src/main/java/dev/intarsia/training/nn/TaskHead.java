// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.DType;
import dev.intarsia.Tensor;
import java.util.Arrays;

/**
 * What heads have in common: features they borrow, weights of their own without bias, logits,
 * labels and a loss. A subclass computes the ones from the others.
 */
abstract class TaskHead implements Head {
  final Activation features;
  final Activation logits;
  final Parameter weights; // [classes, inputs]
  final Tensor labels; // [N], or [N, H*W]
  final Tensor loss; // [1]
  private final Tensor counts; // of answers, as a subclass counts them

  /**
   * Allocates, and draws the weights.
   *
   * @param name opens the name of the weights
   * @param inputs of one output
   * @param logits [N, classes, H, W] or [N, classes]; owned by the head
   * @param labels i32, one for each answer of a pass; owned by the head
   * @param counts i64, what counts answers; owned by the head
   */
  TaskHead(
      String name,
      Activation features,
      int inputs,
      Activation logits,
      CounterRandom random,
      Tensor labels,
      Tensor counts) {
    Context context = features.context();
    this.features = features;
    this.logits = logits;
    this.labels = labels;
    this.counts = counts;
    weights = Parameter.plain(context, name + ".weights", logits.shape().c(), inputs);
    weights.initialize(random);
    loss = Tensor.plain(context, DType.F32, 1);
  }

  /** Where answers are counted; owned by this head. */
  final Tensor counts() {
    return counts;
  }

  /** Reads what was counted, and starts anew. */
  final long[] takeCounts() {
    long[] taken = counts.downloadLongs();
    counts.zero();
    return taken;
  }

  @Override
  public final float readLoss() {
    return loss.download()[0];
  }

  @Override
  public final float[] readLogits(int count) {
    return Arrays.copyOf(logits.value().download(), count * logits.features());
  }

  @Override
  public final Activation logits() {
    return logits;
  }

  @Override
  public final Parameter weights() {
    return weights;
  }

  @Override
  public final void close() {
    weights.close();
    logits.close();
    labels.close();
    loss.close();
    counts.close();
  }
}
