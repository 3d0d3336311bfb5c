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

// to[c][16]: columns [col, col + cols) of a panel, zero where a row or a column does not exist.
inline void decode_columns(const Decoder& d, int64_t panel, int64_t col, int64_t cols, float* to) {
  const int64_t left = d.cols - col, inside = left < cols ? left : cols;
  d.columns(panel, col, inside, to);
  for (int64_t c = inside; c < cols; c++) Store(Zero(), to + c * kPanelRows);
}

// to[r][stride]: weights [first, first + rows) x [col, col + cols), which exist.
inline void decode_rows(const Decoder& d, int64_t first, int64_t rows, int64_t col, int64_t cols,
                        float* to, int64_t stride) {
  constexpr int64_t kPart = 160;  // columns at a time, whole words of most widths
  alignas(64) float part[kPart * kPanelRows];
  for (int64_t row = first; row < first + rows;) {
    const int64_t panel = row / kPanelRows, in_panel = row % kPanelRows;
    const int64_t left = first + rows - row;
    const int64_t count = kPanelRows - in_panel < left ? kPanelRows - in_panel : left;
    for (int64_t c = 0; c < cols; c += kPart) {
      const int64_t some = cols - c < kPart ? cols - c : kPart;
      d.columns(panel, col + c, some, part);
      float* at = to + (row - first) * stride + c;
      for (int64_t k = 0; k < some; k += kPanelRows) {
        V square[kPanelRows];
        for (int64_t e = 0; e < kPanelRows; e++) {
          square[e] = k + e < some ? Load(part + (k + e) * kPanelRows) : Zero();
        }
        Transpose(square);
        const int64_t wide = some - k < kPanelRows ? some - k : kPanelRows;
        const M exists = FirstN(static_cast<int>(wide));
        for (int64_t r = 0; r < count; r++) {
          MaskedStore(exists, square[in_panel + r], at + r * stride + k);
        }
      }
    }
    row += count;
  }
}

// The lower bytes of four halves.
inline uint64_t low_bytes(uint64_t halves) {
  halves &= 0x00FF00FF00FF00FF;
  halves = (halves | halves >> 8) & 0x0000FFFF0000FFFF;
  return (halves | halves >> 16) & 0xFFFFFFFF;
}

// The bits of up to eight columns of sixteen rows, in order of columns, as a byte for each row.
inline void turn_columns(const uint16_t* columns, int64_t count, uint8_t byte[kPanelRows]) {
  uint64_t halves[2] = {};
  memcpy(halves, columns, static_cast<size_t>(count) * sizeof *columns);
  for (int upper = 0; upper < 2; upper++) {
    const int shift = 8 * upper;  // rows 0 to 7, then 8 to 15
    const uint64_t bytes = low_bytes(halves[0] >> shift) | low_bytes(halves[1] >> shift) << 32;
    const uint64_t turned = transpose_bits(bytes);
    memcpy(byte + shift, &turned, sizeof turned);
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
        const int64_t first = panel * kPanelRows, left = filters_ - first;
        const int64_t count = left < kPanelRows ? left : kPanelRows;
        uint8_t* to = reinterpret_cast<uint8_t*>(rows + first * words);
        for (int64_t col = 0; col < words * 32; col += 8) {
          uint8_t byte[kPanelRows] = {};
          const int64_t cols = length_ - col < 8 ? length_ - col : 8;
          if (cols > 0) turn_columns(made.mask + panel * made.plane_stride + col, cols, byte);
          for (int64_t r = 0; r < count; r++) to[r * words * 4 + col / 8] = byte[r];
        }
      }
    });
  }

  const Decoder& decoder() const { return *decoder_; }
  const uint32_t* mask() const { return mask_; }  // [filters, words] or NULL
  int64_t bits() const { return weights_.bits; }

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
