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

  // All bits of the bytes of group g whose weights are in a plane; `plane` is the word's.
  template <int kBits>
  U selected(const uint16_t* plane, int64_t left, int g) const {
    U bytes = SetU(0);
    for (int t = 0; t < 4; t++) {
      const int c = Groups<kBits>::column(g, t);
      if (c >= Groups<kBits>::kPerWord || c >= left) continue;
      const V all = BitsToFloat(SetU(0xFFu << 8 * t));
      bytes = XorU(bytes, FloatToBits(IfThenElseZero(FromBits(plane[c]), all)));
    }
    return bytes;
  }

  // Group g of the word at `col` from its codes, under mask and sources.
  template <int kBits>
  U value(U codes, int64_t panel, int64_t col, int g) const {
    const int64_t left = d.cols - col, at = panel * d.plane_stride + col;
    U v = LookupBytes<kBits>(tables, codes);
    for (int64_t s = 1; s < d.sources; s++) {
      const uint16_t* plane = d.owners + (s - 1) * d.panels * d.plane_stride + at;
      const U own = LookupBytes<kBits>(tables + s * Decoder::table_size(kBits), codes);
      v = XorU(v, AndU(XorU(v, own), selected<kBits>(plane, left, g)));
    }
    if (!d.mask) return v;
    const U zero = SetU(offset);
    return XorU(AndU(XorU(v, zero), selected<kBits>(d.mask + at, left, g)), zero);
  }

  // to[groups][16 rows][4] of `words` words of a panel.
  template <int kBits>
  void panel_bytes(int64_t panel, int64_t first, int64_t words, uint8_t* to) const {
    const uint32_t* from = d.panel_codes(panel) + first * kPanelRows;
    const bool plain = d.plain();
    for (int64_t w = 0; w < words; w++, from += kPanelRows) {
      U word = LoadInts(from);
#pragma GCC unroll 8
      for (int g = 0; g < Groups<kBits>::kCount; g++, to += 4 * kPanelRows) {
        const U codes = Groups<kBits>::lowest(word);
        StoreInts(plain ? LookupBytes<kBits>(tables, codes)
                        : value<kBits>(codes, panel, (first + w) * Groups<kBits>::kPerWord, g),
                  to);
        word = ShiftRightU<Groups<kBits>::kShift>(word);
      }
    }
  }
};

}  // namespace ITA_ISA

#endif  // INTARSIA_BYTE_DECODE_H_
