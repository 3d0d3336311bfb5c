// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import java.util.Objects;

/**
 * What flows from one layer to the next, and its gradient. Borrowed by readers, owned by the layer
 * that made it.
 *
 * @param shape [N, C, H, W]; N is the most images a pass may have
 * @param value [N, C, H, W] activations
 * @param diff [N, C, H, W] activations, the gradient of the loss by {@code value}; null at the
 *     input of a net, where nobody asks for it
 */
public record Activation(ActivationShape shape, Tensor value, Tensor diff) {

  /** Checks that shape and value are there. */
  public Activation {
    Objects.requireNonNull(shape, "shape");
    Objects.requireNonNull(value, "value");
  }

  /** A new pair of tensors, zeroed. Whoever calls it closes it. */
  static Activation allocate(Context context, ActivationShape shape) {
    return new Activation(shape, tensor(context, shape), tensor(context, shape));
  }

  /** A new pair of tensors of as many images as this one has. */
  Activation allocateNext(int c, int h, int w) {
    return allocate(context(), new ActivationShape(shape.n(), c, h, w));
  }

  static Tensor tensor(Context context, ActivationShape shape) {
    return Tensor.activations(context, shape.n(), shape.c(), shape.h(), shape.w());
  }

  /** The same value with a gradient of its own, for a second reader. Whoever calls closes it. */
  Activation forked() {
    return new Activation(shape, value, tensor(context(), shape));
  }

  /** C * H * W: the inputs of a linear layer that reads this. Flattening moves no byte. */
  int features() {
    return Math.multiplyExact(shape.c(), Math.multiplyExact(shape.h(), shape.w()));
  }

  Context context() {
    return value.context();
  }

  void close() {
    value.close();
    if (diff != null) {
      diff.close();
    }
  }
}
