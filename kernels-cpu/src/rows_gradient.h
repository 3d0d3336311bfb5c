// SPDX-License-Identifier: Apache-2.0
// The weight gradient of row-major activations: diff_weights[o, k] += sum over p of
// diff[o, p] * taps[p, k] where the mask is set, p being images (linear) or pixels (conv2d).
//
// The lanes are weights of one filter, so a tile leaves its registers as whole vectors under the
// mask, with no sum across lanes; tiles without a live weight are skipped.
#ifndef INTARSIA_ROWS_GRADIENT_H_
#define INTARSIA_ROWS_GRADIENT_H_

#include "gradient_sink.h"
#include "rows_linear.h"

namespace ITA_ISA {

constexpr int kGradientRows = kAccumulators >= 24 ? 6 : kAccumulators >= 8 ? 4 : 3;
constexpr int kGradientVectors = kAccumulators / kGradientRows;

struct RowsGradient {
  const float* taps;  // [p, k], rows of `stride` floats; readable for a whole tile past k
  int64_t stride, count;
  const float* diff;  // diff[o * diff_row + p * diff_step]
  int64_t diff_row, diff_step;
  float* diff_weights;   // [rows, cols]
  const uint32_t* mask;  // [rows, words] or NULL
  int64_t rows, cols, words;

  uint32_t bits(int64_t row, int64_t col) const {
    if (col >= cols) return 0;
    const uint32_t all = row_bits(mask ? mask + row * words : nullptr, col / 32, cols);
    return all >> col % 32 & 0xFFFF;
  }

  // kWhole: the vectors are inside the rows of taps, else their ends are read under a mask.
  template <int kRows, bool kWhole>
  void tile(int64_t row, int64_t col) const {
    uint32_t live[kRows][kGradientVectors];
    uint32_t any = 0;
    for (int r = 0; r < kRows; r++) {
      for (int c = 0; c < kGradientVectors; c++) {
        any |= live[r][c] = bits(row + r, col + c * kLanes);
      }
    }
    if (!any) return;
    V acc[kRows][kGradientVectors];
    for (int r = 0; r < kRows; r++) {
      for (int c = 0; c < kGradientVectors; c++) acc[r][c] = Zero();
    }
    const float* d = diff + row * diff_row;
    const float* x = taps + col;
    for (int64_t p = 0; p < count; p++, x += stride, d += diff_step) {
      V v[kGradientVectors];
#pragma GCC unroll 4
      for (int c = 0; c < kGradientVectors; c++) {
        const int64_t left = cols - col - c * kLanes;
        v[c] = kWhole || left >= kLanes ? LoadU(x + c * kLanes)
               : left > 0               ? MaskedLoad(FirstN(static_cast<int>(left)), x + c * kLanes)
                                        : Zero();
      }
#pragma GCC unroll 6
      for (int r = 0; r < kRows; r++) {
        const V w = Set(d[r * diff_row]);
#pragma GCC unroll 4
        for (int c = 0; c < kGradientVectors; c++) acc[r][c] = MulAdd(v[c], w, acc[r][c]);
      }
    }
    for (int r = 0; r < kRows; r++) {
      for (int c = 0; c < kGradientVectors; c++) {
        if (!live[r][c]) continue;
        float* to = diff_weights + (row + r) * cols + col + c * kLanes;
        store_bits(live[r][c], Add(load_bits(live[r][c], to), acc[r][c]), to);
      }
    }
  }

  template <int kRows>
  void strip(int64_t row) const {
    constexpr int64_t kTile = kGradientVectors * kLanes;
    int64_t col = 0;
    for (; col + kTile <= cols; col += kTile) tile<kRows, true>(row, col);
    if (col < cols) tile<kRows, false>(row, col);
  }

  void add(ita_context* ctx) const {
    const int64_t strips = divide_up(rows, kGradientRows);
    parallel_for(ctx, strips, grain_for(kGradientRows * cols * count / kLanes / 2),
                 [&](int64_t begin, int64_t end, int) {
                   for (int64_t item = begin; item < end; item++) {
                     int64_t row = item * kGradientRows;
                     if (row + kGradientRows <= rows) {
                       strip<kGradientRows>(row);
                     } else {
                       for (; row < rows; row++) strip<1>(row);
                     }
                   }
                 });
  }
};

// An epilogue takes the gradient as a whole, after the last image: floats of [rows, cols], of which
// the last vector may be read to its end.
inline int64_t dense_floats(int64_t rows, int64_t cols) { return rows * cols + kLanes; }

inline void give_dense(ita_context* ctx, const GradientSink& sink, const float* dense,
                       int64_t rows) {
  parallel_for(ctx, rows, grain_for(sink.cols), [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; row++) {
      sink.give(row, 0, sink.cols, dense + row * sink.cols);
    }
  });
}

// diff_bias[o] += sum over images and pixels of diff[n, o, pixel].
inline void add_rows_bias(const float* diff, int64_t images, int64_t rows, int64_t pixels,
                          float* diff_bias) {
  for (int64_t o = 0; o < rows; o++) {
    V sum = Zero();
    float rest = 0.0f;
    for (int64_t n = 0; n < images; n++) {
      const float* d = diff + (n * rows + o) * pixels;
      int64_t p = 0;
      for (; p + kLanes <= pixels; p += kLanes) sum = Add(sum, LoadU(d + p));
      for (; p < pixels; p++) rest += d[p];
    }
    diff_bias[o] += ReduceSum(sum) + rest;
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_ROWS_GRADIENT_H_
