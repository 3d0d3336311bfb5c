// SPDX-License-Identifier: Apache-2.0
// Masked convolution on the CPU: only live weights are read, multiplied and added.
//
// Sixteen images are the vector, so a weight is a scalar that a mask can skip, and no shape, stride
// or dilation has an edge case. What is skipped depends on what is live: single weights
// (conv2d_taps.h), whole 3x3 kernels (kernels3x3.h), kernels in the transform domain of Winograd
// (winograd.h), or nothing (conv2d_dense.h). conv2d_plan.h chooses; backward_data takes the same
// algorithms over transposed weights. Row-major activations, of fewer than eight images, have
// pixels as lanes instead (rows_product.h) and lists alone.
#include "conv2d_dense.h"
#include "conv2d_gradient.h"
#include "conv2d_gradient_kernels.h"
#include "conv2d_plan.h"
#include "conv2d_rows.h"
#include "conv2d_rows_gradient.h"
#include "conv2d_taps.h"
#include "conv3x3.h"
#include "kernels3x3.h"
#include "matrix_product.h"
#include "winograd.h"
#include "winograd_gradient.h"

namespace ITA_ISA {
namespace {

// The plan of a call, or ITA_UNSUPPORTED for a forced algorithm that the shape does not fit.
ita_status choose(ita_context* ctx, const ita_masked_conv2d* op, ita_direction direction,
                  const Live& live, Plan* plan) {
  *plan = plan_conv2d(op, direction, live);
  if (op->shape.block == 1) {
    if (rows_fit(op->shape, plan->algorithm)) return ITA_OK;
    return ita_core_fail(
        ctx, ITA_UNSUPPORTED,
        "masked_conv2d: %s does not fit: on row-major activations (a capacity below 8 images) auto "
        "and taps fit any shape, kernels a 3x3 filter of stride 1, dilation 1 and one group",
        algorithm_name(plan->algorithm));
  }
  if (fits(op->shape, plan->algorithm, direction)) return ITA_OK;
  if (plan->algorithm == ITA_CONV2D_POINTWISE) {
    return ita_core_fail(
        ctx, ITA_UNSUPPORTED,
        "masked_conv2d: pointwise needs a 1x1 filter of stride 1, one group and no "
        "padding; take auto or taps");
  }
  return ita_core_fail(
      ctx, ITA_UNSUPPORTED,
      "masked_conv2d: %s needs a 3x3 filter of stride 1, dilation 1, one group and "
      "padding of at most 2; take auto or taps",
      algorithm_name(plan->algorithm));
}

// A 1x1 convolution is a matrix product with a pixel of 16 images as a block.
ita_status pointwise(ita_context* ctx, const ita_masked_conv2d* op, ita_direction direction) {
  const ita_conv2d_shape& s = op->shape;
  const bool back = direction == ITA_BACKWARD_DATA;
  MatrixProduct p = {};
  p.weights = op->weights;
  p.mask = op->mask;
  p.o = s.o;
  p.i = s.c;
  p.transposed = back;
  p.src = back ? op->diff_dst : op->src;
  p.dst = back ? op->diff_src : op->dst;
  p.bias = back ? nullptr : op->bias;
  p.images = blocks_of(s.n);
  p.pixels = int64_t(s.h) * s.w;
  return multiply_matrix(ctx, p);
}

ita_status product(ita_context* ctx, const Conv3x3& c, ita_conv2d_algorithm algorithm) {
  if (algorithm == ITA_CONV2D_KERNELS) return kernels3x3_multiply(ctx, c);
  return winograd_multiply(ctx, c, algorithm == ITA_CONV2D_WINOGRAD_SKIP);
}

GradientSink sink_of(const ita_masked_conv2d* op) {
  const int64_t taps = int64_t(op->shape.kh) * op->shape.kw;
  const int64_t cols = op->shape.c / op->shape.groups * taps;
  return {cols, words_of(cols), taps, op->weights, op->mask, op->diff_weights, op->epilogue};
}

}  // namespace

ita_status masked_conv2d_forward(ita_context* ctx, const ita_masked_conv2d* op) {
  ITA_ASSERT(op->src && op->weights && op->dst);
  const Live live = count_live(op->shape, op->mask);
  Plan plan;
  ita_status status = choose(ctx, op, ITA_FORWARD, live, &plan);
  if (status != ITA_OK) return status;
  if (op->shape.block == 1) return rows_conv2d(ctx, op, ITA_FORWARD, plan.algorithm, live);
  if (plan.algorithm == ITA_CONV2D_TAPS) return taps_forward(ctx, op, live);
  if (plan.algorithm == ITA_CONV2D_POINTWISE) return pointwise(ctx, op, ITA_FORWARD);
  if (plan.algorithm == ITA_CONV2D_DENSE) return dense_multiply(ctx, op, false);
  return product(ctx, conv3x3_forward(op), plan.algorithm);
}

ita_status masked_conv2d_backward_data(ita_context* ctx, const ita_masked_conv2d* op) {
  ITA_ASSERT(op->diff_dst && op->weights && op->diff_src);
  const Live live = count_live(op->shape, op->mask);
  Plan plan;
  ita_status status = choose(ctx, op, ITA_BACKWARD_DATA, live, &plan);
  if (status != ITA_OK) return status;
  if (op->shape.block == 1) return rows_conv2d(ctx, op, ITA_BACKWARD_DATA, plan.algorithm, live);
  if (plan.algorithm == ITA_CONV2D_TAPS) return taps_backward_data(ctx, op, live);
  if (plan.algorithm == ITA_CONV2D_POINTWISE) return pointwise(ctx, op, ITA_BACKWARD_DATA);
  if (plan.algorithm == ITA_CONV2D_DENSE) return dense_multiply(ctx, op, true);
  return product(ctx, conv3x3_backward_data(op), plan.algorithm);
}

ita_status masked_conv2d_backward_weights(ita_context* ctx, const ita_masked_conv2d* op) {
  const GradientSink sink = sink_of(op);
  ITA_ASSERT(op->src && op->diff_dst && (op->diff_weights || sink.has_epilogue()));
  ITA_ASSERT(!sink.has_epilogue() || op->weights);
  Plan plan;
  const Live live = count_live(op->shape, sink.live_mask());
  ita_status status = choose(ctx, op, ITA_BACKWARD_WEIGHTS, live, &plan);
  if (status != ITA_OK) return status;
  if (op->shape.block == 1) return rows_weight_gradient(ctx, op, sink);
  if (plan.algorithm == ITA_CONV2D_WINOGRAD || plan.algorithm == ITA_CONV2D_WINOGRAD_SKIP) {
    status = winograd_weight_gradient(ctx, op, sink);
  } else if (plan.algorithm == ITA_CONV2D_KERNELS) {
    status = kernels_weight_gradient(ctx, op, sink, live.kernels);
  } else {
    status = direct_weight_gradient(ctx, op, sink);
  }
  if (status == ITA_OK && op->diff_bias) add_bias_gradient(ctx, op, Geometry(op->shape));
  return status;
}

ita_status masked_conv2d_explain(ita_context* ctx, const ita_masked_conv2d* op,
                                 ita_direction direction, char* text, size_t text_size) {
  const Live live = count_live(op->shape, op->mask);
  Plan plan;
  ita_status status = choose(ctx, op, direction, live, &plan);
  if (status != ITA_OK) return status;
  const bool rows = op->shape.block == 1;
  char why[160] = "forced";  // the plan's costs are those of its own choice, not of a forced one
  if (op->algorithm == ITA_CONV2D_AUTO && rows) {
    ita_core_format(why, sizeof why, "row-major, chosen by cost");
  } else if (op->algorithm == ITA_CONV2D_AUTO) {
    ita_core_format(
        why, sizeof why,
        "%s, expected at %.2f of the cost of the best sum of products and %.0f%% of the "
        "multiply-add roofline",
        op->exact ? "exact was asked for" : "chosen by cost", plan.cost / plan.exact_cost,
        100.0 * work_of(plan.algorithm, op->shape, direction, live) / plan.cost);
  }
  ita_core_format(text, text_size,
                  "%s: tiles of %s; %lld of %lld weights and %lld of %lld kernels are live; %s",
                  algorithm_name(plan.algorithm),
                  rows ? "pixels of one image" : tile_name(plan.algorithm, direction),
                  static_cast<long long>(live.weights), static_cast<long long>(live.all_weights),
                  static_cast<long long>(live.kernels), static_cast<long long>(live.all_kernels),
                  why);
  return ITA_OK;
}

}  // namespace ITA_ISA
