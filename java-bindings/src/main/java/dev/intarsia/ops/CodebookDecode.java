// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_codebook_decode_forward;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Mask;
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
  private final ita_codebook_decode struct = onNative(ita_codebook_decode::new);
  private final CodedWeights coded;
  private final Entry forward;

  private CodebookDecode(Context context, PlaneShape shape, int bits, int sources) {
    super(context, 0);
    this.shape = shape;
    coded = new CodedWeights(this, () -> struct.coded(), shape, bits, sources);
    forward =
        entry(
            "codebook_decode_forward",
            () -> ita_codebook_decode_forward(pointer(), struct),
            "codes",
            "codebooks",
            CodedWeights.ownersOf(sources),
            "mask?",
            "free?",
            "values?",
            "weights");
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
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
    coded.codes(codes);
    return this;
  }

  /** [sources, 2^bits]. */
  public CodebookDecode codebooks(Tensor codebooks) {
    coded.codebooks(codebooks);
    return this;
  }

  /** The planes of sources 1, 2, ... one after the other, in panel order; null for one source. */
  public CodebookDecode owners(Mask owners) {
    coded.owners(owners);
    return this;
  }

  /** In panel order; coded weights outside are 0. Null for all weights. */
  public CodebookDecode mask(Mask mask) {
    coded.mask(mask);
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
