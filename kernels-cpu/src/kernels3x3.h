// SPDX-License-Identifier: Apache-2.0
// The 3x3 convolution by whole kernels: a kernel with no live weight is not in the list, the others
// are walked with all nine taps.
//
// The nine weights of a kernel are broadcast once and each source vector of the tile's patch is
// loaded once, for up to nine multiply-adds: a quarter of the loads of the tap lists. Lists are cut
// by blocks of source channels, as there. A tile at the border of the map does not multiply the
// padding: 100 of 144 multiply-adds are left of a 4x4 map, 0.84 of an 8x8 one.
//
// Bound by multiply-adds where a map has many images. Ladder, AVX-512, one thread, ms:
//   512@4x4, batch 16: all kernels 5.7, border left out 4.6. A quarter of the kernels, lists made
//   row by row 3.2 forward and 4.5 backward_data (a branch and a cache line for each kernel); by
//   set bits in the order of the weights 1.8 and 1.5, of which the products are about 0.8. 256@8x8,
//   batch 64, all kernels: 19.2, border left out 16.4.
#ifndef INTARSIA_KERNELS3X3_H_
#define INTARSIA_KERNELS3X3_H_

#include "conv3x3.h"
#include "mask_bits.h"
#include "padded.h"

namespace ITA_ISA {

// A live kernel: the place of its source channel in floats, and its masked taps.
struct Kernel3x3 {
  int32_t offset;
  float taps[9];
};

// Sides of a tile beyond which there is padding.
enum : int { kTop = 1, kBottom = 2, kLeft = 4, kRight = 8 };

template <int kRows, int kCols, int kEdges>
void kernel_tile(const Padded& p, const float* src, const Kernel3x3* kernels, int64_t count,
                 const float* bias, float* dst, int64_t dst_row) {
  const float* row[kRows + 2];
  V acc[kRows][kCols];
#pragma GCC unroll 8
  for (int r = 0; r < kRows + 2; r++) row[r] = src + r * p.row_stride;
#pragma GCC unroll 8
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 8
    for (int c = 0; c < kCols; c++) {
      acc[r][c] = bias ? Set(*bias) : Load(dst + r * dst_row + c * ITA_BLOCK);
    }
  }
  for (const Kernel3x3 *k = kernels, *end = k + count; k < end; k++) {
    const int64_t offset = k->offset;
    V w[9];
#pragma GCC unroll 9
    for (int t = 0; t < 9; t++) w[t] = Set(k->taps[t]);
#pragma GCC unroll 8
    for (int r = 0; r < kRows + 2; r++) {
      if ((r == 0 && kEdges & kTop) || (r == kRows + 1 && kEdges & kBottom)) continue;
#pragma GCC unroll 8
      for (int c = 0; c < kCols + 2; c++) {
        if ((c == 0 && kEdges & kLeft) || (c == kCols + 1 && kEdges & kRight)) continue;
        const V x = Load(row[r] + offset + c * ITA_BLOCK);
#pragma GCC unroll 3
        for (int a = 0; a < 3; a++) {
#pragma GCC unroll 3
          for (int b = 0; b < 3; b++) {
            if (r - a >= 0 && r - a < kRows && c - b >= 0 && c - b < kCols) {
              acc[r - a][c - b] = MulAdd(x, w[a * 3 + b], acc[r - a][c - b]);
            }
          }
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 8
    for (int c = 0; c < kCols; c++) Store(acc[r][c], dst + r * dst_row + c * ITA_BLOCK);
  }
}

constexpr int64_t kKernelRows = 64;  // of one item, at most

constexpr int kSide = kAccumulators >= 16 ? 4 : 2;  // of a tile, at most

// What a tile reads and writes.
struct KernelTile {
  const Padded& padded;
  const float* src;
  const Kernel3x3* kernels;
  int64_t count;
  const float* bias;
  float* dst;
  int64_t dst_row;

  template <int kRows, int kCols, int kEdges>
  void run() const {
    kernel_tile<kRows, kCols, kEdges>(padded, src, kernels, count, bias, dst, dst_row);
  }
};

// The largest tile, which most of a map is made of, by its edges.
template <int kEdges = 0>
inline void run_full_tile(int edges, const KernelTile& tile) {
  if (edges == kEdges) return tile.run<kSide, kSide, kEdges>();
  if constexpr (kEdges < (kTop | kBottom | kLeft | kRight)) run_full_tile<kEdges + 1>(edges, tile);
}

inline void run_tile(int64_t rows, int64_t cols, int edges, const KernelTile& tile) {
  if (rows == kSide && cols == kSide) return run_full_tile(edges, tile);
#define ITA_TILE(R, C) \
  if (rows == R && cols == C) return tile.run<R, C, 0>();
  if constexpr (kSide == 4) {
    ITA_TILE(4, 2)
    ITA_TILE(2, 4)
    ITA_TILE(4, 1)
    ITA_TILE(1, 4)
    ITA_TILE(2, 2)
  }
  ITA_TILE(2, 1)
  ITA_TILE(1, 2)
  ITA_TILE(1, 1)
#undef ITA_TILE
}

inline int64_t side_of(int64_t left) {
  int64_t side = kSide;
  while (side > left) side /= 2;
  return side;
}

// Live kernels per (block of source channels, row): [blocks][rows][capacity].
struct KernelLists {
  static constexpr int64_t kChannels = 16;  // a 6 x 6 patch of them is 36 KiB
  int64_t rows, blocks;
  Kernel3x3* kernels;
  int32_t* count;

  explicit KernelLists(const Conv3x3& c)
      : rows(c.rows), blocks(divide_up(c.cols, kChannels)), kernels(nullptr), count(nullptr) {}
  int64_t lists() const { return rows * blocks; }
  Kernel3x3* list(int64_t block, int64_t row) const {
    return kernels + (block * rows + row) * kChannels;
  }
};

// Appends the live kernels [first, last) of output o, whose weights are given, which read channels
// of `block` or, transposed, are read by rows of it.
inline void append_kernels(const Conv3x3& c, const float* weights, int64_t channel_stride,
                           int64_t o, int64_t first, int64_t last, int64_t block,
                           const KernelLists& lists) {
  auto append = [&](int64_t i, uint32_t bits) {
    const int64_t row = c.transposed ? i : o;
    int32_t* count = lists.count + block * lists.rows + row;
    Kernel3x3* out = lists.list(block, row) + (*count)++;
    out->offset = static_cast<int32_t>((c.transposed ? o : i) * channel_stride);
    const V taps = MaskedLoad(FromBits(bits), weights + i * 9);
    if (!c.transposed) return MaskedStore(FromBits(0x1FF), taps, out->taps);
    float turned[kLanes];
    StoreU(taps, turned);
    for (int t = 0; t < 9; t++) out->taps[t] = turned[8 - t];
  };
  if (!c.mask) {
    for (int64_t i = first; i < last; i++) append(i, 0x1FF);
    return;
  }
  for_eight_kernels(c.mask + o * c.words, first, last, [&](int64_t i, EightKernels eight) {
    for (uint32_t live = eight.live(); live; live &= live - 1) {
      const int at = __builtin_ctz(live);
      append(i + at, eight.kernel(at));
    }
  });
}

// In the order of the weights, whichever way they are used: rows of a filter bank are long, and its
// columns would be a cache line for each kernel. rooms: of each thread, where codes are decoded to.
inline void list_kernels(ita_context* ctx, const Conv3x3& c, const Padded& padded,
                         const KernelLists& lists, float* rooms) {
  memset(lists.count, 0, sizeof(int32_t) * static_cast<size_t>(lists.lists()));
  constexpr int64_t kChannels = KernelLists::kChannels;
  static_assert(kChannels == kFilters, "an item is what is decoded together");
  const int64_t outputs = c.transposed || c.coded ? kChannels : 1;  // of an item
  const int64_t items = divide_up(c.o, outputs);
  const Grain grain = grain_for(outputs * c.i * 9);
  parallel_for(ctx, items, grain, [&](int64_t begin, int64_t end, int worker) {
    float* room = rooms + worker * kFilters * c.filter;
    for (int64_t o = begin * outputs; o < end * outputs && o < c.o; o++) {
      const float* weights = c.coded ? room + o % kFilters * c.filter : c.kernel_at(o, 0);
      if (c.coded && o % kFilters == 0) {
        c.coded->rows(o, c.o - o < kFilters ? c.o - o : kFilters, 0, c.filter, room, c.filter);
      }
      if (c.transposed) {
        append_kernels(c, weights, padded.channel_stride, o, 0, c.i, o / kChannels, lists);
        continue;
      }
      for (int64_t i = 0; i < c.i; i += kChannels) {
        const int64_t last = i + kChannels < c.i ? i + kChannels : c.i;
        append_kernels(c, weights, padded.channel_stride, o, i, last, i / kChannels, lists);
      }
    }
  });
}

inline ita_status kernels3x3_multiply(ita_context* ctx, Conv3x3 c) {
  Padded padded(c.blocks, c.cols, c.src_h, c.src_w, {c.pad_h, c.h + 2 - c.pad_h - c.src_h},
                {c.pad_w, c.w + 2 - c.pad_w - c.src_w});
  KernelLists lists(c);
  Cutter cut;
  const int64_t at_kernels = cut.take<Kernel3x3>(lists.lists() * lists.kChannels);
  const int64_t at_count = cut.take<int32_t>(lists.lists());
  const int64_t at_padded = cut.take<float>(padded.scratch_floats());
  const int64_t at_rooms = cut.take<float>(c.coded ? ctx->threads * kFilters * c.filter : 0);
  if (c.coded) c.coded->reserve(&cut);
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  pad(ctx, c.src, reinterpret_cast<float*>(scratch + at_padded), &padded);
  lists.kernels = reinterpret_cast<Kernel3x3*>(scratch + at_kernels);
  lists.count = reinterpret_cast<int32_t*>(scratch + at_count);
  if (c.coded) {
    c.coded->open(ctx, scratch);
    c.mask = c.coded->mask();
  }
  list_kernels(ctx, c, padded, lists, reinterpret_cast<float*>(scratch + at_rooms));

  const int64_t band_rows = side_of(c.h);
  const int64_t bands = divide_up(c.h, band_rows);
  const int64_t chunks = divide_up(c.rows, kKernelRows);
  const int64_t dst_row = c.w * ITA_BLOCK;
  const int64_t dst_plane = c.h * dst_row;
  const int64_t item_cost = kKernelRows * c.cols * 9 * band_rows * c.w / 2;
  const float zero = 0.0f;
  parallel_for(
      ctx, c.blocks * bands * chunks, grain_for(item_cost), [&](int64_t begin, int64_t end, int) {
        for (int64_t item = begin; item < end; item++) {
          const int64_t chunk = item % chunks;
          const int64_t band = item / chunks % bands;
          const int64_t block = item / chunks / bands;
          const int64_t row_end =
              (chunk + 1) * kKernelRows < c.rows ? (chunk + 1) * kKernelRows : c.rows;
          const int64_t y_end = (band + 1) * band_rows < c.h ? (band + 1) * band_rows : c.h;
          for (int64_t x = 0, cols; x < c.w; x += cols) {
            cols = side_of(c.w - x);
            for (int64_t y = band * band_rows, rows; y < y_end; y += rows) {
              rows = side_of(y_end - y);
              const int edges = (y == 0 && padded.mh.before ? kTop : 0) |
                                (x == 0 && padded.mw.before ? kLeft : 0) |
                                (y + rows == c.h && padded.mh.after ? kBottom : 0) |
                                (x + cols == c.w && padded.mw.after ? kRight : 0);
              const float* src =
                  padded.data + block * padded.block_stride + y * padded.row_stride + x * ITA_BLOCK;
              float* dst = c.dst + block * c.rows * dst_plane + y * dst_row + x * ITA_BLOCK;
              for (int64_t channels = 0; channels < lists.blocks; channels++) {
                for (int64_t row = chunk * kKernelRows; row < row_end; row++) {
                  const int64_t count = lists.count[channels * lists.rows + row];
                  if (channels > 0 && count == 0) continue;
                  const float* start = channels > 0 ? nullptr : c.bias ? c.bias + row : &zero;
                  run_tile(rows, cols, edges,
                           {padded, src, lists.list(channels, row), count, start,
                            dst + row * dst_plane, dst_row});
                }
              }
            }
          }
        }
      });
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_KERNELS3X3_H_
