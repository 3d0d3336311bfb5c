// SPDX-License-Identifier: Apache-2.0
// Larger images by whole factors, nearest or bilinear with half-pixel centres, and the gradient.
//
// Sixteen planes are a vector, of images or of row-major channels. Between two neighbours of the
// source lie `scale` results, whose weights are the same in every such interval; half an interval
// lies beyond each border, where both neighbours are the border pixel. So a row of results takes
// two loads and one linear step per source pixel, and one more step per result. The gradient adds
// up each interval first and then touches the two source rows once per source pixel, not once per
// result. A plane is one item: its sums have one order.
#include <string.h>

#include "planes.h"

namespace ITA_ISA {

namespace {

// The results of one axis that lie in interval `low`, between pixels low and low + 1; low = -1 and
// low = size - 1 are the halves beyond the borders.
struct Interval {
  int32_t first, last;  // results [first, last)
  int32_t left, right;  // source pixels, inside the image
};

inline Interval interval_of(int32_t low, int32_t scale, int32_t size) {
  const int32_t first = scale * low + scale / 2, last = first + scale;
  return {first > 0 ? first : 0, last < scale * size ? last : scale * size, low > 0 ? low : 0,
          low + 1 < size ? low + 1 : size - 1};
}

// How far result o lies from pixel low of its interval towards low + 1, in [0, 1).
inline float fraction_of(int32_t o, int32_t low, int32_t scale) {
  return static_cast<float>(2 * o + 1 - scale - 2 * scale * low) / static_cast<float>(2 * scale);
}

// Calls body(low, interval) for all intervals of an axis.
template <class Body>
inline void for_each_interval(int32_t size, int32_t scale, const Body& body) {
  for (int32_t low = -1; low < size; low++) body(low, interval_of(low, scale, size));
}

inline void nearest_forward(const ita_upsample2d_shape& s, const float* src, float* dst) {
  const int64_t width = int64_t{s.w} * s.scale_w * kLanes;
  for (int32_t h = 0; h < s.h; h++, dst += width * s.scale_h) {
    float* to = dst;
    for (int32_t w = 0; w < s.w; w++, src += kLanes) {
      const V value = Load(src);
      for (int32_t k = 0; k < s.scale_w; k++, to += kLanes) Store(value, to);
    }
    for (int32_t k = 1; k < s.scale_h; k++) {
      memcpy(dst + k * width, dst, static_cast<size_t>(width) * sizeof(float));
    }
  }
}

inline void nearest_backward(const ita_upsample2d_shape& s, const float* diff_dst,
                             float* diff_src) {
  const int64_t width = int64_t{s.w} * s.scale_w * kLanes;
  for (int32_t h = 0; h < s.h; h++, diff_dst += width * s.scale_h) {
    for (int32_t w = 0; w < s.w; w++, diff_src += kLanes) {
      V sum = Zero();
      for (int32_t y = 0; y < s.scale_h; y++) {
        const float* from = diff_dst + y * width + int64_t{w} * s.scale_w * kLanes;
        for (int32_t x = 0; x < s.scale_w; x++) sum = Add(sum, Load(from + x * kLanes));
      }
      Store(sum, diff_src);
    }
  }
}

inline void bilinear_forward(const ita_upsample2d_shape& s, const float* src, float* dst) {
  const int64_t row = int64_t{s.w} * kLanes;
  for_each_interval(s.h, s.scale_h, [&](int32_t above, Interval y) {
    for (int32_t oh = y.first; oh < y.last; oh++) {
      const V down = Set(fraction_of(oh, above, s.scale_h));
      // The source between its two rows, at a column.
      auto between = [&](int32_t w) {
        const V top = Load(src + y.left * row + int64_t{w} * kLanes);
        const V bottom = Load(src + y.right * row + int64_t{w} * kLanes);
        return MulAdd(Sub(bottom, top), down, top);
      };
      float* to = dst + int64_t{oh} * s.w * s.scale_w * kLanes;
      V left = between(0);
      for_each_interval(s.w, s.scale_w, [&](int32_t before, Interval x) {
        const V right = between(x.right);
        const V step = Sub(right, left);
        for (int32_t ow = x.first; ow < x.last; ow++, to += kLanes) {
          Store(MulAdd(step, Set(fraction_of(ow, before, s.scale_w)), left), to);
        }
        left = right;
      });
    }
  });
}

inline void bilinear_backward(const ita_upsample2d_shape& s, const float* diff_dst,
                              float* diff_src) {
  const int64_t row = int64_t{s.w} * kLanes;
  memset(diff_src, 0, static_cast<size_t>(s.h * row) * sizeof(float));
  for_each_interval(s.h, s.scale_h, [&](int32_t above, Interval y) {
    for (int32_t oh = y.first; oh < y.last; oh++) {
      const V down = Set(fraction_of(oh, above, s.scale_h));
      auto give = [&](V diff, int32_t w) {
        float* top = diff_src + y.left * row + int64_t{w} * kLanes;
        float* bottom = diff_src + y.right * row + int64_t{w} * kLanes;
        const V share = Mul(diff, down);
        Store(Add(Load(top), Sub(diff, share)), top);
        Store(Add(Load(bottom), share), bottom);  // the same pixel at a border
      };
      const float* from = diff_dst + int64_t{oh} * s.w * s.scale_w * kLanes;
      V carried = Zero();  // what the interval before owes to its right pixel
      for_each_interval(s.w, s.scale_w, [&](int32_t before, Interval x) {
        V all = Zero(), right = Zero();
        for (int32_t ow = x.first; ow < x.last; ow++, from += kLanes) {
          const V diff = Load(from);
          all = Add(all, diff);
          right = MulAdd(diff, Set(fraction_of(ow, before, s.scale_w)), right);
        }
        if (x.left == x.right) {  // beyond a border, or between the borders of one column
          carried = Add(carried, all);
          if (before == s.w - 1) give(carried, x.left);
        } else {
          give(Add(carried, Sub(all, right)), x.left);
          carried = right;
        }
      });
    }
  });
}

}  // namespace

ita_status upsample2d_forward(ita_context* ctx, const ita_upsample2d* op) {
  ITA_ASSERT(op->src && op->dst && op->shape.scale_h > 0 && op->shape.scale_w > 0);
  const ita_upsample2d_shape s = op->shape;
  const ita_activation_shape large = {s.n, s.c, s.h * s.scale_h, s.w * s.scale_w, s.block};
  const int64_t pixels = int64_t{s.h} * s.w, results = int64_t{large.h} * large.w;
  const bool nearest = op->mode == ITA_UPSAMPLE_NEAREST;
  return for_each_plane(ctx, large, {op->src, pixels}, {op->src, 0}, {op->dst, results},
                        [=](const float* src, const float*, float* dst) {
                          nearest ? nearest_forward(s, src, dst) : bilinear_forward(s, src, dst);
                        });
}

ita_status upsample2d_backward_data(ita_context* ctx, const ita_upsample2d* op) {
  ITA_ASSERT(op->diff_dst && op->diff_src && op->shape.scale_h > 0 && op->shape.scale_w > 0);
  const ita_upsample2d_shape s = op->shape;
  const ita_activation_shape large = {s.n, s.c, s.h * s.scale_h, s.w * s.scale_w, s.block};
  const int64_t pixels = int64_t{s.h} * s.w, results = int64_t{large.h} * large.w;
  const bool nearest = op->mode == ITA_UPSAMPLE_NEAREST;
  return for_each_plane(ctx, large, {op->diff_dst, results}, {op->diff_dst, 0},
                        {op->diff_src, pixels},
                        [=](const float* diff_dst, const float*, float* diff_src) {
                          nearest ? nearest_backward(s, diff_dst, diff_src)
                                  : bilinear_backward(s, diff_dst, diff_src);
                        });
}

}  // namespace ITA_ISA
