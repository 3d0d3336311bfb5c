// SPDX-License-Identifier: Apache-2.0
// A linear layer and its gradient of the input, for any kind of weights that a lane can read one at
// a time: read(row, col, &weight) is false where there is none.
//
// A lane is an input, so that every row is read in whole lines; a warp keeps a tile of kTile
// results per lane. Every sum has one fixed order.
#ifndef INTARSIA_LINEAR_CUH_
#define INTARSIA_LINEAR_CUH_

#include "warp.cuh"

namespace cuda {

constexpr int kTile = 4;  // results per lane

// dst[n .. n + kTile, o] by one warp; its lanes share the sum over I.
template <class Op, class Weights>
__device__ void multiply(const Op& op, const Weights& weights) {
  const ita_linear_shape& s = op.shape;
  const int lane = lane_index();
  const int64_t items = divide_up(s.n, kTile) * s.o;

  for (int64_t item = first_warp_item(); item < items; item += warp_item_step()) {
    const int64_t o = item % s.o;
    const int64_t first_n = item / s.o * kTile;
    float sums[kTile] = {};  // (kTile), this lane's share

    for (int64_t i = lane; i < s.i; i += kWarp) {
      float weight;
      if (!weights.read(o, static_cast<int32_t>(i), &weight)) continue;
#pragma unroll
      for (int t = 0; t < kTile; ++t) {
        if (first_n + t < s.n) sums[t] += weight * op.src[(first_n + t) * s.i + i];
      }
    }
    const float bias = op.bias ? op.bias[o] : 0.0f;
#pragma unroll
    for (int t = 0; t < kTile; ++t) {
      const float sum = warp_sum(sums[t]);
      if (lane == t && first_n + t < s.n) op.dst[(first_n + t) * s.o + o] = sum + bias;
    }
  }
}

// diff_src[n .. n + kTile, 32 inputs] by one warp; the sum over O is each lane's own, o ascending.
template <class Op, class Weights>
__device__ void multiply_back(const Op& op, const Weights& weights) {
  const ita_linear_shape& s = op.shape;
  const int64_t columns = divide_up(s.i, kWarp);
  const int64_t items = divide_up(s.n, kTile) * columns;

  for (int64_t item = first_warp_item(); item < items; item += warp_item_step()) {
    const int64_t column = item % columns * kWarp + lane_index();
    if (column >= s.i) continue;
    const int32_t i = static_cast<int32_t>(column);
    const int64_t first_n = item / columns * kTile;
    float sums[kTile] = {};  // (kTile)

    for (int64_t o = 0; o < s.o; ++o) {
      float weight;
      if (!weights.read(o, i, &weight)) continue;
#pragma unroll
      for (int t = 0; t < kTile; ++t) {
        if (first_n + t < s.n) sums[t] += weight * op.diff_dst[(first_n + t) * s.o + o];
      }
    }
#pragma unroll
    for (int t = 0; t < kTile; ++t) {
      if (first_n + t < s.n) op.diff_src[(first_n + t) * s.i + i] = sums[t];
    }
  }
}

// The grids of the two kernels: an item per warp.
inline unsigned multiply_blocks(const ita_linear_shape& s) {
  return blocks_for(divide_up(s.n, kTile) * s.o, kWarps);
}
inline unsigned multiply_back_blocks(const ita_linear_shape& s) {
  return blocks_for(divide_up(s.n, kTile) * divide_up(s.i, kWarp), kWarps);
}

}  // namespace cuda

#endif  // INTARSIA_LINEAR_CUH_
