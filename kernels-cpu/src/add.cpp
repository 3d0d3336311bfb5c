// SPDX-License-Identifier: Apache-2.0
// Sum of two activation tensors.
//
// Bound by memory: one pass over the tensors as one row of floats, whatever their layout.
#include "rows.h"

namespace ITA_ISA {

ita_status add_forward(ita_context* ctx, const ita_add* op) {
  ITA_ASSERT(op->src && op->addend && op->dst);
  const float* src = op->src;
  const float* addend = op->addend;
  float* dst = op->dst;
  for_each_float(ctx, op->shape, [=](auto vector, int64_t at) {
    vector.store(Add(vector.load(src + at), vector.load(addend + at)), dst + at);
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
