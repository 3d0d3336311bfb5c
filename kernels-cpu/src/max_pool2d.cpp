// SPDX-License-Identifier: Apache-2.0
// Largest value of each window, and its gradient.
//
// Sixteen images are a vector, so a window is a vertical maximum. Nothing is kept from forward to
// backward: backward finds the maximum again and gives each lane's gradient to the first pixel that
// equals it. Windows may overlap, hence a whole [H, W] plane is one item.
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
  const int64_t image = int64_t{s.h} * s.w * kLanes;
  const int64_t planes = blocks_of(s.n) * s.c;
  const Grain grain = grain_for(2 * image / kLanes);
  parallel_for(ctx, planes, grain, [=](int64_t begin, int64_t end, int32_t) {
    for (int64_t plane = begin; plane < end; plane++) {
      const float* src = op->src + plane * image;  // src[n/16, c, :, :]
      float* dst = op->dst;
      for_each_window(s, plane, [=](Span y, Span x, int64_t window) {
        Store(empty(y, x) ? Zero() : largest(src, y, x, s.w), dst + window * kLanes);
      });
    }
  });
  return ITA_OK;
}

ita_status max_pool2d_backward_data(ita_context* ctx, const ita_max_pool2d* op) {
  ITA_ASSERT(op->src && op->diff_dst && op->diff_src);
  const ita_pool2d_shape s = op->shape;
  const int64_t image = int64_t{s.h} * s.w * kLanes;
  const int64_t planes = blocks_of(s.n) * s.c;
  const Grain grain = grain_for(2 * image / kLanes);
  parallel_for(ctx, planes, grain, [=](int64_t begin, int64_t end, int32_t) {
    for (int64_t plane = begin; plane < end; plane++) {
      const float* src = op->src + plane * image;  // src[n/16, c, :, :]
      const float* diff_dst = op->diff_dst;
      float* diff_src = op->diff_src + plane * image;  // diff_src[n/16, c, :, :]
      memset(diff_src, 0, static_cast<size_t>(image) * sizeof(float));
      for_each_window(s, plane, [=](Span y, Span x, int64_t window) {
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
    }
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
