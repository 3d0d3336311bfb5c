// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Layout;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import dev.intarsia.ops.MaskedLinear;

/** One of the two masked products on a context, by arrays; the context frees what a call makes. */
interface MaskedProduct {
  /** The same for another number of images. */
  MaskedProduct withN(int n);

  /** The same with its activations in another layout; else it is that of large batches. */
  MaskedProduct in(Layout layout);

  /** Elements of src. */
  int src();

  /** Elements of dst. */
  int dst();

  /** Results of one image and one row of weights. */
  int pixels();

  /** Rows of weights. */
  int rows();

  /** Weights of a row. */
  int cols();

  /** Returns dst; mask and bias may be null. */
  float[] forward(float[] src, float[] weights, boolean[] mask, float[] bias);

  /** Returns diff_src; mask may be null. */
  float[] backwardData(float[] diffDst, float[] weights, boolean[] mask);

  /** Returns {@code diffWeights}, null for zeros, with what the call adds; mask may be null. */
  float[] backwardWeights(float[] src, float[] diffDst, boolean[] mask, float[] diffWeights);

  /** Elements of weights. */
  default int weights() {
    return rows() * cols();
  }

  /** A convolution with groups, strides, padding and dilation, all unequal. */
  record Conv(Context context, Layout layout, Conv2dShape s) implements MaskedProduct {
    Conv(Context context) {
      this(context, context.layout(), Conv2dShape.parse("n19c6h7w6 o9k3 s2x1p1d1x2g3"));
    }

    @Override
    public MaskedProduct withN(int n) {
      return new Conv(context, layout, s.withN(n));
    }

    @Override
    public MaskedProduct in(Layout other) {
      return new Conv(context, other, s);
    }

    @Override
    public int src() {
      return s.n() * s.c() * s.h() * s.w();
    }

    @Override
    public int dst() {
      return s.n() * s.o() * pixels();
    }

    @Override
    public int pixels() {
      return s.oh() * s.ow();
    }

    @Override
    public int rows() {
      return s.o();
    }

    @Override
    public int cols() {
      return s.reductionLength();
    }

    private MaskedConv2d op(boolean[] mask) {
      return MaskedConv2d.bind(context, s).mask(maskOf(context, rows(), cols(), mask));
    }

    private Tensor srcImages(float[] values) {
      return filled(Tensor.activations(context, layout, s.n(), s.c(), s.h(), s.w()), values);
    }

    private Tensor dstImages(float[] values) {
      return filled(Tensor.activations(context, layout, s.n(), s.o(), s.oh(), s.ow()), values);
    }

    private Tensor filters(float[] values) {
      return filled(Tensor.plain(context, s.o(), s.i(), s.kh(), s.kw()), values);
    }

    @Override
    public float[] forward(float[] src, float[] weights, boolean[] mask, float[] bias) {
      Tensor dst = dstImages(null);
      op(mask)
          .src(srcImages(src))
          .weights(filters(weights))
          .bias(filled(Tensor.plain(context, s.o()), bias))
          .dst(dst)
          .forward();
      return dst.download();
    }

    @Override
    public float[] backwardData(float[] diffDst, float[] weights, boolean[] mask) {
      Tensor diffSrc = srcImages(null);
      op(mask)
          .diffDst(dstImages(diffDst))
          .weights(filters(weights))
          .diffSrc(diffSrc)
          .backwardData();
      return diffSrc.download();
    }

    @Override
    public float[] backwardWeights(
        float[] src, float[] diffDst, boolean[] mask, float[] diffWeights) {
      Tensor gradient = filters(diffWeights);
      op(mask)
          .src(srcImages(src))
          .diffDst(dstImages(diffDst))
          .diffWeights(gradient)
          .backwardWeights();
      return gradient.download();
    }
  }

  /** A linear layer with no size a multiple of anything. */
  record Matrix(Context context, Layout layout, LinearShape s) implements MaskedProduct {
    Matrix(Context context) {
      this(context, context.layout(), new LinearShape(19, 75, 13));
    }

    @Override
    public MaskedProduct withN(int n) {
      return new Matrix(context, layout, s.withN(n));
    }

    @Override
    public MaskedProduct in(Layout other) {
      return new Matrix(context, other, s);
    }

    @Override
    public int src() {
      return s.n() * s.i();
    }

    @Override
    public int dst() {
      return s.n() * s.o();
    }

    @Override
    public int pixels() {
      return 1;
    }

    @Override
    public int rows() {
      return s.o();
    }

    @Override
    public int cols() {
      return s.i();
    }

    private MaskedLinear op(boolean[] mask) {
      return MaskedLinear.bind(context, s).mask(maskOf(context, rows(), cols(), mask));
    }

    private Tensor features(int count, float[] values) {
      return filled(Tensor.activations(context, layout, s.n(), count, 1, 1), values);
    }

    private Tensor plane(float[] values) {
      return filled(Tensor.plain(context, s.o(), s.i()), values);
    }

    @Override
    public float[] forward(float[] src, float[] weights, boolean[] mask, float[] bias) {
      Tensor dst = features(s.o(), null);
      op(mask)
          .src(features(s.i(), src))
          .weights(plane(weights))
          .bias(filled(Tensor.plain(context, s.o()), bias))
          .dst(dst)
          .forward();
      return dst.download();
    }

    @Override
    public float[] backwardData(float[] diffDst, float[] weights, boolean[] mask) {
      Tensor diffSrc = features(s.i(), null);
      op(mask)
          .diffDst(features(s.o(), diffDst))
          .weights(plane(weights))
          .diffSrc(diffSrc)
          .backwardData();
      return diffSrc.download();
    }

    @Override
    public float[] backwardWeights(
        float[] src, float[] diffDst, boolean[] mask, float[] diffWeights) {
      Tensor gradient = plane(diffWeights);
      op(mask)
          .src(features(s.i(), src))
          .diffDst(features(s.o(), diffDst))
          .diffWeights(gradient)
          .backwardWeights();
      return gradient.download();
    }
  }

  private static Tensor filled(Tensor tensor, float[] values) {
    if (values != null) {
      tensor.upload(values);
    }
    return tensor;
  }

  private static Mask maskOf(Context context, int rows, int cols, boolean[] bits) {
    return bits == null ? null : Mask.of(context, rows, cols, bits);
  }
}
