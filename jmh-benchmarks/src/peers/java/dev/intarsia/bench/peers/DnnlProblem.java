// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.peers;

import dev.intarsia.Conv2dShape;
import dev.intarsia.LinearShape;
import dev.intarsia.bench.paired.ConvWork;
import dev.intarsia.bench.paired.Direction;
import dev.intarsia.bench.paired.LinearWork;
import org.bytedeco.dnnl.convolution_backward_data;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.inner_product_backward_data;
import org.bytedeco.dnnl.inner_product_backward_weights;
import org.bytedeco.dnnl.inner_product_forward;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_desc_base;

/**
 * A dense convolution or inner product in oneDNN's terms, before a layout is chosen.
 *
 * @param first operand that is not the weights' gradient: src, or diff_dst for backward_data
 * @param second the other operand: weights, or diff_dst for backward_weights
 */
record DnnlProblem(
    Direction direction,
    Conv2dShape conv,
    long[] srcDims,
    long[] weightsDims,
    long[] dstDims,
    float[] first,
    float[] second) {

  /** How activations are kept; weights are always the primitive's choice. */
  enum Layout {
    ANY(dnnl.dnnl_format_tag_any, dnnl.dnnl_format_tag_any),
    NCHW(dnnl.dnnl_nchw, dnnl.dnnl_ab),
    NHWC(dnnl.dnnl_nhwc, dnnl.dnnl_ab);

    private final int images;
    private final int rows;

    Layout(int images, int rows) {
      this.images = images;
      this.rows = rows;
    }

    int tag(int dims) {
      return dims == 4 ? images : rows;
    }
  }

  /** A primitive and the descriptors of its tensors. */
  record Primitive(
      primitive run,
      primitive_desc_base description,
      memory.desc first,
      memory.desc second,
      memory.desc result) {}

  /** It knows no scores: their direction is that of the weights alone. */
  static DnnlProblem convolution(ConvWork work) {
    Conv2dShape s = work.shape();
    Direction direction =
        work.direction() == Direction.BACKWARD_WEIGHTS_SCORES
            ? Direction.BACKWARD_WEIGHTS
            : work.direction();
    return new DnnlProblem(
        direction,
        s,
        new long[] {s.n(), s.c(), s.h(), s.w()},
        new long[] {s.o(), s.i(), s.kh(), s.kw()},
        new long[] {s.n(), s.o(), s.oh(), s.ow()},
        direction == Direction.BACKWARD_DATA ? work.diffDst() : work.src(),
        direction == Direction.BACKWARD_WEIGHTS ? work.diffDst() : work.weights());
  }

  static DnnlProblem linear(LinearWork work) {
    LinearShape s = work.shape();
    return new DnnlProblem(
        work.direction(),
        null,
        new long[] {s.n(), s.i()},
        new long[] {s.o(), s.i()},
        new long[] {s.n(), s.o()},
        work.direction() == Direction.BACKWARD_DATA ? work.diffDst() : work.src(),
        work.direction() == Direction.BACKWARD_WEIGHTS ? work.diffDst() : work.weights());
  }

  long[] firstDims() {
    return direction == Direction.BACKWARD_DATA ? dstDims : srcDims;
  }

  long[] secondDims() {
    return direction == Direction.BACKWARD_WEIGHTS ? dstDims : weightsDims;
  }

  long[] resultDims() {
    return switch (direction) {
      case FORWARD -> dstDims;
      case BACKWARD_DATA -> srcDims;
      default -> weightsDims;
    };
  }

  int firstArgument() {
    return direction == Direction.BACKWARD_DATA ? dnnl.DNNL_ARG_DIFF_DST : dnnl.DNNL_ARG_SRC;
  }

  int secondArgument() {
    return direction == Direction.BACKWARD_WEIGHTS ? dnnl.DNNL_ARG_DIFF_DST : dnnl.DNNL_ARG_WEIGHTS;
  }

  int resultArgument() {
    return switch (direction) {
      case FORWARD -> dnnl.DNNL_ARG_DST;
      case BACKWARD_DATA -> dnnl.DNNL_ARG_DIFF_SRC;
      default -> dnnl.DNNL_ARG_DIFF_WEIGHTS;
    };
  }

  static memory.desc plain(long[] dims) {
    return describe(dims, dims.length == 4 ? dnnl.dnnl_nchw : dnnl.dnnl_ab);
  }

  static memory.desc describe(long[] dims, int tag) {
    return new memory.desc(dims, memory.data_type.valueOf("f32"), tagOf(tag));
  }

  private static memory.format_tag tagOf(int tag) {
    for (memory.format_tag known : memory.format_tag.values()) {
      if (known.value == tag) {
        return known;
      }
    }
    throw new IllegalStateException("oneDNN has no format tag " + tag);
  }

  Primitive primitive(engine engine, Layout layout) {
    memory.desc src = describe(srcDims, layout.tag(srcDims.length));
    memory.desc weights = describe(weightsDims, dnnl.dnnl_format_tag_any);
    memory.desc dst = describe(dstDims, layout.tag(dstDims.length));
    return conv == null
        ? innerProduct(engine, src, weights, dst)
        : convolution(engine, src, weights, dst);
  }

  private Primitive convolution(
      engine engine, memory.desc src, memory.desc weights, memory.desc dst) {
    long[] strides = {conv.strideH(), conv.strideW()};
    long[] dilates = {conv.dilationH() - 1, conv.dilationW() - 1}; // 0 means none here
    long[] pads = {conv.padH(), conv.padW()};
    int algorithm = dnnl.dnnl_convolution_direct;
    var forward =
        new convolution_forward.primitive_desc(
            engine,
            dnnl.dnnl_forward_training,
            algorithm,
            src,
            weights,
            dst,
            strides,
            dilates,
            pads,
            pads);
    switch (direction) {
      case FORWARD -> {
        return new Primitive(
            new convolution_forward(forward),
            forward,
            forward.src_desc(),
            forward.weights_desc(),
            forward.dst_desc());
      }
      case BACKWARD_DATA -> {
        var backward =
            new convolution_backward_data.primitive_desc(
                engine, algorithm, src, weights, dst, strides, dilates, pads, pads, forward);
        return new Primitive(
            new convolution_backward_data(backward),
            backward,
            backward.diff_dst_desc(),
            backward.weights_desc(),
            backward.diff_src_desc());
      }
      default -> {
        var backward =
            new convolution_backward_weights.primitive_desc(
                engine, algorithm, src, weights, dst, strides, dilates, pads, pads, forward);
        return new Primitive(
            new convolution_backward_weights(backward),
            backward,
            backward.src_desc(),
            backward.diff_dst_desc(),
            backward.diff_weights_desc());
      }
    }
  }

  private Primitive innerProduct(
      engine engine, memory.desc src, memory.desc weights, memory.desc dst) {
    var forward =
        new inner_product_forward.primitive_desc(
            engine, dnnl.dnnl_forward_training, src, weights, dst);
    switch (direction) {
      case FORWARD -> {
        return new Primitive(
            new inner_product_forward(forward),
            forward,
            forward.src_desc(),
            forward.weights_desc(),
            forward.dst_desc());
      }
      case BACKWARD_DATA -> {
        var backward =
            new inner_product_backward_data.primitive_desc(engine, src, weights, dst, forward);
        return new Primitive(
            new inner_product_backward_data(backward),
            backward,
            backward.diff_dst_desc(),
            backward.weights_desc(),
            backward.diff_src_desc());
      }
      default -> {
        var backward =
            new inner_product_backward_weights.primitive_desc(engine, src, weights, dst, forward);
        return new Primitive(
            new inner_product_backward_weights(backward),
            backward,
            backward.src_desc(),
            backward.diff_dst_desc(),
            backward.diff_weights_desc());
      }
    }
  }
}
