// SPDX-License-Identifier: Apache-2.0
// Codes times blocks of sixteen images where there are many registers: the lanes are sixteen
// outputs, an input is a broadcast, and a tile is two panels times eight images, so that a
// broadcast serves two products and a weight eight. Weights never leave their register.
//
// A few panels are multiplied with all blocks, one after the other, before the next few: their
// codes are read from memory once and stay in the L2 cache, whichever task a block is of.
//
// Bound by multiply-adds: 2 * O * I * 16 flops a block.
//
// Ladder (4096 x 4096, 16 images, 4 bits, one thread, AVX-512, Zen 5, beside busy neighbours,
// minima, ms; f32 packed 2.15, peak of the multiply-adds 1.9):
//   1  panels decoded column by column for matrix_panels.h ... 3.8
//   2  tiles, a shift by a constant .......................... 1.90
//   3  a body for all widths, the count in a register ........ 2.20  two operations a shift
//   4  the count in a vector ................................. 1.92  shipped
//
// A sum runs over k in ascending order in one chain from the bias on, as in matrix_product.h: the
// same bits as the dense layer.
#ifndef INTARSIA_CODEBOOK_TILES_H_
#define INTARSIA_CODEBOOK_TILES_H_

#include "codebook_runs.h"

namespace ITA_ISA {

constexpr int kTilePanels = 2;
constexpr int kTileImages = 8;
constexpr int kTileBits = 5;   // of a code that is one permutation
constexpr int kTilePairs = 4;  // of panels that meet all blocks before the next

struct CodebookTiles {
  const Decoder* d;
  const float* src;        // [blocks][cols][16]
  const float* bias;       // or NULL
  float* dst;              // [blocks][rows][16]
  const int32_t* mask_of;  // [blocks], which plane of the decoder's mask; NULL for the first

  const uint16_t* mask(int64_t block) const {
    return mask_of ? d->mask + mask_of[block] * d->panels * d->plane_stride : d->mask;
  }
};

typedef V TileSums[kTilePanels][kTileImages];

// The sums of two panels from their codes. Up to four bits share a body: tables are repeated to
// sixteen, and beside sixteen multiply-adds a shift by a variable costs nothing.
template <int kTable, bool kMasked>
inline void tile_codes(const Decoder& d, const uint16_t* mask, int64_t panel, int64_t second,
                       const float* x, TileSums acc) {
  const int64_t per_word = d.per_word;
  const uint32_t* word = d.panel_codes(panel);
  const uint32_t* word2 = d.panel_codes(second);
  const uint16_t* on = kMasked ? mask + panel * d.plane_stride : nullptr;
  const uint16_t* on2 = kMasked ? mask + second * d.plane_stride : nullptr;
  for (int64_t col = 0; col < d.cols; col += per_word, word += kPanelRows, word2 += kPanelRows) {
    U codes = LoadInts(word), codes2 = LoadInts(word2);
    const int64_t left = d.cols - col;
    const int64_t count = left < per_word ? left : per_word;
    for (int64_t j = 0; j < count; j++, x += kPanelRows) {
      V w = Lookup<kTable>(d.tables, codes), w2 = Lookup<kTable>(d.tables, codes2);
      if (kMasked) {
        w = IfThenElseZero(LoadBits(on + col + j), w);
        w2 = IfThenElseZero(LoadBits(on2 + col + j), w2);
      }
      codes = ShiftRightBy(codes, d.bits);
      codes2 = ShiftRightBy(codes2, d.bits);
#pragma GCC unroll 8
      for (int n = 0; n < kTileImages; n++) {
        const V v = Set(x[n]);
        acc[0][n] = MulAdd(w, v, acc[0][n]);
        acc[1][n] = MulAdd(w2, v, acc[1][n]);
      }
    }
  }
}

// Sixteen outputs of eight images, turned.
inline void put_tile(const CodebookTiles& t, int64_t panel, const float* sums, float* dst) {
  const int64_t row = panel * kPanelRows, left = t.d->rows - row;
  V square[kPanelRows];
  for (int64_t n = 0; n < kPanelRows; n++) square[n] = Load(sums + n * kPanelRows);
  Transpose(square);
  for (int64_t r = 0; r < kPanelRows && r < left; r++) {
    Store(square[r], dst + (row + r) * ITA_BLOCK);
  }
}

// Two panels (the second may be the first once more) times a block.
template <int kTable, bool kMasked>
void tile(const CodebookTiles& t, int64_t panel, int64_t block) {
  const Decoder& d = *t.d;
  const int64_t second = panel + 1 < d.panels ? panel + 1 : panel;
  const float* src = t.src + block * d.cols * ITA_BLOCK;
  float* dst = t.dst + block * d.rows * ITA_BLOCK;
  alignas(64) float sums[kTilePanels][ITA_BLOCK * kPanelRows];
  for (int first = 0; first < ITA_BLOCK; first += kTileImages) {
    TileSums acc;
    for (int p = 0; p < kTilePanels; p++) {
      const int64_t row = (p ? second : panel) * kPanelRows, left = d.rows - row;
      const M exists = FirstN(static_cast<int>(left < kPanelRows ? left : kPanelRows));
      const V start = t.bias ? MaskedLoad(exists, t.bias + row) : Zero();
      for (V& sum : acc[p]) sum = start;
    }
    tile_codes<kTable, kMasked>(d, t.mask(block), panel, second, src + first, acc);
    for (int p = 0; p < kTilePanels; p++) {
      for (int n = 0; n < kTileImages; n++) {
        Store(acc[p][n], sums[p] + (first + n) * kPanelRows);
      }
    }
  }
  put_tile(t, panel, sums[0], dst);
  if (second != panel) put_tile(t, second, sums[1], dst);
}

inline void codebook_tiles(ita_context* ctx, const CodebookTiles& t, int64_t blocks) {
  const Decoder& d = *t.d;
  const int64_t pairs = divide_up(d.panels, kTilePanels);
  const int64_t work = d.cols * kTilePanels * ITA_BLOCK;
  parallel_for(ctx, blocks * pairs, grain_for(work), [&](int64_t begin, int64_t end, int) {
    for (int64_t item = begin; item < end; item++) {
      const int64_t few = item / (kTilePairs * blocks) * kTilePairs;  // the first of some pairs
      const int64_t count = pairs - few < kTilePairs ? pairs - few : kTilePairs;
      const int64_t in_few = item - few * blocks;
      const int64_t panel = (few + in_few % count) * kTilePanels, block = in_few / count;
      if (d.bits <= 4) {
        if (d.mask) {
          tile<4, true>(t, panel, block);
        } else {
          tile<4, false>(t, panel, block);
        }
      } else if (d.mask) {
        tile<kTileBits, true>(t, panel, block);
      } else {
        tile<kTileBits, false>(t, panel, block);
      }
    }
  });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CODEBOOK_TILES_H_
