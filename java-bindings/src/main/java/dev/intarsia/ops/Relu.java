// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_relu_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_relu_forward;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_relu;

/**
 * {@code dst = max(src, 0)}, {@code diffSrc = diffDst} where {@code dst > 0}, else 0. dst may be
 * src, diffSrc may be diffDst.
 */
public final class Relu extends Operation {
  private final ActivationShape shape;
  private final ita_relu struct = onNative(ita_relu::new);
  private final Entry forward =
      entry("relu_forward", () -> ita_relu_forward(pointer(), this.struct), "src", "dst");

  private final Entry backwardData =
      entry(
          "relu_backward_data",
          () -> ita_relu_backward_data(pointer(), this.struct),
          "dst",
          "diffDst",
          "diffSrc");

  private Relu(Context context, ActivationShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
  }

  /** Returns an op that has nothing bound yet; N is how many images its tensors hold. */
  public static Relu bind(Context context, ActivationShape shape) {
    return new Relu(context, shape);
  }

  /** [N, C, H, W] activations; read by forward. */
  public Relu src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; written by forward, read by backwardData. */
  public Relu dst(Tensor dst) {
    activations("dst", dst, p -> struct.dst(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; read by backwardData. */
  public Relu diffDst(Tensor diffDst) {
    activations(
        "diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; written by backwardData. */
  public Relu diffSrc(Tensor diffSrc) {
    activations(
        "diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** Writes dst. */
  public void forward() {
    run(forward);
  }

  /** Writes diffSrc. */
  public void backwardData() {
    run(backwardData);
  }

  @Override
  void resize(int n) {
    ActivationShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
