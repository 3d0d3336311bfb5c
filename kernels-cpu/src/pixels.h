// SPDX-License-Identifier: Apache-2.0
// Pixels with a label each, sixteen at a time: of sixteen images in blocked activations, of one
// image in row-major ones.
#ifndef INTARSIA_PIXELS_H_
#define INTARSIA_PIXELS_H_

#include "rows.h"

namespace ITA_ISA {

// Labels are checked once before a kernel uses them as indices. `counted` gets how many pixels
// count. op has shape, ignore and labels.
template <class Op>
inline ita_status check_pixels(ita_context* ctx, const Op* op, int64_t* counted) {
  const int64_t area = int64_t{op->shape.h} * op->shape.w, pixels = op->shape.n * area;
  *counted = 0;
  for (int64_t k = 0; k < pixels; k++) {
    const int32_t label = op->labels[k];
    if (label == op->ignore) continue;
    if (label < 0 || label >= op->shape.c) {
      return ita_core_fail(ctx, ITA_INVALID_VALUE,
                           "labels[%lld, %lld] is %d, expected a class 0 .. %d or %d, which does "
                           "not count; correct the label map",
                           static_cast<long long>(k / area), static_cast<long long>(k % area), label,
                           op->shape.c - 1, op->ignore);
    }
    ++*counted;
  }
  return ITA_OK;
}

// A vector of pixels: logits of class c are at offset + c * stride, `used` lanes of them exist.
struct Pixels {
  int64_t offset, stride;
  int used;
  M counted;               // lanes whose label is a class
  int32_t label[kLanes];   // -1 in the others, which is no class
};

// Pixels come in vectors, `of_plane` to each block of images.
struct PixelVectors {
  int64_t count, of_plane;

  explicit PixelVectors(const ita_activation_shape& s) {
    const int64_t area = int64_t{s.h} * s.w;
    of_plane = s.block == 1 ? divide_up(area, kLanes) : area;
    count = (s.block == 1 ? s.n : blocks_of(s.n)) * of_plane;
  }
};

template <class Op>
inline Pixels pixels_of(const Op* op, const PixelVectors& vectors, int64_t index) {
  const ita_activation_shape& s = op->shape;
  const int64_t area = int64_t{s.h} * s.w;
  const int64_t plane = index / vectors.of_plane, at = index % vectors.of_plane;
  Pixels p;
  int64_t first, step;  // of the labels
  int64_t left;
  if (s.block == 1) {
    p.stride = area;
    p.offset = plane * s.c * area + at * kLanes;
    first = plane * area + at * kLanes;
    step = 1;
    left = area - at * kLanes;
    p.used = left < kLanes ? static_cast<int>(left) : kLanes;
  } else {
    p.stride = area * kLanes;
    p.offset = (plane * s.c * area + at) * kLanes;
    first = plane * kLanes * area + at;
    step = area;
    left = s.n - plane * kLanes;
    p.used = kLanes;
  }
  uint32_t bits = 0;
  for (int i = 0; i < kLanes; i++) {
    const int32_t label = i < left ? op->labels[first + i * step] : op->ignore;
    const bool counts = label != op->ignore;
    p.label[i] = counts ? label : -1;
    bits |= static_cast<uint32_t>(counts) << i;
  }
  p.counted = FromBits(bits);
  return p;
}

// Calls body(Whole or Part, pixels) for one vector of pixels.
template <class Body>
inline void with_pixels(const Pixels& p, const Body& body) {
  if (p.used == kLanes) {
    body(Whole());
  } else {
    body(Part{FirstN(p.used)});
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_PIXELS_H_
