// SPDX-License-Identifier: Apache-2.0
// A convolution as lists of taps over zero-padded activations: any shape, any mask, forward and
// backward_data.
//
// A tap is a live weight and the place of its source pixel relative to an output pixel. A tile of
// output pixels sits in registers while one list is walked: one broadcast, and one load with
// multiply-add per pixel. Lists are cut by blocks of source channels, so that the pixels that all
// rows of the product read for one tile stay in the first-level cache.
//
// Roofline: the multiply-adds, each with a load of its own (two of either a cycle). At an eighth of
// the weights, 3x3, batch 64, AVX-512 on one thread of an AMD EPYC Zen 5, it is 1.37x to 2.47x as
// fast as a dense library. What was tried: the lists of forward by a look at every mask bit,
// 1.16x at 512@4 and 1.95x at 256@8; by the set bits alone (conv2d_taps.h), 1.37x and 2.24x: kept.
// Not tried: source patches as in conv2d_gather.h instead of a padded copy, larger tiles.
#ifndef INTARSIA_TAPS_H_
#define INTARSIA_TAPS_H_

#include "padded.h"
#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

// One live weight: source offset in floats from the output pixel's base, and the value.
struct Tap {
  int32_t offset;
  float weight;
};

// ---- tiles: rows x cols output pixels in registers

// A grid of output pixels with regular steps in source and destination, all in floats.
struct Grid {
  int64_t rows, cols;
  int64_t src_row, src_col;
  int64_t dst_row, dst_col;
};

constexpr int kWide = kAccumulators >= 16 ? 16 : 4;  // pixels a tile holds

// One list over one tile. The first list of a row starts from `bias`, later ones from dst.
struct Walk {
  const float* src;
  const Tap* taps;
  int64_t count;
  const float* bias;  // NULL: continue from dst
  float* dst;
};

template <int kRows, int kCols, int kStride>
void tile(const Grid& g, const Walk& walk) {
  const int64_t step = kStride ? kStride * ITA_BLOCK : g.src_col;
  V acc[kRows][kCols];
  for (int r = 0; r < kRows; r++) {
    for (int c = 0; c < kCols; c++) {
      acc[r][c] = walk.bias ? Set(*walk.bias) : Load(walk.dst + r * g.dst_row + c * g.dst_col);
    }
  }
  const float* row[kRows];  // hoisted: each read is row + offset + constant, one address
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) row[r] = walk.src + r * g.src_row;
  for (const Tap *tap = walk.taps, *end = tap + walk.count; tap < end; tap++) {
    const int64_t offset = tap->offset;
    const V weight = Set(tap->weight);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 16
      for (int c = 0; c < kCols; c++) {
        acc[r][c] = MulAddAt(row[r] + offset + c * step, weight, acc[r][c]);
      }
    }
  }
  for (int r = 0; r < kRows; r++) {
    for (int c = 0; c < kCols; c++) Store(acc[r][c], walk.dst + r * g.dst_row + c * g.dst_col);
  }
}

template <int kRows, int kCols>
void tile_of_stride(const Grid& g, const Walk& walk) {
  if (g.src_col == ITA_BLOCK) {
    tile<kRows, kCols, 1>(g, walk);
  } else if (g.src_col == 2 * ITA_BLOCK) {
    tile<kRows, kCols, 2>(g, walk);
  } else {
    tile<kRows, kCols, 0>(g, walk);
  }
}

// The tile shapes: as many pixels as registers hold. Square ones where the map allows it, because
// they share most source pixels.
inline int tile_cols(int64_t rows, int64_t cols) {
  int width = kWide >= 16 && rows >= 4 ? 4 : kWide;
  while (width > cols) width /= 2;
  return width;
}
inline int tile_rows(int width, int64_t rows) {
  int height = kWide / width;
  while (height > rows) height /= 2;
  return height;
}

inline void any_tile(int rows, int cols, const Grid& g, const Walk& walk) {
#define ITA_TILE(R, C) \
  if (rows == R && cols == C) return tile_of_stride<R, C>(g, walk)
  if constexpr (kWide == 16) {
    ITA_TILE(4, 4);
    ITA_TILE(1, 16);
    ITA_TILE(2, 8);
    ITA_TILE(1, 8);
    ITA_TILE(16, 1);
    ITA_TILE(8, 2);
    ITA_TILE(8, 1);
    ITA_TILE(2, 4);
    ITA_TILE(4, 2);
  }
  ITA_TILE(1, 4);
  ITA_TILE(2, 2);
  ITA_TILE(4, 1);
  ITA_TILE(1, 2);
  ITA_TILE(2, 1);
  ITA_TILE(1, 1);
#undef ITA_TILE
}

// ---- a convolution as lists of taps

// One list per (block of source channels, row of the product).
struct TapLists {
  int64_t rows;
  int64_t channels;  // of one block
  int64_t channel_blocks;
  int64_t capacity;  // taps a list can have
  Tap* taps;         // [channel_blocks][rows][capacity]
  int32_t* count;    // [channel_blocks][rows]

  // The pixels of a block under one tile fill about half of the first-level cache; but a list
  // should not be so short that loading and storing the tile costs more than walking it.
  TapLists(int64_t row_count, int64_t all_channels, int64_t taps_of_kernel, double density)
      : rows(row_count), taps(nullptr), count(nullptr) {
    constexpr int64_t kCached = 10;     // channels of a 6 x 6 patch in 24 KiB
    constexpr double kShortest = 24.0;  // taps
    const int64_t least = static_cast<int64_t>(kShortest / (taps_of_kernel * density + 1e-6));
    channels = kCached > least ? kCached : least;
    if (channels > all_channels) channels = all_channels;
    channel_blocks = divide_up(all_channels, channels);
    capacity = channels * taps_of_kernel;
  }
  int64_t lists() const { return channel_blocks * rows; }
  int64_t end_channel(int64_t block, int64_t all) const {
    return (block + 1) * channels < all ? (block + 1) * channels : all;
  }
  Tap* list(int64_t block, int64_t row) const { return taps + (block * rows + row) * capacity; }
  int32_t& length(int64_t block, int64_t row) const { return count[block * rows + row]; }
};

// dst[block, row, grid] = bias[row] + sum over the row's lists.
struct Product {
  Grid grid;
  TapLists lists;
  const float* src;  // padded, first channel of the group is added per row
  int64_t src_block;
  int64_t group_rows;  // rows of one group
  int64_t group_src;   // floats from one group's source to the next
  float* dst;          // dst[block, row, 0, 0, :]
  int64_t dst_block;
  int64_t dst_row;
  int64_t rows;
  int64_t blocks;
  const float* bias;

  explicit Product(const TapLists& tap_lists) : lists(tap_lists) {}
};

constexpr int64_t kRowChunk = 64;  // rows of one item, at most

inline void multiply(ita_context* ctx, const Product& p) {
  const Grid& g = p.grid;
  const int band_rows = tile_rows(tile_cols(g.rows, g.cols), g.rows);
  const int64_t bands = divide_up(g.rows, band_rows);
  const int64_t chunks = divide_up(p.rows, kRowChunk);
  const int64_t list_cost = p.lists.capacity * p.lists.channel_blocks;
  const int64_t item_cost = kRowChunk * list_cost * band_rows * g.cols / 2;
  const float zero = 0.0f;
  parallel_for(
      ctx, p.blocks * bands * chunks, grain_for(item_cost), [&](int64_t begin, int64_t end, int) {
        for (int64_t item = begin; item < end; item++) {
          const int64_t chunk = item % chunks;
          const int64_t band = item / chunks % bands;
          const int64_t block = item / chunks / bands;
          const int64_t row_begin = chunk * kRowChunk;
          const int64_t row_end = row_begin + kRowChunk < p.rows ? row_begin + kRowChunk : p.rows;
          const int64_t y_end = (band + 1) * band_rows < g.rows ? (band + 1) * band_rows : g.rows;
          for (int64_t x = 0, cols; x < g.cols; x += cols) {
            cols = tile_cols(g.rows, g.cols - x);
            for (int64_t y = band * band_rows, rows; y < y_end; y += rows) {
              rows = tile_rows(static_cast<int>(cols), y_end - y);
              const float* src = p.src + block * p.src_block + y * g.src_row + x * g.src_col;
              float* dst = p.dst + block * p.dst_block + y * g.dst_row + x * g.dst_col;
              for (int64_t c = 0; c < p.lists.channel_blocks; c++) {
                for (int64_t row = row_begin; row < row_end; row++) {
                  const int64_t length = p.lists.length(c, row);
                  if (c > 0 && length == 0) continue;
                  const float* start = c > 0 ? nullptr : p.bias ? p.bias + row : &zero;
                  any_tile(static_cast<int>(rows), static_cast<int>(cols), g,
                           {src + row / p.group_rows * p.group_src, p.lists.list(c, row), length,
                            start, dst + row * p.dst_row});
                }
              }
            }
          }
        }
      });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_TAPS_H_
