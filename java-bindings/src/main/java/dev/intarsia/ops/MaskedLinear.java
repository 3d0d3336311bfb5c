// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_masked_linear_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_masked_linear_backward_weights;
import static dev.intarsia.internal.ffi.Ita.ita_masked_linear_forward;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_masked_linear;

/**
 * Matrix product through a {@link Mask}: {@code dst = src (weights . mask)^T + bias}.
 *
 * <p>The rules of {@link MaskedConv2d} hold. Activations [N, C, H, W] serve as [N, C * H * W].
 */
public final class MaskedLinear extends Operation {
  private final LinearShape shape;
  private final ita_masked_linear struct = onNative(ita_masked_linear::new);
  private final Entry forward =
      entry(
          "masked_linear_forward",
          () -> ita_masked_linear_forward(pointer(), this.struct),
          "weights",
          "mask?",
          "bias?",
          "src",
          "dst");

  private final Entry backwardData =
      entry(
          "masked_linear_backward_data",
          () -> ita_masked_linear_backward_data(pointer(), this.struct),
          "weights",
          "mask?",
          "diffDst",
          "diffSrc");

  private final Entry backwardWeights =
      entry(
          "masked_linear_backward_weights",
          () -> ita_masked_linear_backward_weights(pointer(), this.struct),
          "mask?",
          "src",
          "diffDst",
          "diffWeights",
          "diffBias?");

  private MaskedLinear(Context context, LinearShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
  }

  /** Returns an op that has nothing bound yet; N is how many rows its tensors hold. */
  public static MaskedLinear bind(Context context, LinearShape shape) {
    return new MaskedLinear(context, shape);
  }

  /** [O, I]; read by forward and backwardData. */
  public MaskedLinear weights(Tensor weights) {
    values("weights", weights, p -> struct.weights(p), shape.o(), shape.i());
    return this;
  }

  /** Null for all weights; read by all. */
  public MaskedLinear mask(Mask mask) {
    mask("mask", mask, p -> struct.mask(p), new PlaneShape(shape.o(), shape.reductionLength()));
    return this;
  }

  /** [O] or null; read by forward. */
  public MaskedLinear bias(Tensor bias) {
    values("bias", bias, p -> struct.bias(p), shape.o());
    return this;
  }

  /** [N, I] activations; read by forward and backwardWeights. */
  public MaskedLinear src(Tensor src) {
    rows("src", src, p -> struct.src(p), shape.n(), shape.i());
    return this;
  }

  /** [N, O] activations; written by forward. */
  public MaskedLinear dst(Tensor dst) {
    rows("dst", dst, p -> struct.dst(p), shape.n(), shape.o());
    return this;
  }

  /** [N, O] activations; read by backwardData and backwardWeights. */
  public MaskedLinear diffDst(Tensor diffDst) {
    rows("diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.o());
    return this;
  }

  /** [N, I] activations; written by backwardData. */
  public MaskedLinear diffSrc(Tensor diffSrc) {
    rows("diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.i());
    return this;
  }

  /** [O, I]; added to by backwardWeights. */
  public MaskedLinear diffWeights(Tensor diffWeights) {
    values("diffWeights", diffWeights, p -> struct.diff_weights(p), shape.o(), shape.i());
    return this;
  }

  /** [O] or null; added to by backwardWeights. */
  public MaskedLinear diffBias(Tensor diffBias) {
    values("diffBias", diffBias, p -> struct.diff_bias(p), shape.o());
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

  /** Adds to diffWeights and diffBias. */
  public void backwardWeights() {
    run(backwardWeights);
  }

  @Override
  void resize(int n) {
    LinearShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
