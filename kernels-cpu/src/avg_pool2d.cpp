// SPDX-License-Identifier: Apache-2.0
// Mean of each window over the values inside the image, and its gradient.
//
// Blocked, sixteen images are a vector, so a window is a vertical sum; row-major, a pixel is a
// scalar of the same body. Windows may overlap, hence a whole [H, W] plane is one item.
#include "pool_window.h"

namespace ITA_ISA {

namespace {

// 1 over the pixels of a window; 0 for one that lies in the padding.
inline float share_of(Span y, Span x) {
  int32_t rows = y.last - y.first;
  int32_t cols = x.last - x.first;
  if (rows <= 0 || cols <= 0) return 0;
  return 1.0f / (static_cast<float>(rows) * static_cast<float>(cols));
}

template <class P>
void forward(ita_context* ctx, const ita_avg_pool2d* op) {
  const ita_pool2d_shape s = op->shape;
  for_each_plane(ctx, s, [=](int64_t plane) {
    const float* src = op->src + plane * s.h * s.w * P::kFloats;  // src[n/16, c, :, :]
    float* dst = op->dst;
    for_each_window(s, plane, [=](Span y, Span x, int64_t window) {
      typename P::Value sum = P::set(0);
      for_each_pixel(y, x, s.w,
                     [&](int64_t p) { sum = P::add(sum, P::load(src + p * P::kFloats)); });
      P::store(P::mul(sum, P::set(share_of(y, x))), dst + window * P::kFloats);
    });
  });
}

template <class P>
void backward_data(ita_context* ctx, const ita_avg_pool2d* op) {
  const ita_pool2d_shape s = op->shape;
  const int64_t image = int64_t{s.h} * s.w * P::kFloats;
  for_each_plane(ctx, s, [=](int64_t plane) {
    const float* diff_dst = op->diff_dst;
    float* diff_src = op->diff_src + plane * image;  // diff_src[n/16, c, :, :]
    memset(diff_src, 0, static_cast<size_t>(image) * sizeof(float));
    for_each_window(s, plane, [=](Span y, Span x, int64_t window) {
      const typename P::Value diff =
          P::mul(P::load(diff_dst + window * P::kFloats), P::set(share_of(y, x)));
      for_each_pixel(y, x, s.w, [&](int64_t p) {
        float* to = diff_src + p * P::kFloats;
        P::store(P::add(P::load(to), diff), to);
      });
    });
  });
}

}  // namespace

ita_status avg_pool2d_forward(ita_context* ctx, const ita_avg_pool2d* op) {
  ITA_ASSERT(op->src && op->dst);
  op->shape.block == 1 ? forward<SinglePixel>(ctx, op) : forward<BlockPixel>(ctx, op);
  return ITA_OK;
}

ita_status avg_pool2d_backward_data(ita_context* ctx, const ita_avg_pool2d* op) {
  ITA_ASSERT(op->diff_dst && op->diff_src);
  op->shape.block == 1 ? backward_data<SinglePixel>(ctx, op) : backward_data<BlockPixel>(ctx, op);
  return ITA_OK;
}

}  // namespace ITA_ISA
