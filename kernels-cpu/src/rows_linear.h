// SPDX-License-Identifier: Apache-2.0
// Masked products with row-major activations of a few images: the weights are read once, in place,
// in their own order, with the inputs as lanes.
//
// Bound by reading the weights. forward: dot products of four rows of weights with every image.
// backward_data: the rows, scaled, added to a span of diff_src that stays in the first-level cache.
// Words of the mask without a set bit are not read; full ones cost one comparison. 4096 x 4096, one
// image, Zen 5, one thread: 2.5 ms forward, 4.3 backward_data beside busy neighbours (floor 1.7).
#ifndef INTARSIA_ROWS_LINEAR_H_
#define INTARSIA_ROWS_LINEAR_H_

#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

constexpr int kFewImages = 4;  // images that share one reading of the weights

// Mask bits of columns [word * 32, + 32) of one row; zero past its end.
inline uint32_t row_bits(const uint32_t* mask_row, int64_t word, int64_t cols) {
  const uint32_t bits = mask_row ? mask_row[word] : ~0u;
  const int64_t left = cols - word * 32;
  return left >= 32 ? bits : bits & ((1u << left) - 1);
}

// Sixteen floats under bits; memory outside them is not touched.
inline V load_bits(uint32_t bits, const float* p) {
  bits &= 0xFFFF;
  return bits == 0xFFFF ? LoadU(p) : bits ? MaskedLoad(FromBits(bits), p) : Zero();
}
inline void store_bits(uint32_t bits, V v, float* p) {
  bits &= 0xFFFF;
  if (bits == 0xFFFF) {
    StoreU(v, p);
  } else if (bits) {
    MaskedStore(FromBits(bits), v, p);
  }
}

struct RowsLinear {
  const float* weights;  // [o, i]
  const uint32_t* mask;  // [o, words] or NULL
  int64_t o, i, words;
  const float* src;   // [images, i] forward; [images, o] backward_data
  float* dst;         // [images, o] forward; [images, i] backward_data
  const float* bias;  // [o] or NULL

  const uint32_t* mask_row(int64_t row) const { return mask ? mask + row * words : nullptr; }

  // dst[n, row ..] for kImages images. A sum has one accumulator, whatever the number of images.
  template <int kRows, int kImages>
  void dot(int64_t row, int64_t n) const {
    V acc[kRows][kImages];
    for (int r = 0; r < kRows; r++) {
      for (int k = 0; k < kImages; k++) acc[r][k] = Zero();
    }
    for (int64_t word = 0; word < words; word++) {
      const float* x = src + n * i + word * 32;
      const float* w = weights + row * i + word * 32;
      uint32_t bits[kRows];
      uint32_t all = ~0u, any = 0;
#pragma GCC unroll 4
      for (int r = 0; r < kRows; r++) {
        bits[r] = row_bits(mask_row(row + r), word, i);
        all &= bits[r];
        any |= bits[r];
      }
      if (all == ~0u) {
#pragma GCC unroll 2
        for (int half = 0; half < 2; half++) {
          V v[kImages];
#pragma GCC unroll 4
          for (int k = 0; k < kImages; k++) v[k] = LoadU(x + k * i + half * kLanes);
#pragma GCC unroll 4
          for (int r = 0; r < kRows; r++) {
            const V from = LoadU(w + r * i + half * kLanes);
#pragma GCC unroll 4
            for (int k = 0; k < kImages; k++) acc[r][k] = MulAdd(v[k], from, acc[r][k]);
          }
        }
      } else if (any) {
        const uint32_t inside = row_bits(nullptr, word, i);
        for (int half = 0; half < 2; half++) {
          V v[kImages];
          for (int k = 0; k < kImages; k++) {
            v[k] = load_bits(inside >> half * kLanes, x + k * i + half * kLanes);
          }
          for (int r = 0; r < kRows; r++) {
            const uint32_t live = bits[r] >> half * kLanes & 0xFFFF;
            if (!live) continue;
            const V from = MaskedLoad(FromBits(live), w + r * i + half * kLanes);
            for (int k = 0; k < kImages; k++) acc[r][k] = MulAdd(v[k], from, acc[r][k]);
          }
        }
      }
    }
    for (int r = 0; r < kRows; r++) {
      for (int k = 0; k < kImages; k++) {
        dst[(n + k) * o + row + r] = (bias ? bias[row + r] : 0.0f) + ReduceSum(acc[r][k]);
      }
    }
  }

  // dst[n, words ..] += four rows, scaled.
  template <int kRows, int kImages>
  void add(int64_t row, int64_t n, int64_t word_begin, int64_t word_end) const {
    V d[kRows][kImages];
    for (int r = 0; r < kRows; r++) {
      for (int k = 0; k < kImages; k++) d[r][k] = Set(src[(n + k) * o + row + r]);
    }
    for (int64_t word = word_begin; word < word_end; word++) {
      float* x = dst + n * i + word * 32;
      const float* w = weights + row * i + word * 32;
      uint32_t bits[kRows];
      uint32_t any = 0;
#pragma GCC unroll 4
      for (int r = 0; r < kRows; r++) any |= bits[r] = row_bits(mask_row(row + r), word, i);
      if (!any) continue;
      const uint32_t inside = row_bits(nullptr, word, i);
#pragma GCC unroll 2
      for (int half = 0; half < 2; half++) {
        V from[kRows];
#pragma GCC unroll 4
        for (int r = 0; r < kRows; r++) {
          from[r] = load_bits(bits[r] >> half * kLanes, w + r * i + half * kLanes);
        }
#pragma GCC unroll 4
        for (int k = 0; k < kImages; k++) {
          float* to = x + k * i + half * kLanes;
          V sum = load_bits(inside >> half * kLanes, to);
#pragma GCC unroll 4
          for (int r = 0; r < kRows; r++) sum = MulAdd(from[r], d[r][k], sum);
          store_bits(inside >> half * kLanes, sum, to);
        }
      }
    }
  }

  template <int kRows>
  void dots(int64_t row, int64_t images) const {
    int64_t n = 0;
    for (; n + kFewImages <= images; n += kFewImages) dot<kRows, kFewImages>(row, n);
    if (images - n >= 2) dot<kRows, 2>(row, n), n += 2;
    if (images - n == 1) dot<kRows, 1>(row, n);
  }
  template <int kRows>
  void adds(int64_t row, int64_t images, int64_t word_begin, int64_t word_end) const {
    int64_t n = 0;
    for (; n + 2 <= images; n += 2) add<kRows, 2>(row, n, word_begin, word_end);
    if (n < images) add<kRows, 1>(row, n, word_begin, word_end);
  }
};

constexpr int kLinearRows = kAccumulators >= 16 ? 4 : 1;  // of weights at once

inline void rows_linear_forward(ita_context* ctx, const RowsLinear& p, int64_t images) {
  const int64_t items = divide_up(p.o, kLinearRows);
  parallel_for(ctx, items, grain_for(kLinearRows * p.i * images / kLanes),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t item = begin; item < end; item++) {
                   int64_t row = item * kLinearRows;
                   if (row + kLinearRows <= p.o) {
                     p.dots<kLinearRows>(row, images);
                   } else {
                     for (; row < p.o; row++) p.dots<1>(row, images);
                   }
                 }
               });
}

inline void rows_linear_backward_data(ita_context* ctx, const RowsLinear& p, int64_t images) {
  constexpr int64_t kSpan = 32;  // words: 4 KiB of an image, of each row of weights
  const int64_t items = divide_up(p.words, kSpan);
  parallel_for(ctx, items, grain_for(2 * kSpan * p.o * images),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t item = begin; item < end; item++) {
                   const int64_t from = item * kSpan;
                   const int64_t to = from + kSpan < p.words ? from + kSpan : p.words;
                   const int64_t cols = (to * 32 < p.i ? to * 32 : p.i) - from * 32;
                   for (int64_t n = 0; n < images; n++) {
                     memset(p.dst + n * p.i + from * 32, 0, sizeof(float) * cols);
                   }
                   int64_t row = 0;
                   for (; row + kLinearRows <= p.o; row += kLinearRows) {
                     p.adds<kLinearRows>(row, images, from, to);
                   }
                   for (; row < p.o; row++) p.adds<1>(row, images, from, to);
                 }
               });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_ROWS_LINEAR_H_
