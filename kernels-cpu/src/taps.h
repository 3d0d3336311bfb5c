// SPDX-License-Identifier: Apache-2.0
// A convolution as lists of taps over zero-padded activations: what forward and backward_data
// share.
//
// A tap is a live weight and the place of its source pixel relative to an output pixel. A tile of
// output pixels sits in registers while one list is walked: one broadcast, and one load with
// multiply-add per pixel.
#ifndef INTARSIA_TAPS_H_
#define INTARSIA_TAPS_H_

#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

// One live weight: source offset in floats from the output pixel's base, and the value.
struct Tap {
  int32_t offset;
  float weight;
};

// Zero rows and columns around an image.
struct Margin {
  int64_t before, after;
};

// Activations [blocks][channels][rows][cols][16] with margins of zeros; no copy where there are
// none.
struct Padded {
  int64_t h, w;  // inside the margins
  Margin mh, mw;
  int64_t row_stride;      // floats
  int64_t channel_stride;  // floats
  int64_t block_stride;    // floats
  int64_t planes;          // blocks * channels
  const float* data;

  Padded(int64_t blocks, int64_t channels, int64_t height, int64_t width, Margin rows, Margin cols)
      : h(height), w(width), mh(rows), mw(cols), data(nullptr) {
    row_stride = (cols.before + w + cols.after) * ITA_BLOCK;
    channel_stride = (rows.before + h + rows.after) * row_stride;
    block_stride = channels * channel_stride;
    planes = blocks * channels;
  }
  bool copied() const { return mh.before + mh.after + mw.before + mw.after > 0; }
  int64_t scratch_floats() const { return copied() ? planes * channel_stride : 0; }
};

inline void pad(ita_context* ctx, const float* src, float* scratch, Padded* padded) {
  padded->data = src;
  if (!padded->copied()) return;
  padded->data = scratch;
  const Padded& p = *padded;
  const int64_t row_vectors = p.channel_stride / ITA_BLOCK;
  parallel_for(ctx, p.planes, grain_for(row_vectors), [&](int64_t begin, int64_t end, int) {
    for (int64_t plane = begin; plane < end; plane++) {
      float* to = scratch + plane * p.channel_stride;           // to[row, col, :]
      const float* from = src + plane * p.h * p.w * ITA_BLOCK;  // from[row, col, :]
      const int64_t rows = p.mh.before + p.h + p.mh.after;
      for (int64_t row = 0; row < rows; row++, to += p.row_stride) {
        if (row < p.mh.before || row >= p.mh.before + p.h) {
          memset(to, 0, sizeof(float) * p.row_stride);
          continue;
        }
        float* inside = to + p.mw.before * ITA_BLOCK;
        memset(to, 0, sizeof(float) * p.mw.before * ITA_BLOCK);
        memcpy(inside, from, sizeof(float) * p.w * ITA_BLOCK);
        memset(inside + p.w * ITA_BLOCK, 0, sizeof(float) * p.mw.after * ITA_BLOCK);
        from += p.w * ITA_BLOCK;
      }
    }
  });
}

// ---- tiles: rows x cols output pixels in registers

// A grid of output pixels with regular steps in source and destination, all in floats.
struct Grid {
  int64_t rows, cols;
  int64_t src_row, src_col;
  int64_t dst_row, dst_col;
};

constexpr int kWide = kAccumulators >= 16 ? 16 : 4;  // pixels a tile holds

template <int kRows, int kCols, int kStride>
void tile(const Grid& g, const float* src, const Tap* taps, int64_t count, float bias, float* dst) {
  const int64_t step = kStride ? kStride * ITA_BLOCK : g.src_col;
  V acc[kRows][kCols];
  for (int r = 0; r < kRows; r++) {
    for (int c = 0; c < kCols; c++) acc[r][c] = Set(bias);
  }
  for (int64_t t = 0; t < count; t++) {
    const float* at = src + taps[t].offset;
    const V weight = Set(taps[t].weight);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 16
      for (int c = 0; c < kCols; c++) {
        acc[r][c] = MulAddAt(at + r * g.src_row + c * step, weight, acc[r][c]);
      }
    }
  }
  for (int r = 0; r < kRows; r++) {
    for (int c = 0; c < kCols; c++) Store(acc[r][c], dst + r * g.dst_row + c * g.dst_col);
  }
}

template <int kRows, int kCols>
void tile_of_stride(const Grid& g, const float* src, const Tap* taps, int64_t count, float bias,
                    float* dst) {
  if (g.src_col == ITA_BLOCK) {
    tile<kRows, kCols, 1>(g, src, taps, count, bias, dst);
  } else if (g.src_col == 2 * ITA_BLOCK) {
    tile<kRows, kCols, 2>(g, src, taps, count, bias, dst);
  } else {
    tile<kRows, kCols, 0>(g, src, taps, count, bias, dst);
  }
}

// The tile shapes: as many pixels as registers hold, whatever the width of the map.
inline int tile_cols(int64_t left) {
  int cols = kWide;
  while (cols > left) cols /= 2;
  return cols;
}
inline int tile_rows(int cols, int64_t left) {
  int rows = kWide / cols;
  while (rows > left) rows /= 2;
  return rows;
}

inline void any_tile(int rows, int cols, const Grid& g, const float* src, const Tap* taps,
                     int64_t count, float bias, float* dst) {
#define ITA_TILE(R, C) \
  if (rows == R && cols == C) return tile_of_stride<R, C>(g, src, taps, count, bias, dst)
  if constexpr (kWide == 16) {
    ITA_TILE(1, 16);
    ITA_TILE(2, 8);
    ITA_TILE(1, 8);
    ITA_TILE(16, 1);
    ITA_TILE(8, 2);
    ITA_TILE(8, 1);
    ITA_TILE(4, 4);
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

// For each row of the product (an output, or an input channel in backward_data): where its taps
// are.
struct TapLists {
  Tap* taps;         // [rows][capacity]
  int32_t* count;    // [rows]
  int64_t capacity;  // taps a row can have
};

// dst[block, row, grid] = bias[row] + sum of taps, for all rows of one group.
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
};

constexpr int64_t kRowChunk = 32;  // rows that share a source tile while it is in cache

inline void multiply(ita_context* ctx, const Product& p) {
  const Grid& g = p.grid;
  const int band_rows = tile_rows(tile_cols(g.cols), g.rows);
  const int64_t bands = divide_up(g.rows, band_rows);
  const int64_t chunks = divide_up(p.rows, kRowChunk);
  const int64_t item_cost = kRowChunk * p.lists.capacity * band_rows * g.cols / 2;
  parallel_for(
      ctx, p.blocks * bands * chunks, grain_for(item_cost), [&](int64_t begin, int64_t end, int) {
        for (int64_t item = begin; item < end; item++) {
          const int64_t chunk = item % chunks;
          const int64_t band = item / chunks % bands;
          const int64_t block = item / chunks / bands;
          const int64_t first_row = chunk * kRowChunk;
          const int64_t last_row = first_row + kRowChunk < p.rows ? first_row + kRowChunk : p.rows;
          const int64_t band_end =
              (band + 1) * band_rows < g.rows ? (band + 1) * band_rows : g.rows;
          for (int64_t col = 0, cols; col < g.cols; col += cols) {
            cols = tile_cols(g.cols - col);
            for (int64_t y = band * band_rows, rows; y < band_end; y += rows) {
              rows = tile_rows(static_cast<int>(cols), band_end - y);
              const float* src = p.src + block * p.src_block + y * g.src_row + col * g.src_col;
              float* dst = p.dst + block * p.dst_block + y * g.dst_row + col * g.dst_col;
              for (int64_t row = first_row; row < last_row; row++) {
                any_tile(static_cast<int>(rows), static_cast<int>(cols), g,
                         src + row / p.group_rows * p.group_src,
                         p.lists.taps + row * p.lists.capacity, p.lists.count[row],
                         p.bias ? p.bias[row] : 0.0f, dst + row * p.dst_row);
              }
            }
          }
        }
      });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_TAPS_H_
