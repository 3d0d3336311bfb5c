// SPDX-License-Identifier: Apache-2.0
// Transformed kernels straight from codes, forward: a column of sixteen filters is decoded as one
// vector, and parts of four lanes of four of them change places to the four filters by four
// channels that a vector of kernels holds. Less work than turning floats: sixteen kernels are 9
// permutations and 18 shuffles in place of 16 loads and 64 shuffles.
#ifndef INTARSIA_WINOGRAD_CODES_H_
#define INTARSIA_WINOGRAD_CODES_H_

#include "winograd_transform.h"

namespace ITA_ISA {
namespace winograd {

constexpr int64_t kQuad = 4;              // filters and channels of a vector of kernels
constexpr int64_t kQuadTaps = kQuad * 9;  // columns of four channels

// u[36][rows / 4][col][4 rows] of rows [first, first + rows), first a multiple of sixteen; `wide`
// columns, those past the end zero.
inline void transform_codes(const Decoder& d, int64_t first, int64_t rows, int64_t wide, float* u,
                            int64_t u_point) {
  for (int64_t row = 0; row < rows; row += kPanelRows) {
    const int64_t left = divide_up(rows - row, kQuad);
    const int64_t quads = left < kPanelRows / kQuad ? left : kPanelRows / kQuad;
    for (int64_t col = 0; col < wide; col += kQuad) {
      alignas(64) float taps[kQuadTaps * kPanelRows];
      decode_columns(d, (first + row) / kPanelRows, col * 9, kQuadTaps, taps);
      V of[9][kQuad];  // [tap][four filters]
      for (int64_t t = 0; t < 9; t++) {
        for (int64_t c = 0; c < kQuad; c++) of[t][c] = Load(taps + (c * 9 + t) * kPanelRows);
        TransposeQuads(of[t]);
      }
      for (int64_t q = 0; q < quads; q++) {
        float* to = u + (row + q * kQuad) * wide + col * kQuad;
        transform_kernels([&](int t) { return of[t][q]; }, to, u_point);
      }
    }
  }
}

}  // namespace winograd
}  // namespace ITA_ISA

#endif  // INTARSIA_WINOGRAD_CODES_H_
