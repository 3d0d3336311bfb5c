// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_codebook_conv2d_backward_data;
import static dev.intarsia.internal.ffi.Ita.ita_codebook_conv2d_forward;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_codebook_conv2d;

/**
 * Convolution with weights as {@link Codes}, a plane [O, I*KH*KW]: {@code dst = conv2d(src,
 * weights) + bias}, where a weight is the centre of its code in its source's codebook, or 0 outside
 * the mask.
 *
 * <p>Several tasks own weights of one layer, each with its own codebook. The source of a weight is
 * the last {@code s >= 1} whose plane has its bit, else 0. Planes are in {@link PanelOrder}.
 */
public final class CodebookConv2d extends Operation {
  /** Most codebooks of a layer. */
  public static final int MAX_SOURCES = CodedWeights.MAX_SOURCES;

  private final Conv2dShape shape;
  private final CodedWeights weights;
  private final ita_codebook_conv2d struct = onNative(ita_codebook_conv2d::new);
  private final Entry forward;
  private final Entry backwardData;

  private CodebookConv2d(Context context, Conv2dShape shape, int bits, int sources) {
    super(context, shape.n());
    this.shape = shape;
    PlaneShape plane = new PlaneShape(shape.o(), shape.reductionLength());
    weights = new CodedWeights(this, () -> struct.weights(), plane, bits, sources);
    String owners = CodedWeights.ownersOf(sources);
    forward =
        entry(
            "codebook_conv2d_forward",
            () -> ita_codebook_conv2d_forward(pointer(), struct),
            "codes",
            "codebooks",
            owners,
            "mask?",
            "bias?",
            "src",
            "dst");
    backwardData =
        entry(
            "codebook_conv2d_backward_data",
            () -> ita_codebook_conv2d_backward_data(pointer(), struct),
            "codes",
            "codebooks",
            owners,
            "mask?",
            "diffDst",
            "diffSrc");
    resize(shape.n());
    exact(false);
  }

  /**
   * Returns an op that has nothing bound yet; N is how many images its tensors hold.
   *
   * @param bits of a code, 1 to 8
   * @param sources codebooks of the layer, 1 to 255
   */
  public static CodebookConv2d bind(Context context, Conv2dShape shape, int bits, int sources) {
    return new CodebookConv2d(context, shape, bits, sources);
  }

  /** [O, I*KH*KW] of the op's bits. */
  public CodebookConv2d codes(Codes codes) {
    weights.codes(codes);
    return this;
  }

  /** [sources, 2^bits]. */
  public CodebookConv2d codebooks(Tensor codebooks) {
    weights.codebooks(codebooks);
    return this;
  }

  /** The planes of sources 1, 2, ... one after the other, in panel order; null for one source. */
  public CodebookConv2d owners(Mask owners) {
    weights.owners(owners);
    return this;
  }

  /** In panel order; null for all weights. */
  public CodebookConv2d mask(Mask mask) {
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
  public CodebookConv2d masks(Mask planes, int count) {
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
  public CodebookConv2d maskOf(int... planes) {
    weights.maskOf(planes);
    return this;
  }

  /** [O] or null; read by forward. */
  public CodebookConv2d bias(Tensor bias) {
    values("bias", bias, p -> struct.bias(p), shape.o());
    return this;
  }

  /** [N, C, H, W] activations; read by forward. */
  public CodebookConv2d src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, O, OH, OW] activations; written by forward. */
  public CodebookConv2d dst(Tensor dst) {
    activations("dst", dst, p -> struct.dst(p), shape.n(), shape.o(), shape.oh(), shape.ow());
    return this;
  }

  /** [N, O, OH, OW] activations; read by backwardData. */
  public CodebookConv2d diffDst(Tensor diffDst) {
    activations(
        "diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.o(), shape.oh(), shape.ow());
    return this;
  }

  /** [N, C, H, W] activations; written by backwardData. */
  public CodebookConv2d diffSrc(Tensor diffSrc) {
    activations(
        "diffSrc", diffSrc, p -> struct.diff_src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /**
   * With true, only sums of products are taken: relative error 2e-6 instead of 1e-5, as in {@link
   * MaskedConv2d#exact}.
   */
  public CodebookConv2d exact(boolean exact) {
    set("exact", exact, () -> struct.exact(exact ? 1 : 0));
    return this;
  }

  /** Writes dst. */
  public void forward() {
    weights.takeMasks();
    run(forward);
  }

  /** Writes diffSrc. */
  public void backwardData() {
    weights.requireOneMask("codebook_conv2d_backward_data");
    run(backwardData);
  }

  @Override
  void resize(int n) {
    Conv2dShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
