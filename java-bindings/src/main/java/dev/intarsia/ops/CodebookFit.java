// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_codebook_fit_apply;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_codebook_fit;

/**
 * The centres that stand for the selected values with the least sum of squared distances: k-means
 * in one dimension, deterministic and independent of the order of elements.
 */
public final class CodebookFit extends Operation {
  /** Fewest centres of a codebook. */
  public static final int MIN_SIZE = 2;

  /** Most centres of a codebook: codes have at most eight bits. */
  public static final int MAX_SIZE = 256;

  private final PlaneShape shape;
  private final int size;
  private final ita_codebook_fit struct = onNative(ita_codebook_fit::new);
  private final Entry apply =
      entry(
          "codebook_fit_apply",
          () -> ita_codebook_fit_apply(pointer(), this.struct),
          "values",
          "selected?",
          "size",
          "centres",
          "used");

  private CodebookFit(Context context, PlaneShape shape, int size) {
    super(context, 0);
    if (size < MIN_SIZE || size > MAX_SIZE) {
      throw new IllegalArgumentException(
          name() + ": size is " + size + ", expected " + MIN_SIZE + " .. " + MAX_SIZE);
    }
    this.shape = shape;
    this.size = size;
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
    set("size", size, () -> struct.size(size));
  }

  /**
   * Returns an op that has nothing bound yet; the plane is that of the parameter.
   *
   * @param size centres wanted, 2 to 256
   */
  public static CodebookFit bind(Context context, PlaneShape shape, int size) {
    return new CodebookFit(context, shape, size);
  }

  /** [rows, cols]. */
  public CodebookFit values(Tensor values) {
    plane("values", values, p -> struct.values(p), shape);
    return this;
  }

  /** Values that take part, or null for all. */
  public CodebookFit selected(Mask selected) {
    mask("selected", selected, p -> struct.selected(p), shape);
    return this;
  }

  /** [size] F32, written, rising; those past {@code used} repeat the last. */
  public CodebookFit centres(Tensor centres) {
    values("centres", centres, p -> struct.centres(p), size);
    return this;
  }

  /** [1] I64, written: the number of different centres, min(size, different values). */
  public CodebookFit used(Tensor used) {
    longs("used", used, p -> struct.used(p), 1);
    return this;
  }

  /**
   * Writes centres and used.
   *
   * @throws IllegalArgumentException if no value is selected, or one that is not finite
   */
  public void apply() {
    run(apply);
  }
}
