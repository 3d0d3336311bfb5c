// SPDX-License-Identifier: Apache-2.0
// Mean cross entropy of a softmax over the channels of every pixel, and its gradient.
//
// Sixteen pixels are a vector in both layouts: maximum, sum and gradient are vertical. The maximum
// is subtracted first, so that no exponential overflows. Pixels that do not count are masked out of
// sums and gradients, so that even a NaN among their logits stays there. Losses are added in double
// over runs of vectors, and runs in their order.
#include "pixels.h"
#include "simd/math.h"

namespace ITA_ISA {

namespace {

constexpr int64_t kRun = 64;  // vectors whose losses one thread adds

// The softmax of 16 pixels is exp(src - largest) / sum.
struct Softmax {
  V largest;
  V sum;
};

template <class Vector>
inline Softmax softmax_of(Vector vector, const float* src, int64_t stride, int32_t classes) {
  V largest = vector.load(src);
  for (int32_t c = 1; c < classes; c++) largest = Max(largest, vector.load(src + c * stride));
  V sum = Zero();
  for (int32_t c = 0; c < classes; c++) {
    sum = Add(sum, Exp(Sub(vector.load(src + c * stride), largest)));
  }
  return {largest, sum};
}

double loss_of(const ita_pixel_cross_entropy* op, const Pixels& p) {
  const float* src = op->src + p.offset;
  float at_label[kLanes] = {};
  for (int i = 0; i < kLanes; i++) {
    if (p.label[i] >= 0) at_label[i] = src[p.label[i] * p.stride + i];
  }
  float loss = 0;
  with_pixels(p, [&](auto vector) {
    const Softmax softmax = softmax_of(vector, src, p.stride, op->shape.c);
    const V losses = Add(Log(softmax.sum), Sub(softmax.largest, LoadU(at_label)));
    loss = ReduceSum(IfThenElseZero(p.counted, losses));
  });
  return loss;
}

void write_gradient(const ita_pixel_cross_entropy* op, const Pixels& p, V share) {
  const float* src = op->src + p.offset;
  float* diff_src = op->diff_src + p.offset;
  const U label = LoadInts(p.label);
  with_pixels(p, [&](auto vector) {
    const Softmax softmax = softmax_of(vector, src, p.stride, op->shape.c);
    for (int32_t c = 0; c < op->shape.c; c++) {
      const V exponential = Exp(Sub(vector.load(src + c * p.stride), softmax.largest));
      const V one_hot = IfThenElseZero(EqU(label, SetU(static_cast<uint32_t>(c))), Set(1.0f));
      const V diff = Mul(Sub(Div(exponential, softmax.sum), one_hot), share);
      vector.store(IfThenElseZero(p.counted, diff), diff_src + c * p.stride);
    }
  });
}

}  // namespace

ita_status pixel_cross_entropy_forward(ita_context* ctx, const ita_pixel_cross_entropy* op) {
  ITA_ASSERT(op->src && op->labels && op->loss);
  int64_t counted = 0;
  const ita_status status = check_pixels(ctx, op, &counted);
  if (status != ITA_OK) return status;
  const PixelVectors vectors(op->shape);
  const int64_t runs = divide_up(vectors.count, kRun);
  double* losses =
      static_cast<double*>(ita_core_scratch(ctx, runs * static_cast<int64_t>(sizeof(double))));
  if (!losses) return ITA_OUT_OF_MEMORY;

  parallel_for(ctx, runs, grain_for(kRun * (20 + int64_t{op->shape.c} * 30)),
               [=](int64_t begin, int64_t end, int32_t) {
                 for (int64_t run = begin; run < end; run++) {
                   const int64_t last =
                       (run + 1) * kRun < vectors.count ? (run + 1) * kRun : vectors.count;
                   losses[run] = 0;
                   for (int64_t at = run * kRun; at < last; at++) {
                     losses[run] += loss_of(op, pixels_of(op, vectors, at));
                   }
                 }
               });
  double sum = 0;
  for (int64_t run = 0; run < runs; run++) sum += losses[run];
  op->loss[0] = counted == 0 ? 0 : static_cast<float>(sum / static_cast<double>(counted));
  return ITA_OK;
}

ita_status pixel_cross_entropy_backward_data(ita_context* ctx, const ita_pixel_cross_entropy* op) {
  ITA_ASSERT(op->src && op->labels && op->diff_src);
  int64_t counted = 0;
  const ita_status status = check_pixels(ctx, op, &counted);
  if (status != ITA_OK) return status;
  const PixelVectors vectors(op->shape);
  const V share =
      Set(counted == 0 ? 0 : static_cast<float>(1.0 / static_cast<double>(counted)));
  parallel_for(ctx, vectors.count, grain_for(20 + int64_t{op->shape.c} * 60),
               [=](int64_t begin, int64_t end, int32_t) {
                 for (int64_t at = begin; at < end; at++) {
                   write_gradient(op, pixels_of(op, vectors, at), share);
                 }
               });
  return ITA_OK;
}

}  // namespace ITA_ISA
