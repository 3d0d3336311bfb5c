// SPDX-License-Identifier: Apache-2.0
// A masked convolution of row-major images as lists of what is live, walked over planes of pixels.
//
// Roofline: multiply-adds of live kernels at the peak, or their weights from the third-level cache
// (512 channels). One thread of an AMD EPYC (Zen 5), AVX-512, peak about 250 GFLOP/s, one image, a
// quarter of the 3x3 kernels live, copies and lists included, milliseconds forward:
//   64 at 32x32   0.16  (47 % of the peak; all live 0.50, 60 %)
//   128 at 16x16  0.15  (all live 0.43)
//   256 at 8x8    0.30  (all live 0.65)
//   512 at 4x4    0.70 to 0.85 (all live 1.3 when the cache is its own)
//   16 at 32x32   0.016, 32 at 16x16 0.013, 64 at 8x8 0.023
// Ladder: lists over all columns 512 at 4x4 1.17; kernels of the mask found seven at a time 0.88;
// entries written without a branch 0.70; cutting lists by columns so that pixels stay in the first
// level: 256 at 8x8 all live 0.75 to 0.65, AlexNet's 5x5 8.1 to 3.7, but blocks of fewer than some
// sixty multiply-adds lose (64 at 32x32 0.165 to 0.19). Chunks of 32 or 64 rows, half as large
// blocks, and prefetching the weights of coming kernels changed nothing.
#ifndef INTARSIA_ROWS_PRODUCT_H_
#define INTARSIA_ROWS_PRODUCT_H_

#include "conv2d_geometry.h"
#include "mask_bits.h"
#include "rows_planes.h"
#include "rows_tiles.h"

namespace ITA_ISA {

// dst[row, pixel] = bias[row] + sum over col, tap of weight(row, col, tap) * src[col, tap(pixel)].
// forward: rows are outputs, cols the inputs of their group. backward_data: the other way round.
struct RowsProduct {
  const float* weights;                // [o, i, taps]
  const uint32_t* mask;                // [o, words] or NULL
  int64_t filter, words, taps;         // floats and mask words of one output; weights of one kernel
  bool transposed;                     // backward_data
  bool kernels;                        // lists of 3x3 kernels, else of weights
  int64_t images, rows, cols, groups;  // rows and cols of one group
  const float* src;                    // [images, groups * cols, src_h, src_w]
  float* dst;                          // [images, groups * rows, dst plane]
  int64_t dst_plane, dst_row, dst_col;
  const float* bias;     // [groups * rows] or NULL
  const RowsTap* reach;  // [reached] the taps that this product has
  int64_t reached;
  double density;  // live share of the weights (kernels: of the kernels)
  RowsPlanes planes;

  // Columns whose pixels under one tile fill about half of the first-level cache, but enough of
  // them that a list is worth loading and storing its tile.
  int64_t block() const {
    constexpr int64_t kCached = 6144;   // floats
    constexpr double kShortest = 60.0;  // multiply-adds by vector
    const int64_t below = planes.rows - planes.grid_h;
    int64_t tile = kernels && planes.pitch >= kLanes ? planes.grid_h : planes.vectors;
    if (tile > kRowsTile) tile = kRowsTile;
    const int64_t step = kernels && planes.pitch >= kLanes ? kLanes : planes.pitch;
    const int64_t floats = planes.shifts * planes.classes * (tile * kLanes + below * step);
    const int64_t fit = kCached / (floats > 0 ? floats : 1) + 1;
    const double per_col = static_cast<double>(reached) * density + 1e-6;
    const int64_t least = static_cast<int64_t>(kShortest / per_col) + 1;
    const int64_t cols_of_block = fit > least ? fit : least;
    return divide_up(cols, divide_up(cols, cols_of_block));  // of one size, as far as it goes
  }
};

constexpr int64_t kRowsChunk = 16;  // rows whose lists a worker makes at once
constexpr int64_t kBandRows = 64;   // rows of a wide map in one item

// The lists of one chunk of rows, made and walked by one worker, cut into blocks of columns.
class RowsLists {
 public:
  // The shape of `p` with the smallest blocks decides the scratch.
  RowsLists(const RowsProduct& p, char* scratch, const LiveTap* table)
      : p_(p), table_(table), block_(p.block()), blocks_(divide_up(p.cols, block_)), built_(-1) {
    Cutter cut;
    const int64_t at_entries = cut_entries(p, &cut);
    taps_ = reinterpret_cast<LiveTap*>(scratch + at_entries);
    kernels_ = reinterpret_cast<LiveKernel*>(scratch + at_entries);
    masked_ = reinterpret_cast<float*>(scratch + cut.take<float>(p.kernels ? slots(p) * 9 : 0));
    sums_ = reinterpret_cast<float*>(scratch + cut.take<float>(kSums));
    ends_ = reinterpret_cast<int32_t*>(scratch + cut.take<int32_t>(kRowsChunk * p.cols));
  }

  static int64_t bytes(const RowsProduct& p) {
    Cutter cut;
    cut_entries(p, &cut);
    cut.take<float>(p.kernels ? slots(p) * 9 : 0);
    cut.take<float>(kSums);
    cut.take<int32_t>(kRowsChunk * p.cols);
    return cut.size();
  }

  // Chunks do not cross groups.
  void build(int64_t chunk) {
    if (chunk == built_) return;
    built_ = chunk;
    const int64_t chunks = divide_up(p_.rows, kRowsChunk);
    group_ = chunk / chunks;
    first_ = chunk % chunks * kRowsChunk;
    count_ = p_.rows - first_ < kRowsChunk ? p_.rows - first_ : kRowsChunk;
    for (int64_t r = 0; r < count_; r++) length_[r] = 0;
    for (int64_t b = 0; b < blocks_; b++) {
      const int64_t begin = b * block_;
      const int64_t end = begin + block_ < p_.cols ? begin + block_ : p_.cols;
      if (p_.kernels) {
        list_kernels(begin, end);
      } else if (p_.mask) {
        list_taps(begin, end);
      } else {
        for (int64_t r = 0; r < count_; r++) {
          length_[r] = static_cast<int32_t>(end * p_.reached);
        }
      }
      for (int64_t r = 0; r < count_; r++) ends_[r * p_.cols + b] = length_[r];
    }
  }

  int64_t group() const { return group_; }
  int64_t first() const { return first_; }
  int64_t count() const { return count_; }
  int64_t blocks() const { return blocks_; }
  int64_t begin(int64_t r, int64_t b) const { return b > 0 ? ends_[r * p_.cols + b - 1] : 0; }
  int64_t end(int64_t r, int64_t b) const { return ends_[r * p_.cols + b]; }
  const LiveKernel* kernels(int64_t r) const { return kernels_ + r * p_.cols; }
  const LiveTap* taps(int64_t r) const { return p_.mask ? taps_ + r * capacity() : table_; }
  const float* weights(int64_t r) const { return base(first_ + r); }
  float* sums(int64_t r) const { return sums_ + r * kRowsTile * kLanes; }  // between blocks

 private:
  static constexpr int64_t kSums = kRowsChunk * kRowsTile * kLanes;

  int64_t capacity() const { return p_.cols * p_.taps + 1; }  // one for a tap that is dropped
  static int64_t slots(const RowsProduct& p) { return kRowsChunk * p.cols; }
  static int64_t cut_entries(const RowsProduct& p, Cutter* cut) {
    if (p.kernels) return cut->take<LiveKernel>(slots(p));
    return cut->take<LiveTap>(p.mask ? kRowsChunk * (p.cols * p.taps + 1) : 0);
  }

  int64_t output(int64_t row, int64_t col) const {
    return p_.transposed ? group_ * p_.cols + col : group_ * p_.rows + row;
  }
  // The first weight that a row may use; taps count from here.
  const float* base(int64_t row) const {
    return p_.weights + output(row, 0) * p_.filter + (p_.transposed ? row * p_.taps : 0);
  }

  // A kernel becomes the next entry of its row, and stays if it is live: no branch on its bits,
  // every second of which would be mispredicted. A partly live kernel is copied.
  void add_kernel(int64_t r, const float* from, int64_t src, uint32_t bits) {
    const int64_t slot = r * p_.cols + length_[r];
    if (bits != 0 && bits != 0x1FF) {
      float* to = masked_ + slot * 9;
      for (int t = 0; t < 9; t++) to[t] = bits >> t & 1 ? from[t] : 0.0f;
      from = to;
    }
    kernels_[slot] = {from, src};
    length_[r] += bits != 0;
  }

  // The kernels of one output, those of columns (forward) or rows (transposed) [begin, end).
  void list_output(int64_t o, int64_t begin, int64_t end, int64_t r, int64_t r_step, int64_t src,
                   int64_t src_step) {
    const float* from = p_.weights + o * p_.filter + begin * 9;
    if (!p_.mask) {
      for (int64_t k = begin; k < end; k++, from += 9, r += r_step, src += src_step) {
        add_kernel(r, from, src, 0x1FF);
      }
      return;
    }
    for_seven_kernels(
        p_.mask + o * p_.words, begin, end, [&](int64_t k, uint64_t bits, uint64_t live) {
          const int64_t count = end - k < 7 ? end - k : 7;
          if (live == whole_kernels(bits)) {
            for (int64_t j = 0; j < count; j++) {
              const int64_t row = r + j * r_step;
              kernels_[row * p_.cols + length_[row]] = {from + j * 9, src + j * src_step};
              length_[row] += static_cast<int32_t>(live >> j * 9 & 1);
            }
          } else {
            for (int64_t j = 0; j < count; j++) {
              add_kernel(r + j * r_step, from + j * 9, src + j * src_step,
                         static_cast<uint32_t>(bits >> j * 9) & 0x1FF);
            }
          }
          from += 63;
          r += 7 * r_step;
          src += 7 * src_step;
        });
  }

  void list_kernels(int64_t begin, int64_t end) {
    const int64_t channel = p_.planes.channel;
    if (p_.transposed) {
      for (int64_t col = begin; col < end; col++) {
        list_output(output(0, col), first_, first_ + count_, 0, 1, col * channel, 0);
      }
    } else {
      for (int64_t r = 0; r < count_; r++) {
        list_output(output(first_ + r, 0), begin, end, r, 0, begin * channel, channel);
      }
    }
  }

  void list_taps(int64_t begin, int64_t end) {
    if (!p_.transposed) {
      for (int64_t r = 0; r < count_; r++) {
        LiveTap* const start = taps_ + r * capacity();
        LiveTap* out = start + length_[r];
        for_each_bit(p_.mask + output(first_ + r, 0) * p_.words, begin * p_.taps, end * p_.taps,
                     [&](int64_t k) { *out++ = table_[k]; });
        length_[r] = static_cast<int32_t>(out - start);
      }
      return;
    }
    // A column's bits of all rows of the chunk follow each other. Taps of another phase are in the
    // table too, with a weight below zero: each is overwritten by the next.
    const LiveTap* const entries = table_ + p_.cols * p_.reached;
    const int64_t first_bit = first_ * p_.taps;
    for (int64_t col = begin; col < end; col++) {
      const int32_t src = static_cast<int32_t>(col * p_.planes.channel);
      const int32_t weight = static_cast<int32_t>(col * p_.filter);
      int64_t r = 0, row_begin = first_bit;
      for_each_bit(p_.mask + output(0, col) * p_.words, first_bit, first_bit + count_ * p_.taps,
                   [&](int64_t bit) {
                     while (bit - row_begin >= p_.taps) r++, row_begin += p_.taps;
                     const LiveTap e = entries[bit - row_begin];
                     taps_[r * capacity() + length_[r]] = {e.src + src, e.weight + weight};
                     length_[r] += e.weight >= 0;
                   });
    }
  }

  const RowsProduct& p_;
  const LiveTap* table_;
  LiveTap* taps_;
  LiveKernel* kernels_;
  float* masked_;
  float* sums_;
  int32_t* ends_;  // [row][block] of lists
  int64_t block_, blocks_;
  int64_t built_, group_, first_, count_;
  int32_t length_[kRowsChunk];
};

// Adds a block of one row's list to kN vectors of pixels.
template <int kN>
inline void add_list(const RowsProduct& p, const RowsLists& lists, int64_t r, int64_t begin,
                     int64_t count, const float* from, V acc[kN]) {
  const KernelReads reads = {p.planes.copy, p.planes.pitch};
  if (!p.kernels) {
    return tap_tile<kN>(from, lists.weights(r), lists.taps(r) + begin, count, acc);
  }
  const LiveKernel* list = lists.kernels(r) + begin;
  if (p.planes.pitch >= kLanes) {
    return p.transposed ? kernel_column<kN, true>(from, reads, list, count, acc)
                        : kernel_column<kN, false>(from, reads, list, count, acc);
  }
  if (p.planes.pitch == 8) {
    return p.transposed ? kernel_flat<kN, 8, true>(from, reads, list, count, acc)
                        : kernel_flat<kN, 8, false>(from, reads, list, count, acc);
  }
  return p.transposed ? kernel_flat<kN, 4, true>(from, reads, list, count, acc)
                      : kernel_flat<kN, 4, false>(from, reads, list, count, acc);
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
      const int64_t begin = lists.begin(r, b);
      V acc[kN];
#pragma GCC unroll 16
      for (int v = 0; v < kN; v++) {
        acc[v] = b > 0 ? Load(lists.sums(r) + v * kLanes) : Zero();
      }
      add_list<kN>(p, lists, r, begin, lists.end(r, b) - begin, from, acc);
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
