// SPDX-License-Identifier: Apache-2.0
// Masked products on row-major activations in plain loops: what has no kernel of its own yet.
#ifndef INTARSIA_ROWS_PLAIN_H_
#define INTARSIA_ROWS_PLAIN_H_

#include "conv2d_geometry.h"

namespace ITA_ISA {

// Calls body(k, source pixel, result pixel) for the live taps of one filter on one image.
template <class Body>
inline void for_each_product(const Geometry& geo, const uint32_t* mask, int64_t o,
                             const Body& body) {
  const ita_conv2d_shape& s = geo.s;
  for (int64_t k = 0; k < geo.k; k++) {
    if (!live(mask, k)) continue;
    const int64_t c = o / geo.outputs * geo.i + k / (s.kh * s.kw);
    for (int64_t oh = 0; oh < s.oh; oh++) {
      const int64_t h = oh * s.stride_h - s.pad_h + k / s.kw % s.kh * s.dilation_h;
      if (h < 0 || h >= s.h) continue;
      for (int64_t ow = 0; ow < s.ow; ow++) {
        const int64_t w = ow * s.stride_w - s.pad_w + k % s.kw * s.dilation_w;
        if (w < 0 || w >= s.w) continue;
        body(k, (c * s.h + h) * s.w + w, (o * s.oh + oh) * s.ow + ow);
      }
    }
  }
}

inline ita_status plain_conv2d(const ita_masked_conv2d* op, ita_direction direction) {
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  const int64_t plane = int64_t(s.oh) * s.ow;
  const int64_t src_floats = int64_t(s.c) * s.h * s.w;
  if (direction == ITA_BACKWARD_DATA) memset(op->diff_src, 0, sizeof(float) * s.n * src_floats);
  for (int64_t n = 0; n < s.n; n++) {
    const int64_t from = n * src_floats;
    const int64_t to = n * s.o * plane;
    for (int64_t o = 0; o < s.o; o++) {
      const uint32_t* mask = op->mask ? op->mask + o * geo.words : nullptr;
      const float* weights = op->weights + o * geo.k;
      if (direction == ITA_FORWARD) {
        for (int64_t p = 0; p < plane; p++) {
          op->dst[to + o * plane + p] = op->bias ? op->bias[o] : 0.0f;
        }
        for_each_product(geo, mask, o, [&](int64_t k, int64_t x, int64_t y) {
          op->dst[to + y] += weights[k] * op->src[from + x];
        });
      } else if (direction == ITA_BACKWARD_DATA) {
        for_each_product(geo, mask, o, [&](int64_t k, int64_t x, int64_t y) {
          op->diff_src[from + x] += weights[k] * op->diff_dst[to + y];
        });
      } else {
        float* diff = op->diff_weights + o * geo.k;
        for_each_product(geo, mask, o, [&](int64_t k, int64_t x, int64_t y) {
          diff[k] += op->src[from + x] * op->diff_dst[to + y];
        });
        for (int64_t p = 0; op->diff_bias && p < plane; p++) {
          op->diff_bias[o] += op->diff_dst[to + o * plane + p];
        }
      }
    }
  }
  return ITA_OK;
}

// A linear layer is the convolution of 1x1 images.
inline ita_status plain_linear(const ita_masked_linear* op, ita_direction direction) {
  ita_masked_conv2d conv = {};
  ita_conv2d_shape& s = conv.shape;
  s = {};
  s.n = op->shape.n;
  s.c = op->shape.i;
  s.o = op->shape.o;
  s.h = s.w = s.kh = s.kw = s.oh = s.ow = 1;
  s.stride_h = s.stride_w = s.dilation_h = s.dilation_w = s.groups = 1;
  s.block = op->shape.block;
  conv.weights = op->weights;
  conv.mask = op->mask;
  conv.bias = op->bias;
  conv.src = op->src;
  conv.dst = op->dst;
  conv.diff_dst = op->diff_dst;
  conv.diff_src = op->diff_src;
  conv.diff_weights = op->diff_weights;
  conv.diff_bias = op->diff_bias;
  return plain_conv2d(&conv, direction);
}

}  // namespace ITA_ISA

#endif  // INTARSIA_ROWS_PLAIN_H_
