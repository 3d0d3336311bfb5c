// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_dropout_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_dropout_forward;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_dropout;

/**
 * Inverted dropout: an element is kept and scaled by {@code 1 / (1 - rate)}, or zero.
 *
 * <p>Which ones is a function of (seed, draw, image, element) alone, through Philox4x32-10 (Salmon
 * et al. 2011): the same in every layout and on every backend. dst may be src, diffSrc may be
 * diffDst.
 */
public final class Dropout extends Operation {
  private final ActivationShape shape;
  private final ita_dropout struct = onNative(ita_dropout::new);
  private final Entry forward =
      entry(
          "dropout_forward",
          () -> ita_dropout_forward(pointer(), this.struct),
          "rate",
          "seed",
          "draw",
          "src",
          "dst");

  private final Entry backwardData =
      entry(
          "dropout_backward_data",
          () -> ita_dropout_backward_data(pointer(), this.struct),
          "rate",
          "seed",
          "draw",
          "diffDst",
          "diffSrc");

  private Dropout(Context context, ActivationShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
    seed(0).draw(0);
  }

  /** Returns an op that has nothing bound yet; N is how many images its tensors hold. */
  public static Dropout bind(Context context, ActivationShape shape) {
    return new Dropout(context, shape);
  }

  /** Share of elements that become zero, 0 <= rate < 1. */
  public Dropout rate(float rate) {
    requireFraction("rate", rate);
    set("rate", rate, () -> struct.rate(rate));
    return this;
  }

  /** One per net. */
  public Dropout seed(long seed) {
    set("seed", seed, () -> struct.seed(seed));
    return this;
  }

  /** One per layer and step; forward and backwardData of a step share it. */
  public Dropout draw(long draw) {
    set("draw", draw, () -> struct.draw(draw));
    return this;
  }

  /** [N, C, H, W] activations; read by forward. */
  public Dropout src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; written by forward. */
  public Dropout dst(Tensor dst) {
    activations("dst", dst, p -> struct.dst(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; read by backwardData. */
  public Dropout diffDst(Tensor diffDst) {
    activations(
        "diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, C, H, W] activations; written by backwardData. */
  public Dropout diffSrc(Tensor diffSrc) {
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
