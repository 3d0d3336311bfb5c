// SPDX-License-Identifier: Apache-2.0
// A convolution's weights as codes, for the algorithms of masked_conv2d: whoever packs, lists or
// transforms filters has them decoded a few at a time, into a room of its thread, and reads them
// there as floats. No layer is ever expanded.
#ifndef INTARSIA_CONV2D_CODES_H_
#define INTARSIA_CONV2D_CODES_H_

#include "codebook_decode.h"
#include "mask_bits.h"

namespace ITA_ISA {

constexpr int64_t kFilters = kPanelRows;  // that are decoded together

// to[r][stride]: weights [first, first + rows) x [col, col + cols), which exist.
template <int kBits>
inline void decode_square(const Decoder& d, int64_t panel, int64_t first, int64_t rows, int64_t col,
                          int64_t cols, float* to, int64_t stride) {
  V square[kPanelRows];
  for (int64_t c = 0; c < kPanelRows; c++) {
    square[c] = c < cols ? d.column<kBits>(panel, col + c) : Zero();
  }
  Transpose(square);
  const M exists = FirstN(static_cast<int>(cols < kPanelRows ? cols : kPanelRows));
  for (int64_t r = 0; r < rows; r++) MaskedStore(exists, square[first + r], to + r * stride);
}

inline void decode_rows(const Decoder& d, int64_t first, int64_t rows, int64_t col, int64_t cols,
                        float* to, int64_t stride) {
  with_bits(d.bits, [&](auto bits) {
    for (int64_t row = first; row < first + rows;) {
      const int64_t panel = row / kPanelRows, in_panel = row % kPanelRows;
      const int64_t left = first + rows - row;
      const int64_t count = kPanelRows - in_panel < left ? kPanelRows - in_panel : left;
      for (int64_t c = 0; c < cols; c += kPanelRows) {
        decode_square<decltype(bits)::value>(d, panel, in_panel, count, col + c, cols - c,
                                             to + (row - first) * stride + c, stride);
      }
      row += count;
    }
  });
}

// The bits of columns [32 * word, + 32) of a panel's sixteen rows from their order by columns.
inline void turn_mask(const uint16_t* columns, int64_t cols, uint32_t word[kPanelRows]) {
  uint64_t bytes[2][4] = {};  // [rows / 8][columns / 8], byte j: the rows' bits at column j
  for (int64_t c = 0; c < cols; c++) {
    bytes[0][c / 8] |= uint64_t(columns[c] & 0xFF) << c % 8 * 8;
    bytes[1][c / 8] |= uint64_t(columns[c] >> 8) << c % 8 * 8;
  }
  for (int half = 0; half < 2; half++) {
    for (int r = 0; r < 8; r++) word[half * 8 + r] = 0;
    for (int part = 0; part < 4; part++) {
      uint64_t turned = transpose_bits(bytes[half][part]);
      for (int r = 0; r < 8; r++, turned >>= 8) {
        word[half * 8 + r] |= static_cast<uint32_t>(turned & 0xFF) << part * 8;
      }
    }
  }
}

// The filters of one call. What it needs of scratch memory the algorithm reserves and opens.
class CodedFilters {
 public:
  // `lists`: a mask is wanted in the order of rows, by algorithms that list what is live.
  CodedFilters(const ita_codebook_weights& weights, int64_t filters, int64_t length, bool lists)
      : weights_(weights),
        filters_(filters),
        length_(length),
        lists_(lists && weights.mask),
        decoder_(nullptr),
        mask_(nullptr) {}

  void reserve(Cutter* cut) {
    at_decoder_ = cut->take<Decoder>(1);
    at_tables_ = cut->take<float>(Decoder::tables_floats(weights_));
    at_mask_ = cut->take<uint32_t>(lists_ ? filters_ * words_of(length_) : 0);
  }

  // When the scratch memory stands.
  void open(ita_context* ctx, char* scratch) {
    const Decoder made(weights_, filters_, length_, reinterpret_cast<float*>(scratch + at_tables_));
    decoder_ = reinterpret_cast<Decoder*>(scratch + at_decoder_);
    memcpy(scratch + at_decoder_, &made, sizeof made);
    if (!lists_) return;
    uint32_t* rows = reinterpret_cast<uint32_t*>(scratch + at_mask_);
    mask_ = rows;
    const int64_t words = words_of(length_);
    parallel_for(ctx, made.panels, grain_for(words * 32), [&](int64_t begin, int64_t end, int) {
      for (int64_t panel = begin; panel < end; panel++) {
        for (int64_t w = 0; w < words; w++) {
          uint32_t word[kPanelRows];
          const int64_t left = length_ - w * 32;
          turn_mask(made.mask + panel * made.plane_stride + w * 32, left < 32 ? left : 32, word);
          for (int64_t r = 0; r < kPanelRows && panel * kPanelRows + r < filters_; r++) {
            rows[(panel * kPanelRows + r) * words + w] = word[r];
          }
        }
      }
    });
  }

  const Decoder& decoder() const { return *decoder_; }
  const uint32_t* mask() const { return mask_; }  // [filters, words] or NULL
  int64_t length() const { return length_; }

  // to[r][stride]: weights [col, col + cols) of some filters.
  void rows(int64_t first, int64_t count, int64_t col, int64_t cols, float* to,
            int64_t stride) const {
    decode_rows(*decoder_, first, count, col, cols, to, stride);
  }

 private:
  const ita_codebook_weights& weights_;
  int64_t filters_, length_;
  bool lists_;
  Decoder* decoder_;
  const uint32_t* mask_;
  int64_t at_decoder_ = 0, at_tables_ = 0, at_mask_ = 0;
};

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_CODES_H_
