// SPDX-License-Identifier: Apache-2.0
// What the pools share: the part of a window that lies inside the image.
#ifndef INTARSIA_POOL_WINDOW_H_
#define INTARSIA_POOL_WINDOW_H_

#include <string.h>

#include "planes.h"

namespace ITA_ISA {

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

// Calls body(y, x, window) for every window of a plane in row-major order.
template <class Body>
inline void for_each_window(const ita_pool2d_shape& s, const Body& body) {
  int64_t window = 0;
  for (int32_t oh = 0; oh < s.oh; oh++) {
    Span y = span_of(oh, s.stride_h, s.pad_h, s.kh, s.h);
    for (int32_t ow = 0; ow < s.ow; ow++, window++) {
      body(y, span_of(ow, s.stride_w, s.pad_w, s.kw, s.w), window);
    }
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_POOL_WINDOW_H_
