// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_gated_adapter_backward;
import static dev.intarsia.internal.ffi.Ita.ita_gated_adapter_fold;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_gated_adapter;

/**
 * A frozen convolution beside a gated parallel adapter of the same input, {@code dst = conv2d(src,
 * weights) + gate . conv2d(src, adapter)}, as one convolution with other weights.
 *
 * <p>{@link #fold} writes {@code weights + gate . adapter}, which {@link MaskedConv2d} then runs.
 * {@link #backward} takes the gradient at the adapter's taps alone, and that of the gates from it:
 * no branch is evaluated, open or closed. (Rebuffi et al. 2018, parallel residual adapters.)
 */
public final class GatedAdapter extends Operation {
  private final Conv2dShape shape;
  private final int kh;
  private final int kw;
  private final int gates;
  private final ita_gated_adapter struct = onNative(ita_gated_adapter::new);
  private final Entry fold =
      entry(
          "gated_adapter_fold",
          () -> ita_gated_adapter_fold(pointer(), this.struct),
          "weights",
          "adapter",
          "gates",
          "folded");
  private final Entry backward =
      entry(
          "gated_adapter_backward",
          () -> ita_gated_adapter_backward(pointer(), this.struct),
          "adapter?",
          "gates",
          "src",
          "diffDst",
          "diffAdapter",
          "diffGates?");

  private GatedAdapter(Context context, Conv2dShape shape, int kh, int kw, int outputs) {
    super(context, shape.n());
    this.shape = shape;
    this.kh = kh;
    this.kw = kw;
    gates = (shape.o() + outputs - 1) / outputs;
    resize(shape.n());
    set("adapterKh", kh, () -> struct.adapter_kh(kh));
    set("adapterKw", kw, () -> struct.adapter_kw(kw));
    set("outputs", outputs, () -> struct.outputs(outputs));
    exact(false);
  }

  /**
   * Returns an op that has nothing bound yet; N is how many images its tensors hold.
   *
   * @param shape of the convolution
   * @param kh height of the adapter's filter: 1, or that of the convolution
   * @param kw its width, likewise
   * @param outputs output channels that share a gate, 1 .. O
   * @throws IllegalArgumentException for another filter, or a 1x1 adapter of a convolution that has
   *     no centre tap: its filter is odd and padded by {@code dilation (k - 1) / 2}
   */
  public static GatedAdapter bind(Context context, Conv2dShape shape, int kh, int kw, int outputs) {
    requireFits(shape, kh, kw);
    if (outputs < 1 || outputs > shape.o()) {
      throw new IllegalArgumentException(
          "GatedAdapter: a gate has "
              + outputs
              + " output channels, expected 1 .. "
              + shape.o()
              + ", those of the convolution");
    }
    return new GatedAdapter(context, shape, kh, kw, outputs);
  }

  /** Returns whether a 1x1 adapter of a convolution is its centre tap. */
  public static boolean hasCentreTap(Conv2dShape s) {
    return s.kh() % 2 == 1
        && s.kw() % 2 == 1
        && s.padH() == s.dilationH() * (s.kh() / 2)
        && s.padW() == s.dilationW() * (s.kw() / 2);
  }

  private static void requireFits(Conv2dShape s, int kh, int kw) {
    if (kh == s.kh() && kw == s.kw()) {
      return;
    }
    if (kh != 1 || kw != 1) {
      throw new IllegalArgumentException(
          "GatedAdapter: the adapter's filter is %dx%d, expected 1x1 or %dx%d, that of %s"
              .formatted(kh, kw, s.kh(), s.kw(), s));
    }
    if (!hasCentreTap(s)) {
      throw new IllegalArgumentException(
          "GatedAdapter: a 1x1 adapter is the centre tap of its convolution, and "
              + s
              + " has none; take an odd filter padded by dilation * (k - 1) / 2, or an adapter with"
              + " all taps");
    }
  }

  /** [O, I, KH, KW], frozen; read by fold. */
  public GatedAdapter weights(Tensor weights) {
    values(
        "weights", weights, p -> struct.weights(p), shape.o(), shape.i(), shape.kh(), shape.kw());
    return this;
  }

  /** [O, I, AKH, AKW] of the adapter's own filter; read by fold, and by backward for diffGates. */
  public GatedAdapter adapter(Tensor adapter) {
    values("adapter", adapter, p -> struct.adapter(p), shape.o(), shape.i(), kh, kw);
    return this;
  }

  /** [ceil(O / outputs)]; read by both. */
  public GatedAdapter gates(Tensor values) {
    values("gates", values, p -> struct.gates(p), gates);
    return this;
  }

  /** [O, I, KH, KW]; written by fold. */
  public GatedAdapter folded(Tensor folded) {
    values("folded", folded, p -> struct.folded(p), shape.o(), shape.i(), shape.kh(), shape.kw());
    return this;
  }

  /** [N, C, H, W] activations; read by backward. */
  public GatedAdapter src(Tensor src) {
    activations("src", src, p -> struct.src(p), shape.n(), shape.c(), shape.h(), shape.w());
    return this;
  }

  /** [N, O, OH, OW] activations; read by backward. */
  public GatedAdapter diffDst(Tensor diffDst) {
    activations(
        "diffDst", diffDst, p -> struct.diff_dst(p), shape.n(), shape.o(), shape.oh(), shape.ow());
    return this;
  }

  /** As adapter; written by backward. */
  public GatedAdapter diffAdapter(Tensor diffAdapter) {
    values("diffAdapter", diffAdapter, p -> struct.diff_adapter(p), shape.o(), shape.i(), kh, kw);
    return this;
  }

  /** As gates, or null; written by backward, which then reads the adapter. */
  public GatedAdapter diffGates(Tensor diffGates) {
    values("diffGates", diffGates, p -> struct.diff_gates(p), gates);
    return this;
  }

  /** With true, backward takes sums of products only: relative error 2e-6 instead of 1e-5. */
  public GatedAdapter exact(boolean exact) {
    set("exact", exact, () -> struct.exact(exact ? 1 : 0));
    return this;
  }

  /** Writes folded. */
  public void fold() {
    run(fold);
  }

  /** Writes diffAdapter and diffGates. */
  public void backward() {
    if (value("diffGates") != null && value("adapter") == null) {
      throw new IllegalStateException(
          name() + ": diffGates is set and adapter is not; call adapter(...) first");
    }
    run(backward);
  }

  @Override
  void resize(int n) {
    Conv2dShape resized = shape.withN(n);
    shape(resized, () -> NativeShapes.write(resized, block(), struct.shape()));
  }
}
