// SPDX-License-Identifier: Apache-2.0
// The 3x3 convolution of conv3x3.h as Winograd's F(4x4, 3x3): a tile of 4x4 output pixels costs 36
// multiplications a kernel instead of 144. Y = A^T [(G g G^T) . (B^T d B)] A.
//
// Sixteen images are the vector, so the transforms are vertical additions, and at each of the 36
// points the layer is one matrix product: U[rows, cols] of transformed weights, scalars, times
// V[cols, tiles] of transformed source tiles, vectors. The mask is applied while U is made. A dead
// kernel is zero at every point: the skipping product walks one list of live columns for all 36.
//
// Rows are cut into chunks and tiles into groups, so that a slice of V and the sums of a chunk stay
// in the cache. Whichever of U and V is the smaller is made first and shared by the threads; the
// other is made piece by piece where it is consumed. An output sees the same operations in the same
// order whatever the cut between threads, hence the same bits with any number of them.
//
// Ladder (AMD Zen 5, AVX-512, one thread, weight transform included; median GFLOP/s of the dense
// direct algorithm, whose multiply-adds peak at 265):
//                                               64@32x32   128@16x16   256@8x8   512@4x4
//   1  U for all, groups of 4 tiles, N = 64          576        712       732       672
//   2  next plane and the outputs prefetched         654        810       833       716   shipped
//   2  the same, N = 16                              790        843       809       545
//   3  dead kernels skipped, 87.5 % off, N = 64     1380       1990      1990      1490   shipped
//   -  chunks of 16 rows (N = 16): 628 GFLOP/s at 64@32x32, V is read too often
//   -  chunks of 64 rows (N = 64): 589 at 64@32x32, the sums leave L2
//   -  as many sums a row as hide the latency: bits depend on the group, hence on the batch
// U of 512 columns, N = 16, is memory-bound: 9.4 MB of weights for one tile of outputs.
#ifndef INTARSIA_WINOGRAD_H_
#define INTARSIA_WINOGRAD_H_

#include "conv3x3.h"
#include "winograd_weights.h"

namespace ITA_ISA {
namespace winograd {

// v[36][col][tile][16] of one column of one group.
inline void transform_column(const Cut& cut, int64_t group, int64_t col, float* v) {
  const Conv3x3& c = cut.c;
  for (int64_t t = 0; t < cut.tiles_of(group); t++) {
    const Tile at(cut.tiles, group * cut.group + t);
    const float* plane = c.src + (at.block * c.cols + col) * c.src_h * c.src_w * ITA_BLOCK;
    const Window<6> window(plane, c.src_h, c.src_w, at.y - c.pad_h, at.x - c.pad_w);
    transform_source(window, v + (col * cut.group + t) * ITA_BLOCK, cut.v_point);
    if (col + 1 < c.cols) prefetch(window, c.src_h * c.src_w * ITA_BLOCK);
  }
}

// dst[block, row, tile] from m[36][row][tile][16], for a chunk of rows and a group of tiles.
inline void store_chunk(const Cut& cut, int64_t chunk, int64_t group, const float* m) {
  const Conv3x3& c = cut.c;
  for (int64_t r = 0; r < cut.rows_of(chunk); r++) {
    const int64_t row = chunk * kChunkRows + r;
    const float bias = c.bias ? c.bias[row] : 0.0f;
    for (int64_t t = 0; t < cut.tiles_of(group); t++) {
      const Tile at(cut.tiles, group * cut.group + t);
      V y[4][4];
      transform_sums(m + (r * cut.group + t) * ITA_BLOCK, cut.m_point, bias, y);
      float* to = c.dst + (((at.block * c.rows + row) * c.h + at.y) * c.w + at.x) * ITA_BLOCK;
      if (at.y + kSide <= c.h && at.x + kSide <= c.w) {
#pragma GCC unroll 4
        for (int a = 0; a < kSide; a++) {
#pragma GCC unroll 4
          for (int b = 0; b < kSide; b++) Store(y[a][b], to + (a * c.w + b) * ITA_BLOCK);
        }
        continue;
      }
      for (int a = 0; a < kSide && at.y + a < c.h; a++) {
        for (int b = 0; b < kSide && at.x + b < c.w; b++) {
          Store(y[a][b], to + (a * c.w + b) * ITA_BLOCK);
        }
      }
    }
  }
}

// Fetches the outputs of a chunk and a group while the product runs.
inline void prefetch_outputs(const Cut& cut, int64_t chunk, int64_t group) {
  const Conv3x3& c = cut.c;
  for (int64_t r = 0; r < cut.rows_of(chunk); r++) {
    const int64_t row = chunk * kChunkRows + r;
    for (int64_t t = 0; t < cut.tiles_of(group); t++) {
      const Tile at(cut.tiles, group * cut.group + t);
      float* to = c.dst + (((at.block * c.rows + row) * c.h + at.y) * c.w + at.x) * ITA_BLOCK;
      for (int a = 0; a < kSide; a++) {
        for (int b = 0; b < kSide; b++) __builtin_prefetch(to + (a * c.w + b) * ITA_BLOCK, 1, 2);
      }
    }
  }
}

// ---- products at one point

// m[4 * kPanels rows][kTiles] (+)= u[panels][cols][4] * v[cols][kTiles].
template <int kPanels, int kTiles>
inline void multiply_panels(const Cut& cut, const float* u, const float* v, int64_t cols,
                            bool first, float* m) {
  constexpr int kRows = kPanels * kPanel;
  const int64_t step = cut.group * ITA_BLOCK;  // from a row or column to the next
  V acc[kRows][kTiles];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 8
    for (int t = 0; t < kTiles; t++) acc[r][t] = Zero();
  }
  for (int64_t col = 0; col < cols; col++, u += kPanel, v += step) {
    V x[kTiles];
#pragma GCC unroll 8
    for (int t = 0; t < kTiles; t++) x[t] = Load(v + t * ITA_BLOCK);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
      const V w = Set(u[r / kPanel * kPanel * cut.wide + r % kPanel]);
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; t++) acc[r][t] = MulAdd(w, x[t], acc[r][t]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 8
    for (int t = 0; t < kTiles; t++) {
      float* to = m + r * step + t * ITA_BLOCK;
      Store(first ? acc[r][t] : Add(acc[r][t], Load(to)), to);
    }
  }
}

// All panels of a chunk against kTiles tiles; few tiles leave registers for more panels.
template <int kTiles>
inline void multiply_tiles(const Cut& cut, const float* u, const float* v, int64_t cols, bool first,
                           int64_t rows, float* m) {
  constexpr int kPanels = kAccumulators >= 16 ? 4 / kTiles : 1;
  const int64_t panels = divide_up(rows, kPanel);
  const int64_t m_panel = kPanel * cut.group * ITA_BLOCK;
  int64_t p = 0;
  for (; p + kPanels <= panels; p += kPanels) {
    multiply_panels<kPanels, kTiles>(cut, u + p * kPanel * cut.wide, v, cols, first,
                                     m + p * m_panel);
  }
  for (; p < panels; p++) {
    multiply_panels<1, kTiles>(cut, u + p * kPanel * cut.wide, v, cols, first, m + p * m_panel);
  }
}

// m[row][kTiles] (+)= the live kernels of each row of a piece. Every row has two sums, over entries
// by turns, for any number of tiles: a tile's bits must not depend on which others came with it.
template <int kTiles>
inline void skip_tiles(const Cut& cut, const ChunkWeights& w, const float* u, int64_t piece,
                       const float* v, int64_t rows, float* m) {
  constexpr int kSums = 2;
  for (int64_t row = 0; row < rows; row++, m += cut.group * ITA_BLOCK) {
    const int32_t* list = w.begin + piece * kChunkRows + row;
    if (piece && list[0] == list[1]) continue;
    V acc[kSums][kTiles];
#pragma GCC unroll 8
    for (int s = 0; s < kSums; s++) {
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; t++) acc[s][t] = Zero();
    }
    int32_t e = list[0];
    for (; e + kSums <= list[1]; e += kSums) {
#pragma GCC unroll 8
      for (int s = 0; s < kSums; s++) {
        const V weight = Set(u[e + s]);
        const float* x = v + w.at[e + s];
#pragma GCC unroll 8
        for (int t = 0; t < kTiles; t++) {
          acc[s][t] = MulAddAt(x + t * ITA_BLOCK, weight, acc[s][t]);
        }
      }
    }
    for (; e < list[1]; e++) {
      const V weight = Set(u[e]);
      const float* x = v + w.at[e];
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; t++) acc[0][t] = MulAddAt(x + t * ITA_BLOCK, weight, acc[0][t]);
    }
#pragma GCC unroll 8
    for (int t = 0; t < kTiles; t++) {
#pragma GCC unroll 8
      for (int s = 1; s < kSums; s++) acc[0][t] = Add(acc[0][t], acc[s][t]);
      float* to = m + t * ITA_BLOCK;
      Store(piece ? Add(acc[0][t], Load(to)) : acc[0][t], to);
    }
  }
}

// m[36][row][tile] = u[36][row][col] * v[36][col][tile].
inline void multiply_chunk(const Cut& cut, const ChunkWeights& w, int64_t rows, const float* v,
                           int64_t tiles, float* m) {
  for (int point = 0; point < kPoints; point++) {
    const float* u = w.u + point * cut.u_point;
    for (int64_t piece = 0; piece < cut.pieces; piece++) {
      const int64_t col = piece * cut.piece;
      const int64_t cols = cut.c.cols - col < cut.piece ? cut.c.cols - col : cut.piece;
      for (int64_t t = 0, step; t < tiles; t += step) {
        const float* at = v + point * cut.v_point + t * ITA_BLOCK;
        float* to = m + point * cut.m_point + t * ITA_BLOCK;
        const int64_t left = tiles - t;
        if (cut.skip) {
          constexpr int kMost = kAccumulators >= 16 ? 8 : 2;
          step = left >= kMost ? kMost : left >= 4 && kMost > 4 ? 4 : left >= 2 ? 2 : 1;
          if (step == 8) skip_tiles<8>(cut, w, u, piece, at, rows, to);
          if (step == 4) skip_tiles<4>(cut, w, u, piece, at, rows, to);
          if (step == 2) skip_tiles<2>(cut, w, u, piece, at, rows, to);
          if (step == 1) skip_tiles<1>(cut, w, u, piece, at, rows, to);
        } else {
          at += col * cut.group * ITA_BLOCK;
          const float* panel = u + col * kPanel;
          constexpr int kMost = kAccumulators >= 16 ? 4 : 1;
          step = left >= kMost ? kMost : left >= 2 ? 2 : 1;
          if (step == 4) multiply_tiles<4>(cut, panel, at, cols, !piece, rows, to);
          if (step == 2) multiply_tiles<2>(cut, panel, at, cols, !piece, rows, to);
          if (step == 1) multiply_tiles<1>(cut, panel, at, cols, !piece, rows, to);
        }
      }
    }
  }
}

}  // namespace winograd

// c.dst, all of it. skip: dead kernels cost nothing; else they cost as much as live ones.
inline ita_status winograd_multiply(ita_context* ctx, Conv3x3 c, bool skip) {
  using namespace winograd;
  const Cut cut(c, skip);
  // V is kept where it is the smaller, or where groups are too few to keep the threads busy.
  const bool share_source = c.rows >= cut.tiles.count * ITA_BLOCK ||
                            (cut.groups < 2 * ctx->threads && cut.groups < cut.chunks);
  const int64_t weights_kept = share_source ? ctx->threads : cut.chunks;
  const int64_t sources_kept = share_source ? cut.groups : ctx->threads;
  const int64_t u_size = kPoints * cut.u_point, v_size = kPoints * cut.v_point;
  const int64_t m_size = kPoints * cut.m_point;
  const int64_t lists = round_up(cut.lists_of_chunk(), ITA_BLOCK);
  const int64_t entries = round_up(cut.entries_of_chunk(), ITA_BLOCK);

  Cutter scratch;
  const int64_t at_u = scratch.take<float>(weights_kept * u_size);
  const int64_t at_begin = scratch.take<int32_t>(weights_kept * lists);
  const int64_t at_entries = scratch.take<int32_t>(weights_kept * entries);
  const int64_t at_v = scratch.take<float>(sources_kept * v_size);
  const int64_t at_m = scratch.take<float>(ctx->threads * m_size);
  const int64_t room_size = room_of(c, skip);
  const int64_t at_rooms = scratch.take<float>(ctx->threads * room_size);
  if (c.coded) c.coded->reserve(&scratch);
  char* memory = static_cast<char*>(ita_core_scratch(ctx, scratch.size()));
  if (!memory) return ITA_OUT_OF_MEMORY;
  if (c.coded) {
    c.coded->open(ctx, memory);
    c.mask = c.coded->mask();
  }
  float* all_v = reinterpret_cast<float*>(memory + at_v);
  float* all_m = reinterpret_cast<float*>(memory + at_m);
  float* rooms = reinterpret_cast<float*>(memory + at_rooms);
  auto weights_at = [&](int64_t k) {
    return ChunkWeights{reinterpret_cast<float*>(memory + at_u) + k * u_size,
                        reinterpret_cast<int32_t*>(memory + at_begin) + k * lists,
                        reinterpret_cast<int32_t*>(memory + at_entries) + k * entries};
  };

  if (share_source) {
    parallel_for(ctx, cut.groups * c.cols, grain_for(160 * cut.group),
                 [&](int64_t begin, int64_t end, int) {
                   for (int64_t item = begin; item < end; item++) {
                     const int64_t g = item / c.cols;
                     transform_column(cut, g, item % c.cols, all_v + g * v_size);
                   }
                 });
    parallel_for(ctx, cut.chunks, grain_for(kPoints * kChunkRows * c.cols * cut.tiles.count / 2),
                 [&](int64_t begin, int64_t end, int worker) {
                   const ChunkWeights own = weights_at(worker);
                   float* m = all_m + worker * m_size;
                   for (int64_t chunk = begin; chunk < end; chunk++) {
                     transform_weights(cut, chunk, own, rooms + worker * room_size);
                     for (int64_t g = 0; g < cut.groups; g++) {
                       multiply_chunk(cut, own, cut.rows_of(chunk), all_v + g * v_size,
                                      cut.tiles_of(g), m);
                       store_chunk(cut, chunk, g, m);
                     }
                   }
                 });
    return ITA_OK;
  }
  parallel_for(ctx, cut.chunks, grain_for(16 * kChunkRows * c.cols),
               [&](int64_t begin, int64_t end, int worker) {
                 float* room = rooms + worker * room_size;
                 for (int64_t k = begin; k < end; k++) {
                   transform_weights(cut, k, weights_at(k), room);
                 }
               });
  parallel_for(ctx, cut.groups, grain_for(kPoints * c.rows * c.cols * cut.group / 2),
               [&](int64_t begin, int64_t end, int worker) {
                 float* v = all_v + worker * v_size;
                 float* m = all_m + worker * m_size;
                 for (int64_t g = begin; g < end; g++) {
                   for (int64_t col = 0; col < c.cols; col++) transform_column(cut, g, col, v);
                   for (int64_t k = 0; k < cut.chunks; k++) {
                     prefetch_outputs(cut, k, g);
                     multiply_chunk(cut, weights_at(k), cut.rows_of(k), v, cut.tiles_of(g), m);
                     store_chunk(cut, k, g, m);
                   }
                 }
               });
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_WINOGRAD_H_
