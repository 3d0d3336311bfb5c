// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_upsample2d_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_upsample2d_forward;

import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.Upsample2dShape;
import dev.intarsia.UpsampleMode;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_upsample2d;

/**
 * Larger images by whole factors, with half-pixel centres; {@link UpsampleMode#NEAREST} until set.
 */
public final class Upsample2d extends Operation {
  private final Upsample2dShape shape;
  private final ita_upsample2d struct = onNative(ita_upsample2d::new);
  private final Entry forward =
      entry(
          "upsample2d_forward", () -> ita_upsample2d_forward(pointer(), this.struct), "src", "dst");

  private final Entry backwardData =
      entry(
          "upsample2d_backward_data",
          () -> ita_upsample2d_backward_data(pointer(), this.struct),
          "diffDst",
          "diffSrc");

  private Upsample2d(Context context, Upsample2dShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
    mode(UpsampleMode.NEAREST);
  }

  /** Returns an op that has nothing bound yet; N is how many images its tensors hold. */
  public static Upsample2d bind(Context context, Upsample2dShape shape) {
    return new Upsample2d(context, shape);
  }

  /** How pixels of the result are found. */
  public Upsample2d mode(UpsampleMode mode) {
    set("mode", mode, () -> struct.mode(mode.ordinal()));
    return this;
  }

  /** [N, C, H, W] activations; read by forward. */
  public Upsample2d src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, OH, OW] activations; written by forward. */
  public Upsample2d dst(Tensor dst) {
    activations("dst", dst, p -> struct.dst(p), shape.n(), shape.c(), shape.oh(), shape.ow());
    return this;
  }

  /** [N, C, OH, OW] activations; read by backwardData. */
  public Upsample2d diffDst(Tensor diffDst) {
    activations(
        "diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.c(), shape.oh(), shape.ow());
    return this;
  }

  /** [N, C, H, W] activations; written by backwardData. */
  public Upsample2d diffSrc(Tensor diffSrc) {
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
    Upsample2dShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
