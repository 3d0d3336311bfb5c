// SPDX-License-Identifier: Apache-2.0
// Largest value of each window, and its gradient.
//
// Sixteen planes are a vector, of images or of row-major channels, so a window is a vertical
// maximum. Nothing is kept from forward to backward: backward finds the maximum again and gives
// each lane's gradient to the first pixel that equals it. Windows may overlap, hence a whole
// [H, W] plane is one item.
#include "pool_window.h"

namespace ITA_ISA {

namespace {

// src points at the plane; the window is not empty.
inline V largest(const float* src, Span y, Span x, int32_t w) {
  V best = Load(src + (int64_t{y.first} * w + x.first) * kLanes);
  for_each_pixel(y, x, w, [&](int64_t p) { best = Max(best, Load(src + p * kLanes)); });
  return best;
}

inline bool empty(Span y, Span x) { return y.first >= y.last || x.first >= x.last; }

}  // namespace

ita_status max_pool2d_forward(ita_context* ctx, const ita_max_pool2d* op) {
  ITA_ASSERT(op->src && op->dst);
  const ita_pool2d_shape s = op->shape;
  const int64_t pixels = int64_t{s.h} * s.w, windows = int64_t{s.oh} * s.ow;
  return for_each_plane(ctx, s, {op->src, pixels}, {op->src, 0}, {op->dst, windows},
                        [=](const float* src, const float*, float* dst) {
                          for_each_window(s, [=](Span y, Span x, int64_t window) {
                            Store(empty(y, x) ? Zero() : largest(src, y, x, s.w),
                                  dst + window * kLanes);
                          });
                        });
}

ita_status max_pool2d_backward_data(ita_context* ctx, const ita_max_pool2d* op) {
  ITA_ASSERT(op->src && op->diff_dst && op->diff_src);
  const ita_pool2d_shape s = op->shape;
  const int64_t pixels = int64_t{s.h} * s.w, windows = int64_t{s.oh} * s.ow;
  const auto plane = [=](const float* src, const float* diff_dst, float* diff_src) {
    memset(diff_src, 0, static_cast<size_t>(pixels) * kLanes * sizeof(float));
    for_each_window(s, [=](Span y, Span x, int64_t window) {
      if (empty(y, x)) return;
      V best = largest(src, y, x, s.w);
      V diff = Load(diff_dst + window * kLanes);
      M open = FirstN(kLanes);  // lanes that have not found their pixel
      for_each_pixel(y, x, s.w, [&](int64_t p) {
        M hit = And(open, Eq(Load(src + p * kLanes), best));
        open = AndNot(open, hit);
        float* to = diff_src + p * kLanes;
        Store(Add(Load(to), IfThenElseZero(hit, diff)), to);
      });
    });
  };
  return for_each_plane(ctx, s, {op->src, pixels}, {op->diff_dst, windows}, {op->diff_src, pixels},
                        plane);
}

}  // namespace ITA_ISA
