// SPDX-License-Identifier: Apache-2.0
// Codes to bytes, in registers: a vector of words gives groups, vectors of four columns a lane, by
// a shift and a mask; a byte permutation looks a group's 64 weights up. Which columns form a group
// is what costs least: the inputs are put in the same order once per call.
#ifndef INTARSIA_BYTE_DECODE_H_
#define INTARSIA_BYTE_DECODE_H_

#include "byte_scale.h"
#include "codebook_decode.h"

namespace ITA_ISA {

// The groups of one word. Codes that divide a byte lie in every byte at the same place, so that one
// mask takes each fourth of them; others are moved apart, four neighbours at a time.
template <int kBits>
struct Groups {
  static constexpr bool kDivides = 8 % kBits == 0;
  static constexpr int kPerWord = 32 / kBits;
  static constexpr int kCount = kDivides ? 8 / kBits : (kPerWord + 3) / 4;
  static constexpr int kShift = (kDivides ? 1 : 4) * kBits % 32;  // to the next group

  // The column of byte t of group g in its word; kPerWord or above for a byte that stands for none.
  static constexpr int column(int g, int t) { return kDivides ? t * kCount + g : 4 * g + t; }

  // The codes of the group that lies lowest.
  static U lowest(U word) {
    constexpr uint32_t kCode = (1u << kBits) - 1, kPair = (1u << 2 * kBits) - 1;
    if constexpr (kDivides) {
      return AndU(word, SetU(kCode * 0x01010101u));
    } else {
      const U halves =
          XorU(AndU(word, SetU(kPair)), AndU(ShiftLeftU<16 - 2 * kBits>(word), SetU(kPair << 16)));
      return XorU(AndU(halves, SetU(kCode * 0x00010001u)),
                  AndU(ShiftLeftU<8 - kBits>(halves), SetU(kCode * 0x01000100u)));
    }
  }
};

inline int groups_per_word(int32_t bits) {
  int count = 0;
  with_bits(bits, [&](auto b) { count = Groups<decltype(b)::value>::kCount; });
  return count;
}

// A layer's weights as bytes: centre / scale, rounded. One scale for all sources, so that the
// products of a row add up to one integer.
struct ByteDecoder {
  const Decoder& d;
  const uint8_t* tables;  // [sources, table_size], each entry higher by `offset`
  uint32_t offset;
  float scale;

  static int64_t tables_bytes(const ita_codebook_weights& w) { return Decoder::tables_floats(w); }

  // `room` has tables_bytes.
  ByteDecoder(const Decoder& decoder, uint32_t byte_offset, uint8_t* room)
      : d(decoder), tables(room), offset(byte_offset * 0x01010101u) {
    const int64_t count = d.sources * Decoder::table_size(d.bits);
    Magnitude magnitude;
    for (int64_t j = 0; j < count; j += kLanes) magnitude.add(Load(d.tables + j));
    const ByteScale s = magnitude.over_lanes();
    scale = s.scale;
    for (int64_t j = 0; j < count; j += kLanes) {
      uint32_t q[kLanes];
      StoreInts(AddU(s.quantised(Load(d.tables + j)), SetU(byte_offset)), q);
      for (int i = 0; i < kLanes; i++) room[j + i] = static_cast<uint8_t>(q[i]);
    }
  }

  // Where the mask of a panel, or the plane of a source s >= 1, begins.
  const uint16_t* mask_of(int64_t panel) const { return d.mask + panel * d.plane_stride; }
  const uint16_t* owners_of(int64_t source, int64_t panel) const {
    return d.owners + ((source - 1) * d.panels + panel) * d.plane_stride;
  }

  // The bytes of group g that a word's `count` columns of a mask keep; the others stand for zero.
  template <int kBits>
  U kept(U bytes, const uint16_t* columns, int count, int g) const {
    const U zero = SetU(offset);
    return XorU(AndU(XorU(bytes, zero), selected<kBits>(columns, count, g)), zero);
  }

  // to[groups][16 rows][4] of `words` words of a panel. Not inline: each width of a tile calls it.
  template <int kBits>
  __attribute__((noinline)) void panel_bytes(int64_t panel, int64_t first, int64_t words,
                                             uint8_t* to) const {
    if (d.sources > 1) {
      panel_bytes<kBits, Weights::kOwned>(panel, first, words, to);
    } else if (d.mask) {
      panel_bytes<kBits, Weights::kMasked>(panel, first, words, to);
    } else {
      panel_bytes<kBits, Weights::kAll>(panel, first, words, to);
    }
  }

 private:
  enum class Weights { kAll, kMasked, kOwned };

  template <int kBits>
  static U selected(const uint16_t* columns, int count, int g) {
    typedef Groups<kBits> G;
    constexpr int kStep = G::column(0, 1) - G::column(0, 0);
    return SelectBytes<kStep, G::kPerWord>(columns, count, G::column(g, 0));
  }

  template <int kBits, Weights kWeights>
  void panel_bytes(int64_t panel, int64_t first, int64_t words, uint8_t* to) const {
    typedef Groups<kBits> G;
    const uint32_t* from = d.panel_codes(panel) + first * kPanelRows;
    for (int64_t w = first; w < first + words; w++, from += kPanelRows) {
      const int64_t col = w * G::kPerWord, left = d.cols - col;
      const int count = left < G::kPerWord ? static_cast<int>(left) : G::kPerWord;
      U word = LoadInts(from);
#pragma GCC unroll 8
      for (int g = 0; g < G::kCount; g++, to += 4 * kPanelRows) {
        const U codes = G::lowest(word);
        U bytes = LookupBytes<kBits>(tables, codes);
        if constexpr (kWeights == Weights::kOwned) {
          const uint8_t* table = tables;
          for (int64_t s = 1; s < d.sources; s++) {
            table += Decoder::table_size(kBits);
            const U own = XorU(bytes, LookupBytes<kBits>(table, codes));
            const U owned = selected<kBits>(owners_of(s, panel) + col, count, g);
            bytes = XorU(bytes, AndU(own, owned));
          }
        }
        if (kWeights == Weights::kMasked || (kWeights == Weights::kOwned && d.mask)) {
          bytes = kept<kBits>(bytes, mask_of(panel) + col, count, g);
        }
        StoreInts(bytes, to);
        word = ShiftRightU<G::kShift>(word);
      }
    }
  }
};

}  // namespace ITA_ISA

#endif  // INTARSIA_BYTE_DECODE_H_
