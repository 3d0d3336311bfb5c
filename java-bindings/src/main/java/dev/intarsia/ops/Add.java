// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_add_forward;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_add;

/**
 * {@code dst = src + addend}: the residual connection, and the sum of two gradients. dst may be
 * either.
 */
public final class Add extends Operation {
  private final ActivationShape shape;
  private final ita_add struct = onNative(ita_add::new);
  private final Entry forward =
      entry("add_forward", () -> ita_add_forward(pointer(), this.struct), "src", "addend", "dst");

  private Add(Context context, ActivationShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
  }

  /** Returns an op that has nothing bound yet; N is how many images its tensors hold. */
  public static Add bind(Context context, ActivationShape shape) {
    return new Add(context, shape);
  }

  /** [N, C, H, W] activations. */
  public Add src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations. */
  public Add addend(Tensor addend) {
    activations(
        "addend", addend, p -> struct.addend(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; written. */
  public Add dst(Tensor dst) {
    activations("dst", dst, p -> struct.dst(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** Writes dst. */
  public void forward() {
    run(forward);
  }

  @Override
  void resize(int n) {
    ActivationShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
