// SPDX-License-Identifier: Apache-2.0
// The weight gradient of a 3x3 convolution as Winograd's F(3x3, 4x4): a tile of 4x4 gradients of
// the output costs 36 multiplications a kernel instead of 144. F(4x4, 3x3) transposed:
// dW = G^T [sum over tiles of (A dY A^T) . (B^T X B)] G.
//
// At each of the 36 points the sum is a matrix product over tiles and images,
// S[o, i] = sum over k of Y[o, k] * X[k, i]. X is transposed while it is transformed, so that
// sixteen channels are the vector and a lane of Y a scalar: the sums of sixteen kernels fill one
// register and no lane is ever reduced.
//
// Tiles go through in batches that the last-level cache holds. Sums of a block of kernels stay in
// memory from batch to batch; after the last one they are transformed back, sixteen kernels at a
// time, and given away. Blocks are independent and k runs in one order: the same bits with any
// number of threads.
//
// Ladder (AMD Zen 5, AVX-512, one thread; median GFLOP/s of the dense direct algorithm, whose
// multiply-adds peak at 265; N = 16 / N = 64):
//                                            64@32x32    128@16x16   256@8x8     512@4x4
//   1  images the vector, lanes reduced      384 .. 516 over all, N = 64
//   2  channels the vector, 8 MB a batch     627 / 523   781 / 657   723 / 691   501 / 635
//   3  sums of 128 terms, added up           645 / 507   767 / 644   as 2        as 2
//   4  rows of kernels to the sink           631 / 511   780 / 642   741 / 701   418 / 617  shipped
//   -  16 MB a batch: 434 at 64@32x32 and 567 at 128@16x16, N = 64
//   -  sums of 64 terms: no faster, 508 and 653 there
//
// Step 3 holds the error: 2e-5 without it at 64@56x56, N = 64, 4e-6 with it. At 64@32x32, N = 64,
// activations come from memory, not from the cache: the rest of the way to 645.
//
// Step 4 is for masks and epilogues: adding nine taps of a kernel by a choice each took 11.1 ms
// under a single-weight mask at 512@4x4, N = 16, now 3.3. Splitting g into weights and scores costs
// 0 .. 8 % but at 512@4x4, N = 16: four planes of 9.4 MB are read or written, 2.9 ms bare, 4.2
// split.
//
// Threads: source and gradient are transformed in one loop and sums are taken by point, so that a
// batch waits twice, not three times, for the slowest. Two threads are not measured yet.
#ifndef INTARSIA_WINOGRAD_GRADIENT_H_
#define INTARSIA_WINOGRAD_GRADIENT_H_

#include "gradient_sink.h"
#include "winograd_transform.h"

namespace ITA_ISA {
namespace winograd {

constexpr int64_t kBatchBytes = 8 << 20;  // of transformed tiles
constexpr int64_t kBlockVectors = 4;      // vectors of input channels of a block
constexpr int64_t kRun = 128;             // terms of a sum that are read while X is in L1

// Sizes that one call fixes.
struct Gradient {
  const ita_masked_conv2d* op;
  const ita_conv2d_shape& s;
  Tiles tiles;
  int64_t batch, batches;             // tiles of a batch
  int64_t rows, vectors;              // outputs rounded up to 4; vectors of input channels
  int64_t block_rows;                 // outputs of a block of kernels
  int64_t row_blocks, blocks;         // of kernels
  int64_t row_stride;                 // floats of one output or of one lane of channels in a batch
  int64_t y_point, x_point, m_point;  // floats from a point to the next

  explicit Gradient(const ita_masked_conv2d* conv)
      : op(conv), s(conv->shape), tiles(blocks_of(s.n), s.oh, s.ow) {
    rows = round_up(s.o, 4);
    vectors = divide_up(s.c, kLanes);
    const int64_t tile_bytes = kPoints * (rows + vectors * kLanes) * ITA_BLOCK * 4;
    const int64_t sum_bytes = kPoints * rows * vectors * kLanes * 4;
    batch = (sum_bytes > kBatchBytes ? sum_bytes : kBatchBytes) / tile_bytes;
    if (batch < 1) batch = 1;
    if (batch > tiles.count) batch = tiles.count;
    batches = divide_up(tiles.count, batch);
    batch = divide_up(tiles.count, batches);
    block_rows = rows > 64 ? 32 : 16;  // a small layer has enough blocks for a few threads
    row_blocks = divide_up(rows, block_rows);
    blocks = row_blocks * divide_up(vectors, kBlockVectors);
    row_stride = batch * ITA_BLOCK;
    y_point = rows * row_stride + kStagger;
    x_point = vectors * row_stride * kLanes + kStagger;
    m_point = block_rows * kBlockVectors * kLanes + kStagger;
  }
  int64_t tiles_of(int64_t b) const {
    return (b + 1) * batch <= tiles.count ? batch : tiles.count - b * batch;
  }
};

// y[36][o][tile, image] of one output and one tile.
inline void gather_gradient(const Gradient& g, int64_t o, int64_t first, int64_t t, float* y) {
  const ita_conv2d_shape& s = g.s;
  float* to = y + o * g.row_stride + t * ITA_BLOCK;
  if (o >= s.o) {
    for (int p = 0; p < kPoints; p++) Store(Zero(), to + p * g.y_point);
    return;
  }
  const Tile at(g.tiles, first + t);
  const int64_t plane_size = int64_t(s.oh) * s.ow * ITA_BLOCK;
  const Window<4> window(g.op->diff_dst + (at.block * s.o + o) * plane_size, s.oh, s.ow, at.y,
                         at.x);
  if (window.whole) {
    transform_gradient<true>(window, to, g.y_point);
  } else {
    transform_gradient<false>(window, to, g.y_point);
  }
}

// x[36][vector][tile, image][16 channels] of one vector of channels and one tile.
inline void gather_source(const Gradient& g, int64_t vector, int64_t first, int64_t t, float* x) {
  const ita_conv2d_shape& s = g.s;
  constexpr int64_t kPoint = kLanes * ITA_BLOCK + kStagger;
  alignas(64) float spectra[kPoints * kPoint];  // [36][16 channels][16 images]
  const Tile at(g.tiles, first + t);
  for (int64_t lane = 0; lane < kLanes; lane++) {
    const int64_t c = vector * kLanes + lane;
    float* to = spectra + lane * ITA_BLOCK;
    if (c >= s.c) {
      for (int p = 0; p < kPoints; p++) Store(Zero(), to + p * kPoint);
      continue;
    }
    const int64_t plane_size = int64_t(s.h) * s.w * ITA_BLOCK;
    const float* plane = g.op->src + (at.block * s.c + c) * plane_size;
    const Window<6> window(plane, s.h, s.w, at.y - s.pad_h, at.x - s.pad_w);
    if (c + 1 < s.c) prefetch(window, plane_size);
    transform_source(window, to, kPoint);
  }
  float* to = x + (vector * g.row_stride + t * ITA_BLOCK) * kLanes;
  for (int p = 0; p < kPoints; p++) {
    V lanes[kLanes];
    for (int k = 0; k < kLanes; k++) lanes[k] = Load(spectra + p * kPoint + k * ITA_BLOCK);
    Transpose(lanes);
    for (int k = 0; k < kLanes; k++) Store(lanes[k], to + p * g.x_point + k * kLanes);
  }
}

// m[kRows][kVectors] (+)= y[kRows][terms] * x[kVectors][terms][16].
template <int kRows, int kVectors>
inline void add_products(const Gradient& g, const float* y, const float* x, int64_t terms,
                         bool first, float* m) {
  constexpr int64_t kRow = kBlockVectors * kLanes;
  const int64_t x_stride = g.row_stride * kLanes;
  V acc[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; j++) acc[r][j] = Zero();
  }
  for (int64_t k = 0; k < terms; k++) {
    V channels[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; j++) channels[j] = Load(x + j * x_stride + k * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
      const V scalar = Set(y[r * g.row_stride + k]);
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; j++) acc[r][j] = MulAdd(scalar, channels[j], acc[r][j]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; j++) {
      float* to = m + r * kRow + j * kLanes;
      Store(first ? acc[r][j] : Add(acc[r][j], Load(to)), to);
    }
  }
}

template <int kVectors>
inline void add_rows(const Gradient& g, const float* y, const float* x, int64_t terms, bool first,
                     int64_t rows, float* m) {
  constexpr int kRows = kAccumulators >= 16 ? 16 / kVectors : 4;
  constexpr int64_t kRow = kBlockVectors * kLanes;
  int64_t r = 0;
  for (; r + kRows <= rows; r += kRows) {
    add_products<kRows, kVectors>(g, y + r * g.row_stride, x, terms, first, m + r * kRow);
  }
  for (; r < rows; r += 4) {
    add_products<4, kVectors>(g, y + r * g.row_stride, x, terms, first, m + r * kRow);
  }
}

// m[p][row][channel] of one block of kernels (+)= one batch.
inline void add_batch(const Gradient& g, int64_t block, int p, const float* y, const float* x,
                      int64_t tiles, bool first, float* m) {
  const int64_t row = block % g.row_blocks * g.block_rows;
  const int64_t vector = block / g.row_blocks * kBlockVectors;
  const int64_t rows = g.rows - row < g.block_rows ? g.rows - row : g.block_rows;
  const int64_t vectors = g.vectors - vector < kBlockVectors ? g.vectors - vector : kBlockVectors;
  const float* from_y = y + p * g.y_point + row * g.row_stride;
  const float* from_x = x + p * g.x_point + vector * g.row_stride * kLanes;
  float* to = m + p * g.m_point;
  for (int64_t k = 0; k < tiles * ITA_BLOCK; k += kRun) {
    const int64_t terms = tiles * ITA_BLOCK - k < kRun ? tiles * ITA_BLOCK - k : kRun;
    const bool zero = first && k == 0;
    for (int64_t j = 0, step; j < vectors; j += step) {
      constexpr int kMost = kAccumulators >= 16 ? 4 : 1;
      const int64_t left = vectors - j;
      step = left >= kMost ? kMost : left >= 2 ? 2 : 1;
      const float* at = from_x + (j * g.row_stride + k) * kLanes;
      if (step == 4) add_rows<4>(g, from_y + k, at, terms, zero, rows, to + j * kLanes);
      if (step == 2) add_rows<2>(g, from_y + k, at, terms, zero, rows, to + j * kLanes);
      if (step == 1) add_rows<1>(g, from_y + k, at, terms, zero, rows, to + j * kLanes);
    }
  }
}

// What the sink will touch of row r of a block, for use while the block is multiplied.
inline void prefetch_row(const Gradient& g, int64_t block, int64_t r, const GradientSink& sink) {
  const int64_t o = block % g.row_blocks * g.block_rows + r;
  const int64_t i = block / g.row_blocks * kBlockVectors * kLanes;
  const int64_t left = g.s.c - i;
  const int64_t count = left < kBlockVectors * kLanes ? left : kBlockVectors * kLanes;
  if (r < g.block_rows && o < g.s.o) sink.prefetch(o, i * 9, count * 9);
}

// Gives the kernels of one block to the sink, up to 64 of a row at a time.
inline void finish_block(const Gradient& g, int64_t block, const float* m,
                         const GradientSink& sink) {
  const int64_t row = block % g.row_blocks * g.block_rows;
  const int64_t vector = block / g.row_blocks * kBlockVectors;
  for (int64_t r = 0; r < g.block_rows && row + r < g.s.o; r++) {
    alignas(64) float taps[kBlockVectors * kLanes * 9 + kLanes];  // [channel][9]
    for (int64_t j = 0; j < kBlockVectors && vector + j < g.vectors; j++) {
      V kernels[kLanes];
      transform_taps(m + (r * kBlockVectors + j) * kLanes, g.m_point, kernels);
      for (int t = 9; t < kLanes; t++) kernels[t] = Zero();
      Transpose(kernels);
      // Seven lanes beyond a kernel's nine, which the next kernel overwrites.
      for (int64_t c = 0; c < kLanes; c++) StoreU(kernels[c], taps + (j * kLanes + c) * 9);
    }
    const int64_t i = vector * kLanes;
    const int64_t left = g.s.c - i;
    const int64_t count = left < kBlockVectors * kLanes ? left : kBlockVectors * kLanes;
    sink.give(row + r, i * 9, count * 9, taps);
  }
}

}  // namespace winograd

// The gradient of every kernel, whatever the mask.
inline ita_status winograd_weight_gradient(ita_context* ctx, const ita_masked_conv2d* op,
                                           const GradientSink& sink) {
  using namespace winograd;
  const Gradient g(op);
  const int64_t sums = g.batches > 1 ? g.blocks : ctx->threads;
  const int64_t m_size = kPoints * g.m_point;
  Cutter scratch;
  const int64_t at_y = scratch.take<float>(kPoints * g.y_point);
  const int64_t at_x = scratch.take<float>(kPoints * g.x_point);
  const int64_t at_m = scratch.take<float>(sums * m_size);
  char* memory = static_cast<char*>(ita_core_scratch(ctx, scratch.size()));
  if (!memory) return ITA_OUT_OF_MEMORY;
  float* y = reinterpret_cast<float*>(memory + at_y);
  float* x = reinterpret_cast<float*>(memory + at_x);
  float* all_m = reinterpret_cast<float*>(memory + at_m);

  for (int64_t b = 0; b < g.batches; b++) {
    const int64_t first = b * g.batch;
    const int64_t tiles = g.tiles_of(b);
    // Source and gradient together: one wait fewer.
    const int64_t sources = g.vectors * tiles;
    const int64_t groups = divide_up(g.rows, kLanes);  // of outputs, so that items cost the same
    parallel_for(ctx, sources + groups * tiles, grain_for(16 * 200),
                 [&](int64_t begin, int64_t end, int) {
                   for (int64_t k = begin; k < end; k++) {
                     if (k < sources) {
                       gather_source(g, k / tiles, first, k % tiles, x);
                       continue;
                     }
                     const int64_t o = (k - sources) / tiles * kLanes;
                     for (int64_t r = o; r < o + kLanes && r < g.rows; r++) {
                       gather_gradient(g, r, first, (k - sources) % tiles, y);
                     }
                   }
                 });
    const int64_t cost = g.block_rows * kBlockVectors * tiles * ITA_BLOCK;
    if (g.batches == 1) {  // sums of a block stay in L2 until they are given away
      parallel_for(ctx, g.blocks, grain_for(kPoints * cost),
                   [&](int64_t begin, int64_t end, int worker) {
                     float* m = all_m + worker * m_size;
                     for (int64_t k = begin; k < end; k++) {
                       for (int p = 0; p < kPoints; p++) {
                         prefetch_row(g, k, p, sink);
                         add_batch(g, k, p, y, x, tiles, true, m);
                       }
                       finish_block(g, k, m, sink);
                     }
                   });
      continue;
    }
    // By point: threads share the transformed tiles of none, and 36 times the blocks split evenly.
    parallel_for(ctx, kPoints * g.blocks, grain_for(cost), [&](int64_t begin, int64_t end, int) {
      for (int64_t k = begin; k < end; k++) {
        const int64_t block = k % g.blocks;
        add_batch(g, block, static_cast<int>(k / g.blocks), y, x, tiles, b == 0,
                  all_m + block * m_size);
      }
    });
  }
  if (g.batches > 1) {
    parallel_for(ctx, g.blocks, grain_for(g.block_rows * kBlockVectors * 100),
                 [&](int64_t begin, int64_t end, int) {
                   for (int64_t k = begin; k < end; k++) {
                     finish_block(g, k, all_m + k * m_size, sink);
                   }
                 });
  }
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_WINOGRAD_GRADIENT_H_
