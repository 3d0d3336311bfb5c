// SPDX-License-Identifier: Apache-2.0
// Sum of two activation tensors.
//
// Bound by memory: one pass over vectors of 16 images.
#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

ita_status add_forward(ita_context* ctx, const ita_add* op) {
  ITA_ASSERT(op->src && op->addend && op->dst);
  const ita_activation_shape& s = op->shape;
  parallel_for(ctx, blocks_of(s.n) * s.c * s.h * s.w, grain_for(12),
               [=](int64_t begin, int64_t end, int32_t) {
                 const float* src = op->src;
                 const float* addend = op->addend;
                 float* dst = op->dst;
                 for (int64_t at = begin * kLanes; at < end * kLanes; at += kLanes) {
                   Store(Add(Load(src + at), Load(addend + at)), dst + at);
                 }
               });
  return ITA_OK;
}

}  // namespace ITA_ISA
