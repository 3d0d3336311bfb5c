// SPDX-License-Identifier: Apache-2.0
// Rectifier: dst = max(src, 0), and its gradient.
//
// Bound by memory: one pass over the tensor as one row of floats, whatever its layout. A NaN passes
// through, so that a run that went wrong is seen. Zero diffs stay zero, pad lanes with them.
#include "rows.h"

namespace ITA_ISA {

ita_status relu_forward(ita_context* ctx, const ita_relu* op) {
  ITA_ASSERT(op->src && op->dst);
  const float* src = op->src;
  float* dst = op->dst;
  // Of zero and NaN, Max gives its second operand: the order of the operands matters.
  for_each_float(ctx, op->shape, [=](auto vector, int64_t at) {
    vector.store(Max(Zero(), vector.load(src + at)), dst + at);
  });
  return ITA_OK;
}

ita_status relu_backward_data(ita_context* ctx, const ita_relu* op) {
  ITA_ASSERT(op->dst && op->diff_dst && op->diff_src);
  const float* dst = op->dst;
  const float* diff_dst = op->diff_dst;
  float* diff_src = op->diff_src;
  for_each_float(ctx, op->shape, [=](auto vector, int64_t at) {
    M passed = Gt(vector.load(dst + at), Zero());
    vector.store(IfThenElseZero(passed, vector.load(diff_dst + at)), diff_src + at);
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
