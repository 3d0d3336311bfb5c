// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_masked_conv2d_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_masked_conv2d_backward_weights;
import static dev.intarsia.internal.ffi.Ita.ita_masked_conv2d_explain;
import static dev.intarsia.internal.ffi.Ita.ita_masked_conv2d_forward;

import dev.intarsia.Context;
import dev.intarsia.Conv2dAlgorithm;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Direction;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeDevice;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_masked_conv2d;
import org.bytedeco.javacpp.BytePointer;

/**
 * Convolution through a {@link Mask}: {@code dst = conv2d(src, weights . mask) + bias}.
 *
 * <p>Weights outside the mask are never read for their value. {@link #backwardWeights} adds to the
 * gradient of weights inside the mask only; without a mask it adds to all. With {@link #diffScores}
 * or {@link #diffKernels} it needs no dense gradient in memory: it splits it on the way.
 */
public final class MaskedConv2d extends Operation {
  private final Conv2dShape shape;
  private final ita_masked_conv2d struct = onNative(ita_masked_conv2d::new);
  private final Entry forward =
      entry(
          "masked_conv2d_forward",
          () -> ita_masked_conv2d_forward(pointer(), this.struct),
          "weights",
          "mask?",
          "bias?",
          "src",
          "dst");

  private final Entry backwardData =
      entry(
          "masked_conv2d_backward_data",
          () -> ita_masked_conv2d_backward_data(pointer(), this.struct),
          "weights",
          "mask?",
          "diffDst",
          "diffSrc");

  private final Entry backwardWeights =
      entry(
          "masked_conv2d_backward_weights",
          () -> ita_masked_conv2d_backward_weights(pointer(), this.struct),
          "mask?",
          "src",
          "diffDst",
          "diffWeights",
          "diffBias?");

  private final Entry splitWeights =
      entry(
          "masked_conv2d_backward_weights",
          () -> ita_masked_conv2d_backward_weights(pointer(), this.struct),
          "weights",
          "mask?",
          "src",
          "diffDst",
          "scores?",
          "frozen?",
          "candidates?",
          "diffWeights?",
          "diffScores?",
          "diffKernels?",
          "diffBias?");

  private final GradientEpilogue epilogue;

  private MaskedConv2d(Context context, Conv2dShape shape) {
    super(context, shape.n());
    this.shape = shape;
    epilogue =
        new GradientEpilogue(
            this,
            "masked_conv2d_backward_weights",
            () -> struct.epilogue(),
            new PlaneShape(shape.o(), shape.reductionLength()));
    resize(shape.n());
    exact(false).algorithm(Conv2dAlgorithm.AUTO);
  }

  /** Returns an op that has nothing bound yet; N is how many images its tensors hold. */
  public static MaskedConv2d bind(Context context, Conv2dShape shape) {
    return new MaskedConv2d(context, shape);
  }

  /** [O, I, KH, KW]; read by forward, backwardData and a backwardWeights that splits. */
  public MaskedConv2d weights(Tensor weights) {
    values(
        "weights", weights, p -> struct.weights(p), shape.o(), shape.i(), shape.kh(), shape.kw());
    return this;
  }

  /** Null for all weights; read by all. */
  public MaskedConv2d mask(Mask mask) {
    mask("mask", mask, p -> struct.mask(p), new PlaneShape(shape.o(), shape.reductionLength()));
    return this;
  }

  /** [O] or null; read by forward. */
  public MaskedConv2d bias(Tensor bias) {
    values("bias", bias, p -> struct.bias(p), shape.o());
    return this;
  }

  /** [N, C, H, W] activations; read by forward and backwardWeights. */
  public MaskedConv2d src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, O, OH, OW] activations; written by forward. */
  public MaskedConv2d dst(Tensor dst) {
    activations("dst", dst, p -> struct.dst(p), shape.n(), shape.o(), shape.oh(), shape.ow());
    return this;
  }

  /** [N, O, OH, OW] activations; read by backwardData and backwardWeights. */
  public MaskedConv2d diffDst(Tensor diffDst) {
    activations(
        "diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.o(), shape.oh(), shape.ow());
    return this;
  }

  /** [N, C, H, W] activations; written by backwardData. */
  public MaskedConv2d diffSrc(Tensor diffSrc) {
    activations(
        "diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [O, I, KH, KW]; added to by backwardWeights. */
  public MaskedConv2d diffWeights(Tensor diffWeights) {
    values(
        "diffWeights",
        diffWeights,
        p -> struct.diff_weights(p),
        shape.o(),
        shape.i(),
        shape.kh(),
        shape.kw());
    return this;
  }

  /** [O] or null; added to by backwardWeights. */
  public MaskedConv2d diffBias(Tensor diffBias) {
    values("diffBias", diffBias, p -> struct.diff_bias(p), shape.o());
    return this;
  }

  /**
   * With true, {@link Conv2dAlgorithm#AUTO} takes sums of products only: relative error 2e-6
   * instead of 1e-5.
   */
  public MaskedConv2d exact(boolean exact) {
    set("exact", exact, () -> struct.exact(exact ? 1 : 0));
    return this;
  }

  /** Forces an algorithm, for tests and measurements; the default is AUTO. */
  public MaskedConv2d algorithm(Conv2dAlgorithm algorithm) {
    set("algorithm", algorithm, () -> struct.algorithm(algorithm.ordinal()));
    return this;
  }

  /** Returns in one line what a direction would do and why; computes nothing. */
  public String explain(Direction direction) {
    if (!(context().device() instanceof NativeDevice device)) {
      return "reference: plain loops, the definition";
    }
    try (BytePointer text = new BytePointer(512)) {
      device.check(
          ita_masked_conv2d_explain(pointer(), struct, direction.ordinal(), text, text.capacity()),
          "masked_conv2d_explain");
      return text.limit(BytePointer.strlen(text)).getString();
    }
  }

  /**
   * [O, I, KH, KW] or null for a sign of 1; read with diffScores, as {@link ScoreEpilogue} does.
   */
  public MaskedConv2d scores(Tensor scores) {
    epilogue.scores(scores);
    return this;
  }

  /** Weights of earlier tasks, or null for none; zeroes diffWeights there. */
  public MaskedConv2d frozen(Mask frozen) {
    epilogue.frozen(frozen);
    return this;
  }

  /** Weights that have a score, or null for all; zeroes diffScores elsewhere. */
  public MaskedConv2d candidates(Mask candidates) {
    epilogue.candidates(candidates);
    return this;
  }

  /** [O, I, KH, KW] or null; written by backwardWeights: {@code g . weights . sign(scores)}. */
  public MaskedConv2d diffScores(Tensor diffScores) {
    epilogue.diffScores(diffScores);
    return this;
  }

  /** [O, I] or null; written by backwardWeights: the sum of {@code g . weights} of each kernel. */
  public MaskedConv2d diffKernels(Tensor diffKernels) {
    epilogue.diffKernels(diffKernels, shape.i());
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

  /**
   * Adds to diffWeights and diffBias. With diffScores or diffKernels set it reads the weights too,
   * splits the dense gradient before it is stored, and <em>writes</em> diffWeights (inside the mask
   * and not frozen, zero elsewhere; may be null), diffScores and diffKernels; diffBias is added to.
   */
  public void backwardWeights() {
    run(epilogue.isSet() ? splitWeights : backwardWeights);
  }

  @Override
  void resize(int n) {
    Conv2dShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
