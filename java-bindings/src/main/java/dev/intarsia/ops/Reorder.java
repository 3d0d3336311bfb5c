// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_reorder_pack;
import static dev.intarsia.internal.ffi.Ita.ita_reorder_unpack;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_reorder;

/** The border of a net: row-major NCHW to activations (pad lanes zero) and back. */
public final class Reorder extends Operation {
  private final ActivationShape shape;
  private final ita_reorder struct = onNative(ita_reorder::new);
  private final Entry pack =
      entry("reorder_pack", () -> ita_reorder_pack(pointer(), this.struct), "src", "dst");

  private final Entry unpack =
      entry("reorder_unpack", () -> ita_reorder_unpack(pointer(), this.struct), "src", "dst");

  private Reorder(Context context, ActivationShape shape) {
    super(context, shape.n());
    this.shape = shape;
    resize(shape.n());
  }

  /** Returns an op that has nothing bound yet; N is how many images its tensors hold. */
  public static Reorder bind(Context context, ActivationShape shape) {
    return new Reorder(context, shape);
  }

  /** [N, C, H, W]; read: row-major by pack, activations by unpack. */
  public Reorder src(Tensor src) {
    requireShape("src", src);
    bindFloats("src", src, p -> struct.src(p));
    return this;
  }

  /** [N, C, H, W]; written: activations by pack, row-major by unpack. */
  public Reorder dst(Tensor dst) {
    requireShape("dst", dst);
    bindFloats("dst", dst, p -> struct.dst(p));
    return this;
  }

  /** Writes dst, activations, from src, row-major. */
  public void pack() {
    requireReady(pack);
    requireActivations("reorder_pack", "dst", "src");
    run(pack);
  }

  /** Writes dst, row-major, from src, activations. */
  public void unpack() {
    requireReady(unpack);
    requireActivations("reorder_unpack", "src", "dst");
    run(unpack);
  }

  private void requireShape(String field, Tensor tensor) {
    if (tensor != null) {
      long[] dims = {shape.n(), shape.c(), shape.h(), shape.w()};
      require(field, tensor, DType.F32, tensor.isActivations(), dims, exact(tensor, dims));
    }
  }

  private void requireActivations(String call, String activations, String plain) {
    if (!((Tensor) value(activations)).isActivations() || ((Tensor) value(plain)).isActivations()) {
      throw new IllegalArgumentException(
          call
              + ": src is "
              + value("src")
              + " and dst is "
              + value("dst")
              + ", expected "
              + activations
              + " as activations and "
              + plain
              + " row-major");
    }
  }

  @Override
  void resize(int n) {
    ActivationShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
