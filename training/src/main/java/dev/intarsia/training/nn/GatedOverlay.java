// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

/**
 * An adapter of a convolution, whose output is multiplied by gates and added to the convolution's:
 * {@code out = weights * in + gate . adapter(in)}. A gate holds for some consecutive output
 * channels. What all gates close is not launched.
 */
public sealed interface GatedOverlay extends Overlay permits BottleneckAdapter, FoldedAdapter {

  /** How many gates there are. */
  int gates();

  /**
   * Sets the gates of later passes; all are 1 at first.
   *
   * @param values [gates]
   */
  void gates(float[] values);

  /** Sets whether backward passes compute the gradient of the gates, closed ones included. */
  void learnGates(boolean learn);

  /**
   * The gradient of the gates after a backward pass that was to compute it.
   *
   * @return [gates], new
   */
  float[] gateGradient();

  /** Parameters of the adapter that serve a gate alone, or are its share of what serves all. */
  long parameterCount(int gate);

  /** The linear map that ends the adapter, whose output the gates multiply. */
  FoldedAdapter last();

  /**
   * Deletes what serves gates that stay closed: the weights become zeros, gradients are freed, and
   * nothing is trained any more.
   *
   * @param kept [gates]
   */
  void settle(boolean[] kept);
}
