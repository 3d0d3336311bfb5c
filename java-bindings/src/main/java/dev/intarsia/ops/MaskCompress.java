// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_mask_compress_pack;
import static dev.intarsia.internal.ffi.Ita.ita_mask_compress_unpack;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_mask_compress;

/**
 * Moves the selected elements of a plane into a compact array, in the order of the set bits row by
 * row, and back.
 */
public final class MaskCompress extends Operation {
  private final PlaneShape shape;
  private final ita_mask_compress struct = onNative(ita_mask_compress::new);
  private final Entry pack =
      entry(
          "mask_compress_pack",
          () -> ita_mask_compress_pack(pointer(), this.struct),
          "selected",
          "dense",
          "compact");
  private final Entry unpack =
      entry(
          "mask_compress_unpack",
          () -> ita_mask_compress_unpack(pointer(), this.struct),
          "selected",
          "dense",
          "compact");

  private MaskCompress(Context context, PlaneShape shape) {
    super(context, 0);
    this.shape = shape;
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
  }

  /** Returns an op that has nothing bound yet; the plane is that of the parameter. */
  public static MaskCompress bind(Context context, PlaneShape shape) {
    return new MaskCompress(context, shape);
  }

  /** Elements that the compact array has. */
  public MaskCompress selected(Mask selected) {
    mask("selected", selected, p -> struct.selected(p), shape);
    return this;
  }

  /** [rows, cols], read by pack; unpack writes the selected elements. */
  public MaskCompress dense(Tensor dense) {
    plane("dense", dense, p -> struct.dense(p), shape);
    return this;
  }

  /** [bits of selected] F32, written by pack, read by unpack. */
  public MaskCompress compact(Tensor compact) {
    boolean flat = compact == null || compact.dims().length == 1;
    long count = compact == null ? 0 : compact.elements();
    require("compact", compact, DType.F32, false, new long[] {count}, flat);
    bindFloats("compact", compact, p -> struct.compact(p));
    set("count", count, () -> struct.count(count));
    return this;
  }

  /**
   * Writes compact.
   *
   * @throws IllegalArgumentException if it has not one element per bit of selected
   */
  public void pack() {
    run(pack);
  }

  /**
   * Writes the selected elements of dense.
   *
   * @throws IllegalArgumentException if compact has not one element per bit of selected
   */
  public void unpack() {
    run(unpack);
  }
}
