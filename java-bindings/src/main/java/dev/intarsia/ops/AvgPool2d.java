// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_avg_pool2d_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_avg_pool2d_forward;

import dev.intarsia.Context;
import dev.intarsia.Pool2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_avg_pool2d;

/** Mean of each window over the values inside the image; padding is not counted. */
public final class AvgPool2d extends Operation {
  private final Pool2dShape shape;
  private final ita_avg_pool2d struct = onNative(ita_avg_pool2d::new);
  private final Entry forward =
      entry(
          "avg_pool2d_forward", () -> ita_avg_pool2d_forward(pointer(), this.struct), "src", "dst");

  private final Entry backwardData =
      entry(
          "avg_pool2d_backward_data",
          () -> ita_avg_pool2d_backward_data(pointer(), this.struct),
          "diffDst",
          "diffSrc");

  private AvgPool2d(Context context, Pool2dShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
  }

  /** Returns an op that has nothing bound yet; N is how many images its tensors hold. */
  public static AvgPool2d bind(Context context, Pool2dShape shape) {
    return new AvgPool2d(context, shape);
  }

  /** [N, C, H, W] activations; read by forward. */
  public AvgPool2d src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, OH, OW] activations; written by forward. */
  public AvgPool2d dst(Tensor dst) {
    activations("dst", dst, p -> struct.dst(p), shape.n(), shape.c(), shape.oh(), shape.ow());
    return this;
  }

  /** [N, C, OH, OW] activations; read by backwardData. */
  public AvgPool2d diffDst(Tensor diffDst) {
    activations(
        "diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.c(), shape.oh(), shape.ow());
    return this;
  }

  /** [N, C, H, W] activations; written by backwardData. */
  public AvgPool2d diffSrc(Tensor diffSrc) {
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
