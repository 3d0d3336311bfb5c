// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_masked_linear_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_masked_linear_backward_weights;
import static dev.intarsia.internal.ffi.Ita.ita_masked_linear_forward;
import static dev.intarsia.internal.ffi.Ita.ita_masked_linear_pack;

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
 *
 * <p>Weights that stay as they are, those of a finished task, can be packed once: bind {@link
 * #packed}, call {@link #pack}, and forward reads them in the order it likes best, with the same
 * bits as result. Whoever changes weights or mask packs again.
 */
public final class MaskedLinear extends Operation {
  private final LinearShape shape;
  private final ita_masked_linear struct = onNative(ita_masked_linear::new);
  private final Entry pack =
      entry(
          "masked_linear_pack",
          () -> ita_masked_linear_pack(pointer(), this.struct),
          "weights",
          "mask?",
          "packed?",
          "packedTransposed?");

  private final Entry forward =
      entry(
          "masked_linear_forward",
          () -> ita_masked_linear_forward(pointer(), this.struct),
          "weights",
          "mask?",
          "packed?",
          "bias?",
          "src",
          "dst");

  private final Entry backwardData =
      entry(
          "masked_linear_backward_data",
          () -> ita_masked_linear_backward_data(pointer(), this.struct),
          "weights",
          "mask?",
          "packedTransposed?",
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

  private final Entry splitWeights =
      entry(
          "masked_linear_backward_weights",
          () -> ita_masked_linear_backward_weights(pointer(), this.struct),
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

  private MaskedLinear(Context context, LinearShape shape) {
    super(context, shape.n());
    this.shape = shape;
    epilogue =
        new GradientEpilogue(
            this,
            "masked_linear_backward_weights",
            () -> struct.epilogue(),
            new PlaneShape(shape.o(), shape.reductionLength()));
    resize(shape.n());
  }

  /** Returns an op that has nothing bound yet; N is how many rows its tensors hold. */
  public static MaskedLinear bind(Context context, LinearShape shape) {
    return new MaskedLinear(context, shape);
  }

  /** [O, I]; read by forward, backwardData and a backwardWeights that splits. */
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

  /** Returns how many values {@link #packed} holds. */
  public long packedLength() {
    return packedLength(shape.o(), shape.i());
  }

  /** Returns how many values {@link #packedTransposed} holds. */
  public long packedTransposedLength() {
    return packedLength(shape.i(), shape.o());
  }

  private static long packedLength(long rows, long terms) {
    return 16 + (rows + 16) / 16 * 16 * (terms + 2);
  }

  /**
   * [packedLength] or null, the default; written by {@link #pack}, read by forward in place of
   * weights and mask. A context on CUDA and the reference leave it alone.
   */
  public MaskedLinear packed(Tensor packed) {
    values("packed", packed, p -> struct.packed(p), packedLength());
    return this;
  }

  /** [packedTransposedLength] or null; what packed is for forward, this is for backwardData. */
  public MaskedLinear packedTransposed(Tensor packed) {
    values("packedTransposed", packed, p -> struct.packed_transposed(p), packedTransposedLength());
    return this;
  }

  /**
   * Writes packed and packedTransposed, where they are bound, from weights and mask. Until the next
   * pack, forward and backwardData see neither change.
   */
  public void pack() {
    run(pack);
  }

  /** [O, I] or null for a sign of 1; read with diffScores, as {@link ScoreEpilogue} does. */
  public MaskedLinear scores(Tensor scores) {
    epilogue.scores(scores);
    return this;
  }

  /** Weights of earlier tasks, or null for none; zeroes diffWeights there. */
  public MaskedLinear frozen(Mask frozen) {
    epilogue.frozen(frozen);
    return this;
  }

  /** Weights that have a score, or null for all; zeroes diffScores elsewhere. */
  public MaskedLinear candidates(Mask candidates) {
    epilogue.candidates(candidates);
    return this;
  }

  /** [O, I] or null; written by backwardWeights: {@code g . weights . sign(scores)}. */
  public MaskedLinear diffScores(Tensor diffScores) {
    epilogue.diffScores(diffScores);
    return this;
  }

  /** [O, I] or null; written by backwardWeights: {@code g . weights}. */
  public MaskedLinear diffKernels(Tensor diffKernels) {
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
    LinearShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
