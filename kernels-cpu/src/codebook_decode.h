// SPDX-License-Identifier: Apache-2.0
// Weights from codes, in registers: one word vector holds some columns of sixteen rows, a shift
// brings a column down, one permutation looks it up (up to 32 centres; a few up to 128, a gather
// beyond). The mask is the permutation's own, and every further source is one more permutation that
// overwrites its lanes. Nothing is written but panels that fit a cache.
#ifndef INTARSIA_CODEBOOK_DECODE_H_
#define INTARSIA_CODEBOOK_DECODE_H_

#include "codes.h"
#include "simd/simd.h"

namespace ITA_ISA {

// One layer's weights [rows, cols] as ita_codebook_weights gives them, tables repeated to sixteen.
struct Decoder {
  const uint32_t* codes;
  const float* tables;  // [sources, table_size]
  const uint16_t* owners;
  const uint16_t* mask;
  int64_t rows, cols, panels;
  int64_t words_per_panel;  // vectors' words
  int64_t plane_stride;     // halves of a word from one panel to the next
  int32_t bits, per_word, sources;

  static int64_t table_size(int32_t bits) { return bits < 4 ? 16 : int64_t{1} << bits; }
  static int64_t tables_floats(const ita_codebook_weights& w) {
    return w.sources * table_size(w.bits);
  }

  // `tables` has room for tables_floats.
  Decoder(const ita_codebook_weights& w, int64_t row_count, int64_t col_count, float* room)
      : codes(w.codes),
        tables(room),
        owners(reinterpret_cast<const uint16_t*>(w.owners)),
        mask(reinterpret_cast<const uint16_t*>(w.mask)),
        rows(row_count),
        cols(col_count),
        panels(divide_up(row_count, kPanelRows)),
        words_per_panel(divide_up(col_count, 32 / w.bits)),
        plane_stride(divide_up(col_count, 2) * 2),
        bits(w.bits),
        per_word(32 / w.bits),
        sources(w.sources) {
    const int64_t size = table_size(bits), centres = int64_t{1} << bits;
    for (int64_t at = 0; at < sources * size; at++) {
      room[at] = w.codebooks[at / size * centres + at % size % centres];
    }
  }

  bool plain() const { return sources == 1 && !mask; }
  const uint32_t* panel_codes(int64_t panel) const {
    return codes + panel * words_per_panel * kPanelRows;
  }
  uint32_t live(int64_t panel, int64_t col) const {
    return mask ? mask[panel * plane_stride + col] : 0xFFFFu;
  }
  // The rows of a column that a source s >= 1 has.
  uint32_t owned(int64_t source, int64_t panel, int64_t col) const {
    return owners[((source - 1) * panels + panel) * plane_stride + col];
  }

  // Column `col` of a panel from its code in the lowest bits of each lane.
  template <int kBits>
  V value(U code, int64_t panel, int64_t col) const {
    const uint32_t on = live(panel, col);
    V v = IfThenElseZero(FromBits(on), Lookup<kBits>(tables, code));
    for (int64_t s = 1; s < sources; s++) {
      const uint32_t own = owned(s, panel, col) & on;
      v = IfThenElse(FromBits(own), Lookup<kBits>(tables + s * table_size(kBits), code), v);
    }
    return v;
  }

  template <int kBits>
  V column(int64_t panel, int64_t col) const {
    constexpr int kPerWord = 32 / kBits;
    const U word = LoadInts(panel_codes(panel) + col / kPerWord * kPanelRows);
    return value<kBits>(ShiftRightBy(word, static_cast<int>(col % kPerWord) * kBits), panel, col);
  }

  // to[k][16]: columns first .. first + count of a panel; rows past the end are zero.
  template <int kBits>
  void columns(int64_t panel, int64_t first, int64_t count, float* to) const {
    const int64_t left = rows - panel * kPanelRows;
    const M exists = FirstN(static_cast<int>(left < kPanelRows ? left : kPanelRows));
    for (int64_t k = 0; k < count; k++) {
      Store(IfThenElseZero(exists, column<kBits>(panel, first + k)), to + k * kPanelRows);
    }
  }

  // to[r][16], rows first .. first + count, a column panel: columns 16 * panel .. + 16 of the rows,
  // those past the end zero. `first` is a multiple of sixteen.
  template <int kBits>
  void rows_of(int64_t panel, int64_t first, int64_t count, float* to) const {
    const int64_t left = cols - panel * kPanelRows;
    for (int64_t row = 0; row < count; row += kPanelRows) {
      V square[kPanelRows];
      for (int64_t c = 0; c < kPanelRows; c++) {
        square[c] =
            c < left ? column<kBits>((first + row) / kPanelRows, panel * kPanelRows + c) : Zero();
      }
      Transpose(square);
      for (int64_t r = 0; r < kPanelRows && row + r < count; r++) {
        Store(square[r], to + (row + r) * kPanelRows);
      }
    }
  }
};

// Calls body(bits as a constant).
template <int kBits>
struct Bits {
  static constexpr int value = kBits;
};
template <class Body>
inline void with_bits(int32_t bits, const Body& body) {
  switch (bits) {
    case 1:
      return body(Bits<1>{});
    case 2:
      return body(Bits<2>{});
    case 3:
      return body(Bits<3>{});
    case 4:
      return body(Bits<4>{});
    case 5:
      return body(Bits<5>{});
    case 6:
      return body(Bits<6>{});
    case 7:
      return body(Bits<7>{});
    default:
      return body(Bits<8>{});
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CODEBOOK_DECODE_H_
