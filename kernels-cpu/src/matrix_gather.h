// SPDX-License-Identifier: Apache-2.0
// Masked weights of matrix_product.h as panels: panel[k, 0..16) are 16 rows of the matrix, so that
// one k is one cache line; rows past the end are zero, and so is what the mask hides. Without
// branches on mask bits: at half density every second one would be mispredicted.
#ifndef INTARSIA_MATRIX_GATHER_H_
#define INTARSIA_MATRIX_GATHER_H_

#include "matrix_operands.h"

namespace ITA_ISA {

// Rows of the matrix are rows of the weights: squares of 16 x 16 are turned. kFetch asks memory for
// the next panel's, as sixteen short runs are more than the hardware foresees.
template <bool kFetch>
void gather_rows(const MatrixProduct& p, int64_t first, int64_t first_k, int64_t depth,
                 float* panel) {
  for (int64_t k = 0; k < depth; k += 32) {
    const int64_t i = first_k + k;
    uint32_t bits[kPanelRows];
    for (int64_t r = 0; r < kPanelRows; r++) {
      bits[r] = first + r < p.o ? live_word(p, first + r, i / 32) : 0;
    }
    for (int64_t half = 0; half < 32 && k + half < depth; half += kLanes) {
      V square[kLanes];
      for (int64_t r = 0; r < kPanelRows; r++) {
        const float* from = p.weights + (first + r) * p.i + i + half;
        if (kFetch) __builtin_prefetch(from + kPanelRows * p.i, 0, 2);
        const uint32_t live = bits[r] >> half & 0xFFFFu;
        square[r] = live ? MaskedLoad(FromBits(live), from) : Zero();
      }
      Transpose(square);
      const int64_t left = depth - k - half;
      float* to = panel + (k + half) * kPanelRows;
      for (int64_t j = 0; j < kLanes && j < left; j++) Store(square[j], to + j * kPanelRows);
    }
  }
}

// The same panels from codes.
inline void decode_panels(const MatrixProduct& p, int64_t first, int64_t end, int64_t first_k,
                          int64_t depth, int64_t stride, float* panels) {
  for (int64_t panel = first; panel < end; panel++) {
    float* to = panels + (panel - first) * stride * kPanelRows;
    if (p.transposed) {
      p.decoder->rows_of(panel, first_k, depth, to);
    } else {
      p.decoder->columns(panel, first_k, depth, to);
    }
  }
}

// Panels first .. end of k from first_k on, a panel every `stride` k.
template <bool kFetch>
void gather_panels(const MatrixProduct& p, int64_t first, int64_t end, int64_t first_k,
                   int64_t depth, int64_t stride, float* panels) {
  if (p.decoder) return decode_panels(p, first, end, first_k, depth, stride, panels);
  if (!p.transposed) {
    for (int64_t panel = first; panel < end; panel++) {
      gather_rows<kFetch>(p, panel * kPanelRows, first_k, depth,
                          panels + (panel - first) * stride * kPanelRows);
    }
    return;
  }
  constexpr int64_t kAhead = 16;  // rows that memory needs to answer
  for (int64_t k = 0; k < depth; k++) {
    const int64_t o = first_k + k;
    for (int64_t panel = first; panel < end; panel++) {
      const int64_t i = panel * kPanelRows;
      const uint32_t bits = live_word(p, o, i / 32) >> i % 32 & 0xFFFFu;
      const float* from = p.weights + o * p.i + i;
      if (kFetch) __builtin_prefetch(from + kAhead * p.i, 0, 2);
      Store(MaskedLoad(FromBits(bits), from), panels + ((panel - first) * stride + k) * kPanelRows);
    }
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_MATRIX_GATHER_H_
