// SPDX-License-Identifier: Apache-2.0
// Weights as bytes times images as bytes: sums of sixteen outputs a vector, exact in 32 bits.
//
// Bound: one dot-product instruction for 64 products, four times the rate of multiply-adds of
// floats (1.04 Top/s where those reach 260 GFLOP/s); at batch 1 reading the codes. A tile of two
// panels and eight images needs eight broadcasts and a decoding for its sixteen products, which
// leaves room for both.
//
// Ladder, 4096x4096, 4 bits, one thread of AMD Zen 5, batch 16 and 64:
//   codebook_linear, in floats                                     2.18  8.66 ms
//   panels decoded to bytes in the first cache, then multiplied    0.62  2.36 ms
//   decoded anew for every eight images, in registers              0.50  2.14 ms (1.08, 1.00 Top/s)
// Under a mask, its bits expanded by four masked moves a group: 1.06 ms at batch 16; by one
// permutation and one test, the address held in registers: 0.82 ms.
#ifndef INTARSIA_BYTE_PRODUCT_H_
#define INTARSIA_BYTE_PRODUCT_H_

#include "byte_images.h"

namespace ITA_ISA {

// A tile: panels of sixteen outputs times images, each sum a register.
constexpr int kTilePanels = kManyRegisters ? 2 : 1;
constexpr int kTileImages = kManyRegisters ? 8 : 4;
constexpr int kGroupBytes = 4 * kPanelRows;
constexpr int64_t kChunkGroups = 128;  // a tile's bytes of weights: 16 KB, in the first cache
constexpr int64_t kBatch = 64;         // images that share a decoding: their sums take 8 KB

struct ByteProduct {
  const ByteDecoder* weights;
  ByteImages images;
  const float* bias;
  float* dst;
  int64_t rows;   // of src and dst, where they are row-major
  int32_t block;  // 1 or ITA_BLOCK
};

// sums[image][panel][16]
inline uint32_t* sums_of(uint32_t* sums, int64_t image, int64_t panel) {
  return sums + (image * kTilePanels + panel) * kPanelRows;
}

// Adds decoded weights [kTilePanels][kChunkGroups][16][4] times x[groups][kImages].
template <class Factor, int kImages>
void add_decoded(const uint8_t* w, const uint32_t* x, int64_t groups, uint32_t* sums) {
  U sum[kTilePanels][kImages];
  for (int p = 0; p < kTilePanels; p++) {
    for (int n = 0; n < kImages; n++) sum[p][n] = LoadInts(sums_of(sums, n, p));
  }
  for (int64_t g = 0; g < groups; g++, w += kGroupBytes, x += kImages) {
#pragma GCC unroll 8
    for (int n = 0; n < kImages; n++) {
      const U four = SetU(x[n]);
#pragma GCC unroll 2
      for (int p = 0; p < kTilePanels; p++) {
        sum[p][n] = Factor(LoadInts(w + p * kChunkGroups * kGroupBytes)).DotAdd(four, sum[p][n]);
      }
    }
  }
  for (int p = 0; p < kTilePanels; p++) {
    for (int n = 0; n < kImages; n++) StoreInts(sum[p][n], sums_of(sums, n, p));
  }
}

// Decodes on the way: one source.
template <class Factor, int kBits, bool kMasked, int kImages>
void add_codes(const ByteProduct& p, const int64_t* panels, int64_t first, uint32_t* sums) {
  typedef Groups<kBits> G;
  constexpr int kChains = kTileImages / kImages < 4 ? kTileImages / kImages : 4;
  const ByteDecoder b = *p.weights;  // a copy, which no store can change
  const uint32_t* x = p.images.word(first, 0);
  const uint32_t* words[kTilePanels];
  const uint16_t* columns[kTilePanels];
  U sum[kTilePanels][kImages][kChains];
  for (int q = 0; q < kTilePanels; q++) {
    words[q] = b.d.panel_codes(panels[q]);
    if (kMasked) columns[q] = b.mask_of(panels[q]);
    for (int n = 0; n < kImages; n++) {
      for (int c = 0; c < kChains; c++) {
        sum[q][n][c] = c == 0 ? LoadInts(sums_of(sums, n, q)) : SetU(0);
      }
    }
  }
  const auto add_word = [&](int count) __attribute__((always_inline)) {
    U word[kTilePanels];
    for (int q = 0; q < kTilePanels; q++) word[q] = LoadInts(words[q]);
#pragma GCC unroll 8
    for (int g = 0; g < G::kCount; g++, x += kImages) {
#pragma GCC unroll 2
      for (int q = 0; q < kTilePanels; q++) {
        U bytes = LookupBytes<kBits>(b.tables, G::lowest(word[q]));
        if (kMasked) bytes = b.template kept<kBits>(bytes, columns[q], count, g);
        const Factor four(bytes);
#pragma GCC unroll 8
        for (int n = 0; n < kImages; n++) {
          U& to = sum[q][n][g % kChains];
          to = four.DotAdd(SetU(x[n]), to);
        }
        word[q] = ShiftRightU<G::kShift>(word[q]);
      }
    }
    for (int q = 0; q < kTilePanels; q++) {
      words[q] += kPanelRows;
      if (kMasked) columns[q] += G::kPerWord;
    }
  };
  // Without a mask no word is special: columns past the end meet inputs that are zero.
  const int64_t whole = kMasked ? b.d.cols / G::kPerWord : b.d.words_per_panel;
  for (int64_t w = 0; w < whole; w++) add_word(G::kPerWord);
  if (whole < b.d.words_per_panel) add_word(static_cast<int>(b.d.cols - whole * G::kPerWord));
  for (int q = 0; q < kTilePanels; q++) {
    for (int n = 0; n < kImages; n++) {
      for (int c = 1; c < kChains; c++) sum[q][n][0] = AddU(sum[q][n][0], sum[q][n][c]);
      StoreInts(sum[q][n][0], sums_of(sums, n, q));
    }
  }
}

// Where that is cheaper than decoding once for a batch: few centres, and with few registers few
// images. Without a fast dot product it is not worth its code. A mask makes it dearer: beyond two
// tiles of images it is not cheaper either.
template <class Factor>
constexpr bool decodes_on_the_way(int bits, int images) {
  return bits <= 4 && (kManyRegisters ? Factor::kOffset == FastByteFactor::kOffset : images <= 2);
}

// Calls body(the tile's width as a constant).
template <class Body>
inline void with_width(int64_t width, const Body& body) {
  if (width == 1) return body(Bits<1>{});
  if (width == 2) return body(Bits<2>{});
  if (width == 4) return body(Bits<4>{});
  if constexpr (kTileImages == 8) body(Bits<8>{});
}

// One tile of panels times the images first .. first + count.
template <class Factor, int kBits, int kImages>
void sum_up(const ByteProduct& p, const int64_t* panels, int64_t first, int64_t count,
            uint32_t* sums) {
  const ByteDecoder& b = *p.weights;
  for (int64_t n = 0; n < count; n++) {
    for (int q = 0; q < kTilePanels; q++) {
      StoreInts(SetU(p.images.offsets[first + n]), sums_of(sums, n, q));
    }
  }
  if constexpr (decodes_on_the_way<Factor>(kBits, kImages)) {
    if (b.d.sources == 1 && (!b.d.mask || count <= 2 * kTileImages)) {
      for (int64_t n = 0; n < count; n += kImages) {
        if (b.d.mask) {
          add_codes<Factor, kBits, true, kImages>(p, panels, first + n, sums_of(sums, n, 0));
        } else {
          add_codes<Factor, kBits, false, kImages>(p, panels, first + n, sums_of(sums, n, 0));
        }
      }
      return;
    }
  }
  constexpr int64_t kGroups = Groups<kBits>::kCount, kWords = kChunkGroups / kGroups;
  alignas(64) uint8_t decoded[kTilePanels * kChunkGroups * kGroupBytes];
  for (int64_t word = 0; word < b.d.words_per_panel; word += kWords) {
    const int64_t left = b.d.words_per_panel - word, words = left < kWords ? left : kWords;
    for (int q = 0; q < kTilePanels; q++) {
      b.template panel_bytes<kBits>(panels[q], word, words,
                                    decoded + q * kChunkGroups * kGroupBytes);
    }
    for (int64_t n = 0; n < count; n += kImages) {
      add_decoded<Factor, kImages>(decoded, p.images.word(first + n, word * kGroups),
                                   words * kGroups, sums_of(sums, n, 0));
    }
  }
}

// Sixteen outputs of images in rows.
inline void put_rows(const ByteProduct& p, int64_t panel, int q, int64_t first, int64_t count,
                     uint32_t* sums) {
  const int64_t outputs = p.weights->d.rows, row = panel * kPanelRows, left = outputs - row;
  const M exists = FirstN(static_cast<int>(left < kPanelRows ? left : kPanelRows));
  const V bias = p.bias ? MaskedLoad(exists, p.bias + row) : Zero();
  for (int64_t n = 0; n < count && first + n < p.rows; n++) {
    const V sum = ToFloat(LoadInts(sums_of(sums, n, q)));
    MaskedStore(exists, MulAdd(sum, Set(p.images.scales[first + n]), bias),
                p.dst + (first + n) * outputs + row);
  }
}

// Sixteen outputs of blocks of images.
inline void put_blocks(const ByteProduct& p, int64_t panel, int q, int64_t first, int64_t count,
                       uint32_t* sums) {
  const int64_t outputs = p.weights->d.rows, row = panel * kPanelRows, left = outputs - row;
  for (int64_t n = 0; n < count; n += ITA_BLOCK) {
    V v[kLanes];  // [image][output]
    for (int i = 0; i < kLanes; i++) v[i] = ToFloat(LoadInts(sums_of(sums, n + i, q)));
    Transpose(v);  // [output][image]
    const V scale = Load(p.images.scales + first + n);
    float* to = p.dst + (first + n) * outputs + row * ITA_BLOCK;
    for (int r = 0; r < kLanes && r < left; r++) {
      Store(MulAdd(v[r], scale, Set(p.bias ? p.bias[row + r] : 0.0f)), to + r * ITA_BLOCK);
    }
  }
}

template <class Factor>
void multiply_bytes(ita_context* ctx, const ByteProduct& p) {
  const Decoder& d = p.weights->d;
  const int64_t tiles = divide_up(d.panels, kTilePanels);
  const int64_t batches = divide_up(p.images.images, kBatch);
  const int64_t images = p.images.images < kBatch ? p.images.images : kBatch;
  const int64_t work = p.images.groups * kTilePanels * (images + 3 * d.sources);
  parallel_for(ctx, tiles * batches, grain_for(work), [&](int64_t begin, int64_t end, int) {
    alignas(64) uint32_t sums[kBatch * kTilePanels * kPanelRows];
    for (int64_t at = begin; at < end; at++) {
      int64_t panels[kTilePanels];  // one past the end repeats the last
      for (int q = 0; q < kTilePanels; q++) {
        const int64_t panel = at % tiles * kTilePanels + q;
        panels[q] = panel < d.panels ? panel : d.panels - 1;
      }
      const int64_t first = at / tiles * kBatch, left = p.images.images - first;
      const int64_t count = left < kBatch ? left : kBatch;
      with_bits(d.bits, [&](auto bits) {
        with_width(p.images.width, [&](auto width) {
          sum_up<Factor, decltype(bits)::value, decltype(width)::value>(p, panels, first, count,
                                                                        sums);
        });
      });
      for (int q = 0; q < kTilePanels && at % tiles * kTilePanels + q < d.panels; q++) {
        (p.block == 1 ? put_rows : put_blocks)(p, panels[q], q, first, count, sums);
      }
    }
  });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_BYTE_PRODUCT_H_
