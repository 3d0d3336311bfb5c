// SPDX-License-Identifier: Apache-2.0
// Counts pixels by label and by the class of the largest logit.
//
// Sixteen pixels are a vector in both layouts; the class of the largest logit so far rides along as
// a float, which is exact below 2^24 classes. Only a greater logit displaces it, so the first of
// equals stays. Every thread counts into a matrix of its own; whole numbers add up to the same sum
// in any order.
#include "pixels.h"

namespace ITA_ISA {

namespace {

void count(const ita_pixel_confusion* op, const Pixels& p, int64_t* confusion) {
  const float* src = op->src + p.offset;
  int32_t answer[kLanes];
  with_pixels(p, [&](auto vector) {
    V largest = vector.load(src);
    V chosen = Zero();
    for (int32_t c = 1; c < op->shape.c; c++) {
      const V logit = vector.load(src + c * p.stride);
      const M greater = Gt(logit, largest);
      largest = IfThenElse(greater, logit, largest);
      chosen = IfThenElse(greater, Set(static_cast<float>(c)), chosen);
    }
    StoreInts(ToNearest(chosen), answer);
  });
  for (int i = 0; i < kLanes; i++) {
    if (p.label[i] >= 0) confusion[int64_t{p.label[i]} * op->shape.c + answer[i]]++;
  }
}

}  // namespace

ita_status pixel_confusion_forward(ita_context* ctx, const ita_pixel_confusion* op) {
  ITA_ASSERT(op->src && op->labels && op->confusion);
  int64_t counted = 0;
  const ita_status status = check_pixels(ctx, op, &counted);
  if (status != ITA_OK) return status;
  const PixelVectors vectors(op->shape);
  const int64_t cells = int64_t{op->shape.c} * op->shape.c;
  const int64_t bytes = ctx->threads * cells * static_cast<int64_t>(sizeof(int64_t));
  int64_t* counts = static_cast<int64_t*>(ita_core_scratch(ctx, bytes));  // [threads, C, C]
  if (!counts) return ITA_OUT_OF_MEMORY;
  memset(counts, 0, static_cast<size_t>(bytes));
  parallel_for(ctx, vectors.count, grain_for(40 + int64_t{op->shape.c} * 4),
               [=](int64_t begin, int64_t end, int32_t worker) {
                 for (int64_t at = begin; at < end; at++) {
                   count(op, pixels_of(op, vectors, at), counts + worker * cells);
                 }
               });
  for (int64_t i = 0; i < ctx->threads * cells; i++) op->confusion[i % cells] += counts[i];
  return ITA_OK;
}

}  // namespace ITA_ISA
