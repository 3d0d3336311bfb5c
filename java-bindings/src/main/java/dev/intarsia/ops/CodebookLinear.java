// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_codebook_linear_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_codebook_linear_forward;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_codebook_linear;

/**
 * Matrix product with weights as {@link Codes}, decoded in registers: {@code dst = src weights^T +
 * bias}, where a weight is the centre of its code in its source's codebook, or 0 outside the mask.
 *
 * <p>Several tasks own weights of one layer, each with its own codebook. The source of a weight is
 * the last {@code s >= 1} whose plane has its bit, else 0. Planes are in {@link PanelOrder}.
 */
public final class CodebookLinear extends Operation {
  /** Most codebooks of a layer. */
  public static final int MAX_SOURCES = CodedWeights.MAX_SOURCES;

  private final LinearShape shape;
  private final CodedWeights weights;
  private final ita_codebook_linear struct = onNative(ita_codebook_linear::new);
  private final Entry forward;
  private final Entry backwardData;

  private CodebookLinear(Context context, LinearShape shape, int bits, int sources) {
    super(context, shape.n());
    this.shape = shape;
    PlaneShape plane = new PlaneShape(shape.o(), shape.i());
    weights = new CodedWeights(this, () -> struct.weights(), plane, bits, sources);
    String owners = CodedWeights.ownersOf(sources);
    forward =
        entry(
            "codebook_linear_forward",
            () -> ita_codebook_linear_forward(pointer(), struct),
            "codes",
            "codebooks",
            owners,
            "mask?",
            "bias?",
            "src",
            "dst");
    backwardData =
        entry(
            "codebook_linear_backward_data",
            () -> ita_codebook_linear_backward_data(pointer(), struct),
            "codes",
            "codebooks",
            owners,
            "mask?",
            "diffDst",
            "diffSrc");
    resize(shape.n());
  }

  /**
   * Returns an op that has nothing bound yet; N is how many rows its tensors hold.
   *
   * @param bits of a code, 1 to 8
   * @param sources codebooks of the layer, 1 to 255
   */
  public static CodebookLinear bind(Context context, LinearShape shape, int bits, int sources) {
    return new CodebookLinear(context, shape, bits, sources);
  }

  /** [O, I] of the op's bits. */
  public CodebookLinear codes(Codes codes) {
    weights.codes(codes);
    return this;
  }

  /** [sources, 2^bits]. */
  public CodebookLinear codebooks(Tensor codebooks) {
    weights.codebooks(codebooks);
    return this;
  }

  /** The planes of sources 1, 2, ... one after the other, in panel order; null for one source. */
  public CodebookLinear owners(Mask owners) {
    weights.owners(owners);
    return this;
  }

  /** In panel order; null for all weights. */
  public CodebookLinear mask(Mask mask) {
    weights.mask(mask);
    return this;
  }

  /**
   * The masks of several tasks, in place of {@link #mask}: {@link #forward} lets each block of
   * images obey the one that {@link #maskOf} names. The bits are those of calls for one task each.
   *
   * @param planes one after the other, each in panel order: rows are those of {@code count} masks
   * @param count of planes, at least 1
   */
  public CodebookLinear masks(Mask planes, int count) {
    weights.masks(planes, count);
    return this;
  }

  /**
   * Which plane of {@link #masks} images obey; copied.
   *
   * @param planes one for all images, or one for each block of sixteen images (each image where
   *     they are row-major, see {@link dev.intarsia.Layout#block}); more than the batch has may be
   *     given
   */
  public CodebookLinear maskOf(int... planes) {
    weights.maskOf(planes);
    return this;
  }

  /** [O] or null; read by forward. */
  public CodebookLinear bias(Tensor bias) {
    values("bias", bias, p -> struct.bias(p), shape.o());
    return this;
  }

  /** [N, I] activations; read by forward. */
  public CodebookLinear src(Tensor src) {
    rows("src", src, p -> struct.src(p), shape.n(), shape.i());
    return this;
  }

  /** [N, O] activations; written by forward. */
  public CodebookLinear dst(Tensor dst) {
    rows("dst", dst, p -> struct.dst(p), shape.n(), shape.o());
    return this;
  }

  /** [N, O] activations; read by backwardData. */
  public CodebookLinear diffDst(Tensor diffDst) {
    rows("diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.o());
    return this;
  }

  /** [N, I] activations; written by backwardData. */
  public CodebookLinear diffSrc(Tensor diffSrc) {
    rows("diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.i());
    return this;
  }

  /** Writes dst. */
  public void forward() {
    weights.takeMasks();
    run(forward);
  }

  /** Writes diffSrc. */
  public void backwardData() {
    weights.requireOneMask("codebook_linear_backward_data");
    run(backwardData);
  }

  @Override
  void resize(int n) {
    LinearShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
