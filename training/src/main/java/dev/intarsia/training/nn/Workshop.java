// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.Tensor;

/**
 * Where the layers of a net that are {@link MixedWeights} are floats for the time of a call: room
 * for the weights and the weight gradient of its largest layer, which they use in turn.
 */
final class Workshop implements AutoCloseable {
  private final Tensor weights;
  private final Tensor gradient;
  private MixedWeights holder; // whose weights are there

  /** Room for layers of up to {@code largest} weights. */
  Workshop(Context context, long largest) {
    weights = Tensor.plain(context, largest);
    gradient = Tensor.plain(context, largest);
  }

  /** Room for weights, under the dims of a layer. */
  Tensor weights(long[] dims) {
    return weights.view(dims);
  }

  /** Room for a gradient, under the dims of a layer. */
  Tensor gradient(long[] dims) {
    return gradient.view(dims);
  }

  /** Whether nobody has written weights since this layer did. */
  boolean holds(MixedWeights layer) {
    return holder == layer;
  }

  /** Notes whose weights are there now. */
  void hold(MixedWeights layer) {
    holder = layer;
  }

  @Override
  public void close() {
    weights.close();
    gradient.close();
  }
}
