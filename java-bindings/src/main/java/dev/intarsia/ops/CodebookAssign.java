// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_codebook_assign_apply;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_codebook_assign;

/**
 * Rounds the selected values to their nearest centres: code and value are written, others kept.
 * Midway, in single precision, a value goes to the lower centre.
 */
public final class CodebookAssign extends Operation {
  private final PlaneShape shape;
  private final int size;
  private final ita_codebook_assign struct = onNative(ita_codebook_assign::new);
  private final Entry apply =
      entry(
          "codebook_assign_apply",
          () -> ita_codebook_assign_apply(pointer(), this.struct),
          "values",
          "selected?",
          "centres",
          "size",
          "bits",
          "codes");

  private CodebookAssign(Context context, PlaneShape shape, int size) {
    super(context, 0);
    if (size < 1 || size > CodebookFit.MAX_SIZE) {
      throw new IllegalArgumentException(
          name() + ": size is " + size + ", expected 1 .. " + CodebookFit.MAX_SIZE);
    }
    this.shape = shape;
    this.size = size;
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
    set("size", size, () -> struct.size(size));
  }

  /**
   * Returns an op that has nothing bound yet; the plane is that of the parameter.
   *
   * @param size centres, 1 to 256
   */
  public static CodebookAssign bind(Context context, PlaneShape shape, int size) {
    return new CodebookAssign(context, shape, size);
  }

  /** [rows, cols], the selected ones replaced by their centres. */
  public CodebookAssign values(Tensor values) {
    plane("values", values, p -> struct.values(p), shape);
    return this;
  }

  /** Values that are rounded, or null for all. */
  public CodebookAssign selected(Mask selected) {
    mask("selected", selected, p -> struct.selected(p), shape);
    return this;
  }

  /** [size] F32, not falling, as {@link CodebookFit} writes it. */
  public CodebookAssign centres(Tensor centres) {
    values("centres", centres, p -> struct.centres(p), size);
    return this;
  }

  /** Codes with room for all centres; those of the selected weights are written. */
  public CodebookAssign codes(Codes codes) {
    if (codes != null && size > 1 << codes.bits()) {
      throw new IllegalArgumentException(
          name()
              + ": codes has "
              + codes.bits()
              + " bits, too few for "
              + size
              + " centres; take more bits or fewer centres");
    }
    codes("codes", codes, p -> struct.codes(p), shape);
    int bits = codes == null ? 0 : codes.bits();
    set("bits", bits, () -> struct.bits(bits));
    return this;
  }

  /** Writes codes and values. */
  public void apply() {
    run(apply);
  }
}
