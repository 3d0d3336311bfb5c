// SPDX-License-Identifier: Apache-2.0
// Register tiles of the convolution with pixels as lanes: one result row, up to sixteen vectors of
// its pixels, a list of what is live.
//
// A tile of few vectors has too few sums to hide the latency of a multiply-add, so it keeps several
// sets of them, added at the end. How many depends on the tile alone.
#ifndef INTARSIA_ROWS_TILES_H_
#define INTARSIA_ROWS_TILES_H_

#include "simd/simd.h"

namespace ITA_ISA {

constexpr int kRowsTile = kManyRegisters ? 16 : 4;  // vectors, at most

// A live weight: where its tap reads, and its own place from the row's first weight.
struct LiveTap {
  int32_t src, weight;
};

// A live 3x3 kernel: nine weights, those outside the mask zero, and its source channel.
struct LiveKernel {
  const float* weights;
  int64_t src;
};

constexpr int tap_sets(int vectors) {
  return kManyRegisters ? (vectors >= 8 ? 1 : 8 / vectors) : vectors >= 4 ? 1 : 4 / vectors;
}

// acc[v] += sum over the list of weight * src[tap + 16 v ..].
template <int kN>
inline void tap_tile(const float* src, const float* weights, const LiveTap* list, int64_t count,
                     V acc[kN]) {
  constexpr int kSets = tap_sets(kN);
  V sum[kSets][kN];
  for (int s = 0; s < kSets; s++) {
    for (int v = 0; v < kN; v++) sum[s][v] = s == 0 ? acc[v] : Zero();
  }
  const LiveTap* const end = list + count;
  const LiveTap* const whole = list + count / kSets * kSets;
  for (; list < whole; list += kSets) {
#pragma GCC unroll 8
    for (int s = 0; s < kSets; s++) {
      const V w = Set(weights[list[s].weight]);
      const float* from = src + list[s].src;
#pragma GCC unroll 16
      for (int v = 0; v < kN; v++) sum[s][v] = MulAdd(LoadU(from + v * kLanes), w, sum[s][v]);
    }
  }
  for (; list < end; list++) {
    const V w = Set(weights[list->weight]);
    const float* from = src + list->src;
#pragma GCC unroll 16
    for (int v = 0; v < kN; v++) sum[0][v] = MulAdd(LoadU(from + v * kLanes), w, sum[0][v]);
  }
#pragma GCC unroll 16
  for (int v = 0; v < kN; v++) {
    acc[v] = sum[0][v];
#pragma GCC unroll 8
    for (int s = 1; s < kSets; s++) acc[v] = Add(acc[v], sum[s][v]);
  }
}

// Where a kernel reads in its channel: a copy per column of taps, rows at the pitch. backward_data
// has the rows of taps turned round.
struct KernelReads {
  int64_t copy, pitch;
};

// kN rows of one column of vectors: each source vector serves up to three of them.
template <int kN, bool kTurned>
inline void kernel_column(const float* src, KernelReads reads, const LiveKernel* list,
                          int64_t count, V acc[kN]) {
  V sum[kN];
#pragma GCC unroll 16
  for (int v = 0; v < kN; v++) sum[v] = acc[v];
  for (const LiveKernel* const end = list + count; list < end; list++) {
    const float* from = src + list->src;
    const float* q = list->weights;
#pragma GCC unroll 3
    for (int b = 0; b < 3; b++, from += reads.copy) {
      V w[3];
#pragma GCC unroll 3
      for (int a = 0; a < 3; a++) w[a] = Set(q[(kTurned ? 2 - a : a) * 3 + b]);
#pragma GCC unroll 18
      for (int r = 0; r < kN + 2; r++) {
        const V x = LoadU(from + r * reads.pitch);
#pragma GCC unroll 3
        for (int a = 0; a < 3; a++) {
          if (r - a >= 0 && r - a < kN) sum[r - a] = MulAdd(x, w[a], sum[r - a]);
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int v = 0; v < kN; v++) acc[v] = sum[v];
}

// kN consecutive vectors of a narrow map, whose rows of kPitch floats share vectors.
template <int kN, int kPitch, bool kTurned>
inline void kernel_flat(const float* src, KernelReads reads, const LiveKernel* list, int64_t count,
                        V acc[kN]) {
  constexpr int kSets = kN == 1 && kManyRegisters ? 9 : kN * 3 <= kAccumulators ? 3 : 1;
  V sum[kSets][kN];
#pragma GCC unroll 9
  for (int s = 0; s < kSets; s++) {
#pragma GCC unroll 16
    for (int v = 0; v < kN; v++) sum[s][v] = s == 0 ? acc[v] : Zero();
  }
  for (const LiveKernel* const end = list + count; list < end; list++) {
    const float* from = src + list->src;
    const float* q = list->weights;
#pragma GCC unroll 3
    for (int b = 0; b < 3; b++, from += reads.copy) {
#pragma GCC unroll 3
      for (int a = 0; a < 3; a++) {
        const int s = kSets == 9 ? a * 3 + b : kSets == 3 ? b : 0;
        const V w = Set(q[(kTurned ? 2 - a : a) * 3 + b]);
#pragma GCC unroll 16
        for (int v = 0; v < kN; v++) {
          sum[s][v] = MulAdd(LoadU(from + a * kPitch + v * kLanes), w, sum[s][v]);
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int v = 0; v < kN; v++) {
    acc[v] = sum[0][v];
#pragma GCC unroll 9
    for (int s = 1; s < kSets; s++) acc[v] = Add(acc[v], sum[s][v]);
  }
}

// Where a result row goes: pixel (y, x) of the grid at y * row + x * col.
struct RowsResult {
  float* to;
  int64_t row, col, pitch, grid_h, grid_w;

  // One vector of pixels, the first being (y, x); lanes outside the grid are dropped.
  void store(V v, int64_t y, int64_t x) const {
    if (col == 1 && x + kLanes <= grid_w) return StoreU(v, to + y * row + x);
    if (col == 1 && pitch == row && pitch == grid_w) {  // narrow rows follow each other
      const int64_t left = (grid_h - y) * pitch;
      float* at = to + y * row;
      return left >= kLanes ? StoreU(v, at) : MaskedStore(FirstN(static_cast<int>(left)), v, at);
    }
    if (col == 1 && pitch >= kLanes) {
      return MaskedStore(FirstN(static_cast<int>(grid_w - x)), v, to + y * row + x);
    }
    float lane[kLanes];
    StoreU(v, lane);
    for (int i = 0; i < kLanes && y < grid_h; i++) {
      if (x < grid_w) to[y * row + x * col] = lane[i];
      if (++x == pitch) x = 0, y++;
    }
  }
};

}  // namespace ITA_ISA

#endif  // INTARSIA_ROWS_TILES_H_
