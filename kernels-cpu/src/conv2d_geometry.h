// SPDX-License-Identifier: Apache-2.0
// What the general algorithms of masked_conv2d know of a shape.
#ifndef INTARSIA_CONV2D_GEOMETRY_H_
#define INTARSIA_CONV2D_GEOMETRY_H_

#include "padded.h"
#include "parallel.h"

namespace ITA_ISA {

inline bool live(const uint32_t* mask_row, int64_t k) {
  return !mask_row || (mask_row[k >> 5] >> (k & 31) & 1);
}

// Whether any of `count` bits from k on is set.
inline bool has_live(const uint32_t* mask_row, int64_t k, int64_t count) {
  if (!mask_row) return true;
  for (const int64_t end = k + count; k < end;) {
    const int64_t take = 32 - (k & 31) < end - k ? 32 - (k & 31) : end - k;
    if (mask_row[k >> 5] >> (k & 31) & (0xFFFFFFFFu >> (32 - take))) return true;
    k += take;
  }
  return false;
}

struct Geometry {
  const ita_conv2d_shape& s;
  int64_t blocks, i, outputs;  // outputs of one group
  int64_t k, words;            // taps of one filter, mask words of one filter

  explicit Geometry(const ita_conv2d_shape& shape)
      : s(shape),
        blocks(blocks_of(shape.n)),
        i(shape.c / shape.groups),
        outputs(shape.o / shape.groups),
        k(i * shape.kh * shape.kw),
        words(words_of(k)) {}

  Padded padded_src() const {
    return Padded(blocks, s.c, s.h, s.w, {s.pad_h, s.pad_h}, {s.pad_w, s.pad_w});
  }

  // From the base of an output pixel to the source pixel of a tap, in floats.
  int32_t tap_offset(const Padded& padded, int64_t channel, int64_t kh, int64_t kw) const {
    return static_cast<int32_t>(channel * padded.channel_stride +
                                kh * s.dilation_h * padded.row_stride +
                                kw * s.dilation_w * ITA_BLOCK);
  }
};

constexpr int64_t kMaxOffset = INT32_MAX;

inline ita_status too_large(ita_context* ctx, const char* name, int64_t floats) {
  return ita_core_fail(ctx, ITA_UNSUPPORTED,
                       "%s: one block of 16 padded images has %lld floats, the limit is %lld; use "
                       "smaller images or fewer channels",
                       name, static_cast<long long>(floats), static_cast<long long>(kMaxOffset));
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_GEOMETRY_H_
