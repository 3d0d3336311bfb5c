// SPDX-License-Identifier: Apache-2.0
// The part of a pooling window that lies inside the image, and what a pixel is in either layout.
#ifndef INTARSIA_POOL_WINDOW_H_
#define INTARSIA_POOL_WINDOW_H_

#include <string.h>

#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

// A pixel of blocked activations: one value of each of 16 images.
struct BlockPixel {
  typedef V Value;
  typedef M Found;
  static constexpr int64_t kFloats = kLanes;

  static V load(const float* p) { return Load(p); }
  static void store(V v, float* p) { Store(v, p); }
  static V set(float x) { return Set(x); }
  static V add(V a, V b) { return Add(a, b); }
  static V mul(V a, V b) { return Mul(a, b); }
  static V max(V a, V b) { return Max(a, b); }

  // The images that have not found their pixel; those of them that find it here leave.
  static M all() { return FirstN(kLanes); }
  static V diff_if_found(M* open, V value, V best, V diff) {
    const M hit = And(*open, Eq(value, best));
    *open = AndNot(*open, hit);
    return IfThenElseZero(hit, diff);
  }
};

// A pixel of row-major activations: one value. A window is a few scalars, beside the convolutions
// of a net they cost nothing that a vector would save.
struct SinglePixel {
  typedef float Value;
  typedef bool Found;
  static constexpr int64_t kFloats = 1;

  static float load(const float* p) { return *p; }
  static void store(float v, float* p) { *p = v; }
  static float set(float x) { return x; }
  static float add(float a, float b) { return a + b; }
  static float mul(float a, float b) { return a * b; }
  static float max(float a, float b) { return a > b ? a : b; }

  static bool all() { return true; }
  static float diff_if_found(bool* open, float value, float best, float diff) {
    const bool hit = *open && value == best;
    *open = *open && !hit;
    return hit ? diff : 0.0f;
  }
};

// Pixels [first, last) along one axis; empty when the window lies in the padding.
struct Span {
  int32_t first, last;
};

inline Span span_of(int32_t index, int32_t stride, int32_t pad, int32_t kernel, int32_t size) {
  int32_t first = index * stride - pad;
  int32_t last = first + kernel < size ? first + kernel : size;
  return {first > 0 ? first : 0, last};
}

// Calls body(p) for the pixels of a window in row-major order; p counts pixels of the [H, W] plane.
template <class Body>
inline void for_each_pixel(Span y, Span x, int32_t w, const Body& body) {
  for (int32_t row = y.first; row < y.last; row++) {
    for (int32_t col = x.first; col < x.last; col++) body(int64_t{row} * w + col);
  }
}

// Calls body(y, x, window) for every window of a plane, the [H, W] of one block and channel;
// `window` counts the windows of all planes.
template <class Body>
inline void for_each_window(const ita_pool2d_shape& s, int64_t plane, const Body& body) {
  int64_t window = plane * s.oh * s.ow;
  for (int32_t oh = 0; oh < s.oh; oh++) {
    Span y = span_of(oh, s.stride_h, s.pad_h, s.kh, s.h);
    for (int32_t ow = 0; ow < s.ow; ow++, window++) {
      body(y, span_of(ow, s.stride_w, s.pad_w, s.kw, s.w), window);
    }
  }
}

// Calls body(plane) for every plane of a tensor, on the context's threads.
template <class Body>
inline void for_each_plane(ita_context* ctx, const ita_pool2d_shape& s, const Body& body) {
  const int64_t planes = (s.block == 1 ? s.n : blocks_of(s.n)) * s.c;
  parallel_for(ctx, planes, grain_for(int64_t{2} * s.h * s.w),
               [=](int64_t begin, int64_t end, int32_t) {
                 for (int64_t plane = begin; plane < end; plane++) body(plane);
               });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_POOL_WINDOW_H_
