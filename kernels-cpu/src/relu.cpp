// SPDX-License-Identifier: Apache-2.0
// Rectifier: dst = max(src, 0), and its gradient.
//
// Bound by memory: one pass over vectors of 16 images. A NaN passes through, so that a run
// that went wrong is seen. Zero diffs stay zero, pad lanes with them.
#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

namespace {

int64_t vectors_of(const ita_activation_shape& s) { return blocks_of(s.n) * s.c * s.h * s.w; }

}  // namespace

ita_status relu_forward(ita_context* ctx, const ita_relu* op) {
  ITA_ASSERT(op->src && op->dst);
  parallel_for(ctx, vectors_of(op->shape), grain_for(8), [=](int64_t begin, int64_t end, int32_t) {
    const float* src = op->src;
    float* dst = op->dst;
    // Of zero and NaN, Max gives its second operand: the order of the operands matters.
    for (int64_t at = begin * kLanes; at < end * kLanes; at += kLanes) {
      Store(Max(Zero(), Load(src + at)), dst + at);
    }
  });
  return ITA_OK;
}

ita_status relu_backward_data(ita_context* ctx, const ita_relu* op) {
  ITA_ASSERT(op->dst && op->diff_dst && op->diff_src);
  parallel_for(ctx, vectors_of(op->shape), grain_for(8), [=](int64_t begin, int64_t end, int32_t) {
    const float* dst = op->dst;
    const float* diff_dst = op->diff_dst;
    float* diff_src = op->diff_src;
    for (int64_t at = begin * kLanes; at < end * kLanes; at += kLanes) {
      M passed = Gt(Load(dst + at), Zero());
      Store(IfThenElseZero(passed, Load(diff_dst + at)), diff_src + at);
    }
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
