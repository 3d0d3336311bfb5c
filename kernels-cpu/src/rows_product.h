// SPDX-License-Identifier: Apache-2.0
// A masked convolution of row-major images as lists of what is live, walked over planes of pixels.
//
// Roofline: multiply-adds of live kernels at the peak, or their weights from the third-level cache
// (512 channels). One thread of an AMD EPYC (Zen 5), AVX-512, peak about 250 GFLOP/s, one image, a
// quarter of the 3x3 kernels live, copies and lists included, milliseconds forward:
//   64 at 32x32   0.15  (51 % of the peak; all live 0.47)
//   128 at 16x16  0.115 (65 %; all live 0.38)
//   256 at 8x8    0.12  (62 %; all live 0.33, no mask 0.32)
//   512 at 4x4    0.27  (28 %; all live 0.59, no mask 0.55)
//   16 at 32x32   0.014, 32 at 16x16 0.012, 64 at 8x8 0.0085
// Of 512 at 4x4, 0.03 counts the mask's kernels, 0.06 lists them, 0.01 copies pixels, 0.13 are
// twelve loads for nine multiply-adds and 0.04 misses of weights; of 256 at 8x8 0.03 counts, lists
// and copies.
// Ladder: lists over all columns 512 at 4x4 1.17; kernels of the mask found seven at a time 0.88;
// entries written without a branch 0.70; cutting lists by columns so that pixels stay in the first
// level: 256 at 8x8 all live 0.75 to 0.65, AlexNet's 5x5 8.1 to 3.7, but blocks too short for their
// sums' way to memory lose (64 at 32x32 0.165 to 0.19). Chunks of 32 or 64 rows changed nothing.
// Lists of 16-bit columns by a table of bytes, and taps of other rows joined in registers, not
// loaded across lines: 256 at 8x8 0.285 to 0.18, all live 0.58 to 0.34, 512 at 4x4 0.67 to 0.44.
// Planes filled by vectors, one pass that counts, weights of the next list prefetched: 0.155 and
// 0.42. Vectors held in registers, where the compiler loaded them for each use, and 4x4 maps
// without the rows around them: 0.14 and 0.305. 8x8 maps likewise: 0.133 and 0.285. Lists of at
// least 160 multiply-adds, not 60, and a count that gathers no bits: 0.122 and 0.27; where a cache
// full of columns has 60 (128 at 16x16 all live), longer lists lose: 0.38 to 0.45.
#ifndef INTARSIA_ROWS_PRODUCT_H_
#define INTARSIA_ROWS_PRODUCT_H_

#include "conv2d_geometry.h"
#include "rows_lists.h"

namespace ITA_ISA {

// Adds a block of one row's list to kN vectors of pixels.
template <int kN>
inline void add_list(const RowsProduct& p, const RowsLists& lists, int64_t r, int64_t b,
                     const float* from, V acc[kN]) {
  const KernelReads reads = {p.planes.copy, p.planes.pitch};
  if (!p.kernels) {
    const int64_t begin = lists.begin(r, b);
    return tap_tile<kN>(from, lists.weights(r), lists.taps(r) + begin, lists.end(r, b) - begin,
                        acc);
  }
  const KernelList list = lists.kernels(r, b);
  if (p.planes.pitch >= kLanes) {
    return p.transposed ? kernel_column<kN, true>(from, reads, list, acc)
                        : kernel_column<kN, false>(from, reads, list, acc);
  }
  if constexpr (kN == 1) {
    if (p.planes.framed && p.planes.pitch == 4) {
      return p.transposed ? kernel_framed<1, 4, true>(from, reads, list, acc)
                          : kernel_framed<1, 4, false>(from, reads, list, acc);
    }
  }
  if constexpr (kN <= 4) {
    if (p.planes.framed) {
      return p.transposed ? kernel_framed<kN, 8, true>(from, reads, list, acc)
                          : kernel_framed<kN, 8, false>(from, reads, list, acc);
    }
  }
  if (p.planes.pitch == 8) {
    return p.transposed ? kernel_flat<kN, 8, true>(from, reads, list, acc)
                        : kernel_flat<kN, 8, false>(from, reads, list, acc);
  }
  return p.transposed ? kernel_flat<kN, 4, true>(from, reads, list, acc)
                      : kernel_flat<kN, 4, false>(from, reads, list, acc);
}

// One tile of the rows of a chunk: kN vectors from pixel (y, x) on, below each other or in a line.
template <int kN>
inline void rows_of_chunk(const RowsProduct& p, const RowsLists& lists, const float* src,
                          const RowsResult& to, int64_t y, int64_t x, bool down) {
  const int64_t pitch = p.planes.pitch;
  const float* from = src + y * pitch + x;
  for (int64_t b = 0; b < lists.blocks(); b++) {
    for (int64_t r = 0; r < lists.count(); r++) {
      const float* bias = p.bias ? p.bias + lists.group() * p.rows + lists.first() + r : nullptr;
      V acc[kN];
#pragma GCC unroll 16
      for (int v = 0; v < kN; v++) {
        acc[v] = b > 0 ? Load(lists.sums(r) + v * kLanes) : Zero();
      }
      add_list<kN>(p, lists, r, b, from, acc);
      if (b + 1 < lists.blocks()) {
#pragma GCC unroll 16
        for (int v = 0; v < kN; v++) Store(acc[v], lists.sums(r) + v * kLanes);
        continue;
      }
      if (bias) {  // last: the partial sums before it are smaller, and so are their roundings
        for (int v = 0; v < kN; v++) acc[v] = Add(acc[v], Set(*bias));
      }
      RowsResult row = to;
      row.to += r * p.dst_plane;
      int64_t at_y = y, at_x = x;
      for (int v = 0; v < kN; v++) {
        row.store(acc[v], at_y, at_x);
        if (down) {
          at_y++;
          continue;
        }
        for (at_x += kLanes; at_x >= pitch; at_x -= pitch) at_y++;
      }
    }
  }
}

// Walks `count` vectors from (y, x) on in tiles of 16, 8, 4, 2 and 1: down a column of vectors if
// `down`, else along the pixels.
inline void rows_span(const RowsProduct& p, const RowsLists& lists, const float* src,
                      const RowsResult& to, int64_t y, int64_t x, int64_t count, bool down) {
  while (count > 0) {
    int64_t tile = kRowsTile;
    while (tile > count) tile /= 2;
    if constexpr (kRowsTile == 16) {
      if (tile == 16) rows_of_chunk<16>(p, lists, src, to, y, x, down);
      if (tile == 8) rows_of_chunk<8>(p, lists, src, to, y, x, down);
    }
    if (tile == 4) rows_of_chunk<4>(p, lists, src, to, y, x, down);
    if (tile == 2) rows_of_chunk<2>(p, lists, src, to, y, x, down);
    if (tile == 1) rows_of_chunk<1>(p, lists, src, to, y, x, down);
    count -= tile;
    if (down) {
      y += tile;
    } else {
      x += tile * kLanes;
      y += x / p.planes.pitch;
      x %= p.planes.pitch;
    }
  }
}

// Entries of the taps in the order of the filter: for all columns; and, for transposed lists, of
// one column with the taps of other phases marked.
inline void fill_table(const RowsProduct& p, LiveTap* table) {
  LiveTap* out = table;
  for (int64_t col = 0; col < p.cols; col++) {
    for (int64_t t = 0; t < p.reached; t++) {
      const int64_t at = col * (p.transposed ? p.filter : p.taps) + p.reach[t].tap;
      *out++ = {static_cast<int32_t>(col * p.planes.channel + p.planes.offset(p.reach[t])),
                static_cast<int32_t>(at)};
    }
  }
  if (!p.transposed) return;
  for (int64_t t = 0; t < p.taps; t++) out[t] = {0, INT32_MIN};
  for (int64_t t = 0; t < p.reached; t++) {
    out[p.reach[t].tap] = {static_cast<int32_t>(p.planes.offset(p.reach[t])), p.reach[t].tap};
  }
}

inline int64_t table_entries(const RowsProduct& p) {
  return p.kernels ? 0 : p.cols * p.reached + p.taps;
}

// Scratch of a product, all phases of backward_data alike: planes, table, lists of each worker.
struct RowsScratch {
  float* planes;
  LiveTap* table;
  char* lists;
  int64_t list_bytes;
};

inline void multiply_rows(ita_context* ctx, RowsProduct& p, const RowsScratch& scratch) {
  RowsPlanes& g = p.planes;
  if (!p.kernels) fill_table(p, scratch.table);
  const bool wide = g.pitch >= kLanes;
  const int64_t band = wide ? kBandRows : g.grid_h;
  const int64_t bands = divide_up(g.grid_h, band);
  const int64_t chunks = p.groups * divide_up(p.rows, kRowsChunk);
  const int64_t item_cost = kRowsChunk * p.cols * p.reached * divide_up(g.vectors, bands) / 2;
  for (int64_t n = 0; n < p.images; n++) {
    g.fill(ctx, p.src + n * g.channels * g.src_h * g.src_w, scratch.planes);
    float* dst = p.dst + n * p.groups * p.rows * p.dst_plane;
    const auto work = [&](int64_t begin, int64_t end, int worker) {
      RowsLists lists(p, scratch.lists + worker * scratch.list_bytes, scratch.table);
      for (int64_t item = begin; item < end; item++) {
        lists.build(item / bands);
        const int64_t y = item % bands * band;
        const int64_t rows = g.grid_h - y < band ? g.grid_h - y : band;
        const float* src = g.data + lists.group() * p.cols * g.channel;
        const RowsResult to = {dst + (lists.group() * p.rows + lists.first()) * p.dst_plane,
                               p.dst_row,
                               p.dst_col,
                               g.pitch,
                               g.grid_h,
                               g.grid_w};
        if (!p.kernels || !wide) {
          rows_span(p, lists, src, to, y, 0, divide_up(rows * g.pitch, kLanes), false);
        } else {
          for (int64_t x = 0; x < g.pitch; x += kLanes) {
            rows_span(p, lists, src, to, y, x, rows, true);
          }
        }
      }
    };
    parallel_for(ctx, chunks * bands, grain_for(item_cost), work);
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_ROWS_PRODUCT_H_
