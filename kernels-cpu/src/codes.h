// SPDX-License-Identifier: Apache-2.0
// Where the code of a weight lies: panels of sixteen rows, words of 32 / bits columns
// (docs/formats/codes.md).
#ifndef INTARSIA_CODES_H_
#define INTARSIA_CODES_H_

#include "parallel.h"

namespace ITA_ISA {

constexpr int64_t kPanelRows = 16;

struct CodeLayout {
  int64_t bits;
  int64_t per_word;         // codes of one word
  int64_t words_per_panel;  // of its sixteen rows together
  uint32_t mask;            // of one code

  CodeLayout(int64_t bits_per_code, int64_t cols)
      : bits(bits_per_code),
        per_word(32 / bits_per_code),
        words_per_panel(divide_up(cols, 32 / bits_per_code) * kPanelRows),
        mask((1u << bits_per_code) - 1) {}

  // The word of a weight.
  int64_t word(int64_t row, int64_t col) const {
    return row / kPanelRows * words_per_panel + col / per_word * kPanelRows + row % kPanelRows;
  }
  // The lowest bit of its code there.
  int64_t shift(int64_t col) const { return col % per_word * bits; }

  uint32_t get(const uint32_t* codes, int64_t row, int64_t col) const {
    return codes[word(row, col)] >> shift(col) & mask;
  }
  void set(uint32_t* codes, int64_t row, int64_t col, uint32_t code) const {
    uint32_t* at = codes + word(row, col);
    *at = (*at & ~(mask << shift(col))) | code << shift(col);
  }
};

inline bool is_selected(const uint32_t* mask, int64_t words, int64_t row, int64_t col) {
  return !mask || mask[row * words + col / 32] >> col % 32 & 1;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CODES_H_
