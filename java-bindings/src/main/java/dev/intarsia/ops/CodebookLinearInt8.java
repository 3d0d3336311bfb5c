// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ITA_INT8_MOST_INPUTS;
import static dev.intarsia.internal.ffi.Ita.ita_codebook_linear_int8_forward;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_codebook_linear_int8;

/**
 * {@link CodebookLinear} with both factors rounded to signed bytes, in return for speed: each image
 * by its own largest magnitude, the centres by that of all codebooks. What is added up are
 * integers, so that every implementation finds the same sums. The result is off by about a
 * hundredth of its size, see docs/ops/codebook_linear_int8.md; training wants the exact op.
 *
 * <p>An image with a value that is not finite is NaN; so is everything, if a centre is not.
 */
public final class CodebookLinearInt8 extends Operation {
  /** Most inputs of a layer: sums of more products might not fit 32 bits. */
  public static final int MAX_INPUTS = ITA_INT8_MOST_INPUTS;

  private final LinearShape shape;
  private final PlaneShape plane;
  private final int bits;
  private final int sources;
  private final ita_codebook_linear_int8 struct = onNative(ita_codebook_linear_int8::new);
  private final Entry forward;

  private CodebookLinearInt8(Context context, LinearShape shape, int bits, int sources) {
    super(context, shape.n());
    if (bits < 1 || bits > Codes.MAX_BITS) {
      throw new IllegalArgumentException(
          name() + ": bits is " + bits + ", expected 1 .. " + Codes.MAX_BITS);
    }
    if (sources < 1 || sources > CodebookLinear.MAX_SOURCES) {
      throw new IllegalArgumentException(
          name() + ": sources is " + sources + ", expected 1 .. " + CodebookLinear.MAX_SOURCES);
    }
    if (shape.i() > MAX_INPUTS) {
      throw new IllegalArgumentException(
          name()
              + ": I is "
              + shape.i()
              + ", expected at most "
              + MAX_INPUTS
              + ", so that sums fit 32 bits; use CodebookLinear");
    }
    this.shape = shape;
    this.bits = bits;
    this.sources = sources;
    plane = new PlaneShape(shape.o(), shape.i());
    String owners = sources > 1 ? "owners" : "owners?";
    forward =
        entry(
            "codebook_linear_int8_forward",
            () -> ita_codebook_linear_int8_forward(pointer(), struct),
            "codes",
            "codebooks",
            owners,
            "mask?",
            "bias?",
            "src",
            "dst");
    set("bits", bits, () -> struct.weights().bits(bits));
    set("sources", sources, () -> struct.weights().sources(sources));
    resize(shape.n());
  }

  /**
   * Returns an op that has nothing bound yet; N is how many rows its tensors hold.
   *
   * @param bits of a code, 1 to 8
   * @param sources codebooks of the layer, 1 to 255
   */
  public static CodebookLinearInt8 bind(Context context, LinearShape shape, int bits, int sources) {
    return new CodebookLinearInt8(context, shape, bits, sources);
  }

  /** [O, I] of the op's bits. */
  public CodebookLinearInt8 codes(Codes codes) {
    if (codes != null && codes.bits() != bits) {
      throw new IllegalArgumentException(
          name() + ": codes has " + codes.bits() + " bits, expected " + bits);
    }
    codes("codes", codes, p -> struct.weights().codes(p), plane);
    return this;
  }

  /** [sources, 2^bits]. */
  public CodebookLinearInt8 codebooks(Tensor codebooks) {
    values("codebooks", codebooks, p -> struct.weights().codebooks(p), sources, 1L << bits);
    return this;
  }

  /** The planes of sources 1, 2, ... one after the other, in panel order; null for one source. */
  public CodebookLinearInt8 owners(Mask owners) {
    if (owners != null && sources == 1) {
      throw new IllegalArgumentException(
          name() + ": owners is " + owners + ", expected null for one source");
    }
    PlaneShape panels = PanelOrder.shape(plane);
    PlaneShape all = new PlaneShape(Math.max(1, sources - 1) * panels.rows(), panels.cols());
    mask("owners", owners, p -> struct.weights().owners(p), all);
    return this;
  }

  /** In panel order; null for all weights. */
  public CodebookLinearInt8 mask(Mask mask) {
    mask("mask", mask, p -> struct.weights().mask(p), PanelOrder.shape(plane));
    return this;
  }

  /** [O] or null. */
  public CodebookLinearInt8 bias(Tensor bias) {
    values("bias", bias, p -> struct.bias(p), shape.o());
    return this;
  }

  /** [N, I] activations. */
  public CodebookLinearInt8 src(Tensor src) {
    rows("src", src, p -> struct.src(p), shape.n(), shape.i());
    return this;
  }

  /** [N, O] activations, written. */
  public CodebookLinearInt8 dst(Tensor dst) {
    rows("dst", dst, p -> struct.dst(p), shape.n(), shape.o());
    return this;
  }

  /** Writes dst. */
  public void forward() {
    run(forward);
  }

  @Override
  void resize(int n) {
    LinearShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
