// SPDX-License-Identifier: Apache-2.0
// Largest value of each window, and its gradient.
//
// Blocked, sixteen images are a vector, so a window is a vertical maximum; row-major, a pixel is a
// scalar of the same body. Nothing is kept from forward to backward: backward finds the maximum
// again and gives each image's gradient to the first pixel that equals it. Windows may overlap,
// hence a whole [H, W] plane is one item.
#include "pool_window.h"

namespace ITA_ISA {

namespace {

// src points at the plane; the window is not empty.
template <class P>
inline typename P::Value largest(const float* src, Span y, Span x, int32_t w) {
  typename P::Value best = P::load(src + (int64_t{y.first} * w + x.first) * P::kFloats);
  for_each_pixel(y, x, w, [&](int64_t p) { best = P::max(best, P::load(src + p * P::kFloats)); });
  return best;
}

inline bool empty(Span y, Span x) { return y.first >= y.last || x.first >= x.last; }

template <class P>
void forward(ita_context* ctx, const ita_max_pool2d* op) {
  const ita_pool2d_shape s = op->shape;
  for_each_plane(ctx, s, [=](int64_t plane) {
    const float* src = op->src + plane * s.h * s.w * P::kFloats;  // src[n/16, c, :, :]
    float* dst = op->dst;
    for_each_window(s, plane, [=](Span y, Span x, int64_t window) {
      P::store(empty(y, x) ? P::set(0) : largest<P>(src, y, x, s.w), dst + window * P::kFloats);
    });
  });
}

template <class P>
void backward_data(ita_context* ctx, const ita_max_pool2d* op) {
  const ita_pool2d_shape s = op->shape;
  const int64_t image = int64_t{s.h} * s.w * P::kFloats;
  for_each_plane(ctx, s, [=](int64_t plane) {
    const float* src = op->src + plane * image;  // src[n/16, c, :, :]
    const float* diff_dst = op->diff_dst;
    float* diff_src = op->diff_src + plane * image;  // diff_src[n/16, c, :, :]
    memset(diff_src, 0, static_cast<size_t>(image) * sizeof(float));
    for_each_window(s, plane, [=](Span y, Span x, int64_t window) {
      if (empty(y, x)) return;
      const typename P::Value best = largest<P>(src, y, x, s.w);
      const typename P::Value diff = P::load(diff_dst + window * P::kFloats);
      typename P::Found open = P::all();
      for_each_pixel(y, x, s.w, [&](int64_t p) {
        float* to = diff_src + p * P::kFloats;
        const typename P::Value value = P::load(src + p * P::kFloats);
        P::store(P::add(P::load(to), P::diff_if_found(&open, value, best, diff)), to);
      });
    });
  });
}

}  // namespace

ita_status max_pool2d_forward(ita_context* ctx, const ita_max_pool2d* op) {
  ITA_ASSERT(op->src && op->dst);
  op->shape.block == 1 ? forward<SinglePixel>(ctx, op) : forward<BlockPixel>(ctx, op);
  return ITA_OK;
}

ita_status max_pool2d_backward_data(ita_context* ctx, const ita_max_pool2d* op) {
  ITA_ASSERT(op->src && op->diff_dst && op->diff_src);
  op->shape.block == 1 ? backward_data<SinglePixel>(ctx, op) : backward_data<BlockPixel>(ctx, op);
  return ITA_OK;
}

}  // namespace ITA_ISA
