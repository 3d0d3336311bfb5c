// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_codebook_decode_forward;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_codebook_decode;

/**
 * Weights as floats again: those of a plane where they are free, which stand in a compact array in
 * the order of its set bits row by row, and elsewhere the centres of {@link Codes} as {@link
 * CodebookLinear} reads them. What mixed training expands before a layer's call.
 */
public final class CodebookDecode extends Operation {
  private final PlaneShape shape;
  private final int bits;
  private final int sources;
  private final ita_codebook_decode struct = onNative(ita_codebook_decode::new);
  private final Entry forward;

  private CodebookDecode(Context context, PlaneShape shape, int bits, int sources) {
    super(context, 0);
    if (bits < 1 || bits > Codes.MAX_BITS) {
      throw new IllegalArgumentException(
          name() + ": bits is " + bits + ", expected 1 .. " + Codes.MAX_BITS);
    }
    if (sources < 1 || sources > CodebookLinear.MAX_SOURCES) {
      throw new IllegalArgumentException(
          name() + ": sources is " + sources + ", expected 1 .. " + CodebookLinear.MAX_SOURCES);
    }
    this.shape = shape;
    this.bits = bits;
    this.sources = sources;
    forward =
        entry(
            "codebook_decode_forward",
            () -> ita_codebook_decode_forward(pointer(), struct),
            "codes",
            "codebooks",
            sources > 1 ? "owners" : "owners?",
            "mask?",
            "free?",
            "values?",
            "weights");
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
    set("bits", bits, () -> struct.coded().bits(bits));
    set("sources", sources, () -> struct.coded().sources(sources));
  }

  /**
   * Returns an op that has nothing bound yet; the plane is that of the parameter.
   *
   * @param bits of a code, 1 to 8
   * @param sources codebooks of the layer, 1 to 255
   */
  public static CodebookDecode bind(Context context, PlaneShape shape, int bits, int sources) {
    return new CodebookDecode(context, shape, bits, sources);
  }

  /** [rows, cols] of the op's bits; what a free weight has means nothing. */
  public CodebookDecode codes(Codes codes) {
    if (codes != null && codes.bits() != bits) {
      throw new IllegalArgumentException(
          name() + ": codes has " + codes.bits() + " bits, expected " + bits);
    }
    codes("codes", codes, p -> struct.coded().codes(p), shape);
    return this;
  }

  /** [sources, 2^bits]. */
  public CodebookDecode codebooks(Tensor codebooks) {
    values("codebooks", codebooks, p -> struct.coded().codebooks(p), sources, 1L << bits);
    return this;
  }

  /** The planes of sources 1, 2, ... one after the other, in panel order; null for one source. */
  public CodebookDecode owners(Mask owners) {
    if (owners != null && sources == 1) {
      throw new IllegalArgumentException(
          name() + ": owners is " + owners + ", expected null for one source");
    }
    PlaneShape panels = PanelOrder.shape(shape);
    PlaneShape all = new PlaneShape(Math.max(1, sources - 1) * panels.rows(), panels.cols());
    mask("owners", owners, p -> struct.coded().owners(p), all);
    return this;
  }

  /** In panel order; coded weights outside are 0. Null for all weights. */
  public CodebookDecode mask(Mask mask) {
    mask("mask", mask, p -> struct.coded().mask(p), PanelOrder.shape(shape));
    return this;
  }

  /** Weights that have a value of their own, row by row (not in panel order), or null for none. */
  public CodebookDecode free(Mask free) {
    mask("free", free, p -> struct.free_mask(p), shape);
    return this;
  }

  /** [bits of free] F32, or null with it. */
  public CodebookDecode values(Tensor values) {
    boolean flat = values == null || values.dims().length == 1;
    long count = values == null ? 0 : values.elements();
    require("values", values, DType.F32, false, new long[] {count}, flat);
    bindFloats("values", values, p -> struct.values(p));
    set("count", count, () -> struct.count(count));
    return this;
  }

  /** [rows, cols], written. */
  public CodebookDecode weights(Tensor weights) {
    plane("weights", weights, p -> struct.weights(p), shape);
    return this;
  }

  /**
   * Writes weights.
   *
   * @throws IllegalArgumentException if values has not one value per bit of free
   * @throws IllegalStateException if only one of the two is set
   */
  public void forward() {
    if ((value("free") == null) != (value("values") == null)) {
      throw new IllegalStateException(
          name() + ": free and values go together; set both or neither");
    }
    run(forward);
  }
}
