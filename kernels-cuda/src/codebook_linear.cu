// SPDX-License-Identifier: Apache-2.0
// Linear layer with weights as codes on the GPU: dst = src weights^T + bias, and the gradient of
// its input.
//
// The kernels of masked_linear, tiles and order of sums included, with each weight decoded where
// that one reads it: a codebook of all weights gives the bits of the dense layer. A lane is an
// input; rows that share a panel are neighbouring warps and share its lines in the cache.
//
// Ladder (f32; no device was at hand, all unmeasured):
//   1  warp per (output, 4 images), a lane per input ............... unmeasured   shipped
//   2  block per panel, so that a line of codes is read once ....... not tried: another order
//   3  tensor cores on a decoded tile .............................. not tried
#include "codes.cuh"
#include "warp.cuh"

namespace cuda {

namespace {

constexpr int kTile = 4;  // results per lane

// dst[n .. n + kTile, o] by one warp; its lanes share the sum over I.
__global__ void __launch_bounds__(kThreads)
    codebook_linear_forward_kernel(const __grid_constant__ ita_codebook_linear op) {
  const ita_linear_shape& s = op.shape;
  const CodedWeights weights(op.weights, s.o, s.i);
  const int lane = lane_index();
  const int64_t items = divide_up(s.n, kTile) * s.o;

  for (int64_t item = first_warp_item(); item < items; item += warp_item_step()) {
    const int64_t o = item % s.o;
    const int64_t first_n = item / s.o * kTile;
    float sums[kTile] = {};  // (kTile), this lane's share

    for (int32_t i = lane; i < s.i; i += kWarp) {
      float weight;
      if (!weights.read(o, i, &weight)) continue;
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
__global__ void __launch_bounds__(kThreads)
    codebook_linear_backward_data_kernel(const __grid_constant__ ita_codebook_linear op) {
  const ita_linear_shape& s = op.shape;
  const CodedWeights weights(op.weights, s.o, s.i);
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

}  // namespace

ita_status codebook_linear_forward(ita_context* ctx, const ita_codebook_linear* op) {
  const ita_linear_shape& s = op->shape;
  const unsigned blocks = blocks_for(divide_up(s.n, kTile) * s.o, kWarps);
  ITA_CUDA_TRY(launch(ctx, codebook_linear_forward_kernel, blocks, *op));
  return ITA_OK;
}

ita_status codebook_linear_backward_data(ita_context* ctx, const ita_codebook_linear* op) {
  const ita_linear_shape& s = op->shape;
  const unsigned blocks = blocks_for(divide_up(s.n, kTile) * divide_up(s.i, kWarp), kWarps);
  ITA_CUDA_TRY(launch(ctx, codebook_linear_backward_data_kernel, blocks, *op));
  return ITA_OK;
}

}  // namespace cuda
