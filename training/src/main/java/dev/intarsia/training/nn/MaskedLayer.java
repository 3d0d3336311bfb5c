// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

/** A layer whose weights tasks share: a convolution or a linear layer. */
public sealed interface MaskedLayer extends Layer permits Conv2d, Linear {

  /** The shared weights; owned by the layer. */
  Parameter weights();

  /** What the layer reads. */
  Activation in();

  /**
   * Lets passes use an overlay of the weights; {@link Network#overlay} is what methods call.
   *
   * @param overlay borrowed; null for the weights themselves
   */
  void overlay(Overlay overlay);
}
