// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_codebook_gradient_apply;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_codebook_gradient;

/**
 * The gradient of a codebook's centres: for each code the sum of the gradients of the weights that
 * have it. (Han, Mao and Dally 2016, <em>Deep Compression</em>, section 3.)
 */
public final class CodebookGradient extends Operation {
  private final PlaneShape shape;
  private final int bits;
  private final ita_codebook_gradient struct = onNative(ita_codebook_gradient::new);
  private final Entry apply =
      entry(
          "codebook_gradient_apply",
          () -> ita_codebook_gradient_apply(pointer(), this.struct),
          "gradient",
          "selected?",
          "codes",
          "bits",
          "diffCentres");

  private CodebookGradient(Context context, PlaneShape shape, int bits) {
    super(context, 0);
    if (bits < 1 || bits > Codes.MAX_BITS) {
      throw new IllegalArgumentException(
          name() + ": bits is " + bits + ", expected 1 .. " + Codes.MAX_BITS);
    }
    this.shape = shape;
    this.bits = bits;
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
    set("bits", bits, () -> struct.bits(bits));
  }

  /**
   * Returns an op that has nothing bound yet; the plane is that of the parameter.
   *
   * @param bits of a code, 1 to 8
   */
  public static CodebookGradient bind(Context context, PlaneShape shape, int bits) {
    return new CodebookGradient(context, shape, bits);
  }

  /** [rows, cols], that of the decoded weights. */
  public CodebookGradient gradient(Tensor gradient) {
    plane("gradient", gradient, p -> struct.gradient(p), shape);
    return this;
  }

  /** Weights that take part, or null for all. */
  public CodebookGradient selected(Mask selected) {
    mask("selected", selected, p -> struct.selected(p), shape);
    return this;
  }

  /** Which centre each weight has. */
  public CodebookGradient codes(Codes codes) {
    if (codes != null && codes.bits() != bits) {
      throw new IllegalArgumentException(
          name() + ": codes has " + codes.bits() + " bits, expected " + bits);
    }
    codes("codes", codes, p -> struct.codes(p), shape);
    return this;
  }

  /** [2^bits] F32, written. */
  public CodebookGradient diffCentres(Tensor diffCentres) {
    values("diffCentres", diffCentres, p -> struct.diff_centres(p), 1L << bits);
    return this;
  }

  /** Writes diffCentres. */
  public void apply() {
    run(apply);
  }
}
