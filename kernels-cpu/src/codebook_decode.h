// SPDX-License-Identifier: Apache-2.0
// Weights from codes, in registers: one word vector holds some columns of sixteen rows, a shift
// brings a column down, one permutation looks it up (up to 32 centres; a few up to 128, a gather
// beyond). The mask is the permutation's own, and every further source is one more permutation that
// overwrites its lanes. Nothing is written but panels that fit a cache.
//
// Columns of a word are decoded together, so that a source's table and its 16 owner bits of some
// columns are looked at once for all of them.
#ifndef INTARSIA_CODEBOOK_DECODE_H_
#define INTARSIA_CODEBOOK_DECODE_H_

#include "codes.h"
#include "simd/simd.h"

namespace ITA_ISA {

// What a weight depends on beside its code.
enum class Weigh { kCode, kMask, kOwners };

// Columns that are decoded together: as many as registers hold, a whole number of them to a word.
template <int kBits>
constexpr int kGroup = kAccumulators < 16 ? 1
                       : kBits == 3       ? 5
                       : kBits <= 4       ? 8
                                          : 32 / kBits;

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

  Weigh weigh() const { return sources > 1 ? Weigh::kOwners : mask ? Weigh::kMask : Weigh::kCode; }
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

  // v[0 .. kGroup<kBits>): columns from `col` on, the first in the lowest bits of `word`. Each
  // source's table is read once, and not at all if it has no weight here.
  template <int kBits, Weigh kWeigh>
  void group(U word, int64_t panel, int64_t col, V* v) const {
    constexpr int kCount = kGroup<kBits>;
    U at[kCount];
    at[0] = word;
#pragma GCC unroll 8
    for (int j = 1; j < kCount; j++) at[j] = ShiftRightU<kBits>(at[j - 1]);
#pragma GCC unroll 8
    for (int j = 0; j < kCount; j++) v[j] = Lookup<kBits>(tables, at[j]);
    if constexpr (kWeigh == Weigh::kOwners) {
      for (int64_t s = 1; s < sources; s++) {
        const uint16_t* own = owners + ((s - 1) * panels + panel) * plane_stride + col;
        uint64_t any[2] = {0, 0};
        memcpy(any, own, kCount * sizeof(uint16_t));
        __builtin_prefetch(own + 512, 0, 3);
        if (!(any[0] | any[1])) continue;
        const float* table = tables + s * table_size(kBits);
#pragma GCC unroll 8
        for (int j = 0; j + 1 < kCount; j += 2) {
          M bits_of[2];
          LoadBitsPair(own + j, bits_of);
          v[j] = IfThenElse(bits_of[0], Lookup<kBits>(table, at[j]), v[j]);
          v[j + 1] = IfThenElse(bits_of[1], Lookup<kBits>(table, at[j + 1]), v[j + 1]);
        }
        if (kCount % 2) {
          constexpr int kLast = kCount - 1;
          v[kLast] = IfThenElse(LoadBits(own + kLast), Lookup<kBits>(table, at[kLast]), v[kLast]);
        }
      }
    }
    if (kWeigh == Weigh::kMask || (kWeigh == Weigh::kOwners && mask)) {
      const uint16_t* on = mask + panel * plane_stride + col;
#pragma GCC unroll 8
      for (int j = 0; j < kCount; j++) v[j] = IfThenElseZero(LoadBits(on + j), v[j]);
    }
  }

  // to[k][16]: columns first .. first + count of a panel; rows past the end are code 0. Whole words
  // go group by group, the ends column by column.
  template <int kBits, Weigh kWeigh>
  void words(int64_t panel, int64_t first, int64_t count, float* to) const {
    constexpr int kPerWord = 32 / kBits, kCount = kGroup<kBits>;
    const int64_t end = first + count;
    int64_t col = first;
    for (; col < end && col % kPerWord; col++, to += kPanelRows) {
      Store(column<kBits>(panel, col), to);
    }
    const uint32_t* word = panel_codes(panel) + col / kPerWord * kPanelRows;
    for (; col + kPerWord <= end; word += kPanelRows) {
      U codes_left = LoadInts(word);
      for (int g = 0; g < kPerWord / kCount; g++, col += kCount, to += kCount * kPanelRows) {
        V v[kCount];
        group<kBits, kWeigh>(codes_left, panel, col, v);
#pragma GCC unroll 8
        for (int j = 0; j < kCount; j++) Store(v[j], to + j * kPanelRows);
        codes_left = ShiftRightU<kBits * kCount % 32>(codes_left);  // % 32: the last is not used
      }
    }
    for (; col < end; col++, to += kPanelRows) Store(column<kBits>(panel, col), to);
  }

  // The same with zeros in rows past the end.
  template <int kBits>
  __attribute__((noinline)) void columns(int64_t panel, int64_t first, int64_t count,
                                         float* to) const {
    switch (weigh()) {
      case Weigh::kCode:
        words<kBits, Weigh::kCode>(panel, first, count, to);
        break;
      case Weigh::kMask:
        words<kBits, Weigh::kMask>(panel, first, count, to);
        break;
      default:
        words<kBits, Weigh::kOwners>(panel, first, count, to);
    }
    const int64_t left = rows - panel * kPanelRows;
    if (left >= kPanelRows) return;
    const M exists = FirstN(static_cast<int>(left));
    for (int64_t k = 0; k < count; k++, to += kPanelRows) {
      Store(IfThenElseZero(exists, Load(to)), to);
    }
  }

  // to[r][16], rows first .. first + count, a column panel: columns 16 * panel .. + 16 of the rows,
  // those past the end zero. `first` is a multiple of sixteen.
  template <int kBits>
  __attribute__((noinline)) void rows_of(int64_t panel, int64_t first, int64_t count,
                                         float* to) const {
    const int64_t col = panel * kPanelRows, left = cols - col;
    const int64_t exist = left < kPanelRows ? left : kPanelRows;
    alignas(64) float turned[kPanelRows * kPanelRows];
    for (int64_t row = 0; row < count; row += kPanelRows) {
      columns<kBits>((first + row) / kPanelRows, col, exist, turned);
      V square[kPanelRows];
      for (int64_t c = 0; c < kPanelRows; c++) {
        square[c] = c < exist ? Load(turned + c * kPanelRows) : Zero();
      }
      Transpose(square);
      for (int64_t r = 0; r < kPanelRows && row + r < count; r++) {
        Store(square[r], to + (row + r) * kPanelRows);
      }
    }
  }

  // The same for any width.
  void columns(int64_t panel, int64_t first, int64_t count, float* to) const {
    with_bits(bits, [&](auto width) { columns<decltype(width)::value>(panel, first, count, to); });
  }
  void rows_of(int64_t panel, int64_t first, int64_t count, float* to) const {
    with_bits(bits, [&](auto width) { rows_of<decltype(width)::value>(panel, first, count, to); });
  }
};

}  // namespace ITA_ISA

#endif  // INTARSIA_CODEBOOK_DECODE_H_
