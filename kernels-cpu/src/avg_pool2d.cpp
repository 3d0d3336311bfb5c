// SPDX-License-Identifier: Apache-2.0
// Mean of each window over the values inside the image, and its gradient.
//
// Sixteen planes are a vector, of images or of row-major channels, so a window is a vertical sum.
// Windows may overlap, hence backward takes a whole [H, W] plane as one item.
#include "pool_window.h"

namespace ITA_ISA {

namespace {

// 1 over the pixels of a window; 0 for one that lies in the padding.
inline V share_of(Span y, Span x) {
  int32_t rows = y.last - y.first;
  int32_t cols = x.last - x.first;
  if (rows <= 0 || cols <= 0) return Zero();
  return Set(1.0f / (static_cast<float>(rows) * static_cast<float>(cols)));
}

}  // namespace

ita_status avg_pool2d_forward(ita_context* ctx, const ita_avg_pool2d* op) {
  ITA_ASSERT(op->src && op->dst);
  const ita_pool2d_shape s = op->shape;
  const int64_t pixels = int64_t{s.h} * s.w, windows = int64_t{s.oh} * s.ow;
  const auto plane = [=](const float* src, const float*, float* dst) {
    for_each_window(s, [=](Span y, Span x, int64_t window) {
      V sum = Zero();
      for_each_pixel(y, x, s.w, [&](int64_t p) { sum = Add(sum, Load(src + p * kLanes)); });
      Store(Mul(sum, share_of(y, x)), dst + window * kLanes);
    });
  };
  return for_each_plane(ctx, s, {op->src, pixels}, {op->src, 0}, {op->dst, windows}, plane);
}

ita_status avg_pool2d_backward_data(ita_context* ctx, const ita_avg_pool2d* op) {
  ITA_ASSERT(op->diff_dst && op->diff_src);
  const ita_pool2d_shape s = op->shape;
  const int64_t pixels = int64_t{s.h} * s.w, windows = int64_t{s.oh} * s.ow;
  const auto plane = [=](const float* diff_dst, const float*, float* diff_src) {
    memset(diff_src, 0, static_cast<size_t>(pixels) * kLanes * sizeof(float));
    for_each_window(s, [=](Span y, Span x, int64_t window) {
      V diff = Mul(Load(diff_dst + window * kLanes), share_of(y, x));
      for_each_pixel(y, x, s.w, [&](int64_t p) {
        float* to = diff_src + p * kLanes;
        Store(Add(Load(to), diff), to);
      });
    });
  };
  return for_each_plane(ctx, s, {op->diff_dst, windows}, {op->diff_dst, 0}, {op->diff_src, pixels},
                        plane);
}

}  // namespace ITA_ISA
