// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_max_pool2d_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_max_pool2d_forward;

import dev.intarsia.Context;
import dev.intarsia.Pool2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_max_pool2d;

/**
 * Largest value of each window. Padding never wins. The gradient goes to the first largest value of
 * a window in row-major order.
 */
public final class MaxPool2d extends Operation {
  private final Pool2dShape shape;
  private final ita_max_pool2d struct = onNative(ita_max_pool2d::new);
  private final Entry forward =
      entry(
          "max_pool2d_forward", () -> ita_max_pool2d_forward(pointer(), this.struct), "src", "dst");

  private final Entry backwardData =
      entry(
          "max_pool2d_backward_data",
          () -> ita_max_pool2d_backward_data(pointer(), this.struct),
          "src",
          "diffDst",
          "diffSrc");

  private MaxPool2d(Context context, Pool2dShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
  }

  /** Returns an op that has nothing bound yet; N is how many images its tensors hold. */
  public static MaxPool2d bind(Context context, Pool2dShape shape) {
    return new MaxPool2d(context, shape);
  }

  /** [N, C, H, W] activations; read by forward and backwardData. */
  public MaxPool2d src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, OH, OW] activations; written by forward. */
  public MaxPool2d dst(Tensor dst) {
    activations("dst", dst, p -> struct.dst(p), shape.n(), shape.c(), shape.oh(), shape.ow());
    return this;
  }

  /** [N, C, OH, OW] activations; read by backwardData. */
  public MaxPool2d diffDst(Tensor diffDst) {
    activations(
        "diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.c(), shape.oh(), shape.ow());
    return this;
  }

  /** [N, C, H, W] activations; written by backwardData. */
  public MaxPool2d diffSrc(Tensor diffSrc) {
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
    Pool2dShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
