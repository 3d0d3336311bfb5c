// SPDX-License-Identifier: Apache-2.0
// Masked linear layer on the GPU: dst = src (weights . mask)^T + bias, and its two gradients.
//
// A lane is a bit of a mask word, so that 32 inputs, their weights and one word of mask meet in a
// warp and every row is read in whole lines. A warp keeps a tile of kTile results per lane; a word
// that is zero costs its own read and no more. Every sum has one fixed order.
//
// Ladder (f32; no device was at hand, all unmeasured):
//   1  warp per (output, 4 images), one mask word per 32 inputs ... unmeasured   shipped
//   2  tiles of weights and src in shared memory .................. not tried
//   3  tensor cores on a decoded dense tile ....................... not tried
#include "mask.cuh"
#include "warp.cuh"

namespace cuda {

namespace {

constexpr int kTile = 4;  // results per lane

// dst[n .. n + kTile, o] by one warp; its lanes share the sum over I.
__global__ void __launch_bounds__(kThreads)
    masked_linear_forward_kernel(const __grid_constant__ ita_masked_linear op) {
  const ita_linear_shape& s = op.shape;
  const int lane = lane_index();
  const int64_t words = words_of(s.i);
  const int64_t items = divide_up(s.n, kTile) * s.o;

  for (int64_t item = first_warp_item(); item < items; item += warp_item_step()) {
    const int64_t o = item % s.o;
    const int64_t first_n = item / s.o * kTile;
    float sums[kTile] = {};  // (kTile), this lane's share

    for (int64_t word_index = 0; word_index < words; ++word_index) {
      const uint32_t word = mask_word(op.mask, o, s.i, word_index);
      if (!has_bit(word, lane)) continue;
      const int64_t i = word_index * kWordBits + lane;
      const float weight = op.weights[o * s.i + i];
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
    masked_linear_backward_data_kernel(const __grid_constant__ ita_masked_linear op) {
  const ita_linear_shape& s = op.shape;
  const int lane = lane_index();
  const int64_t words = words_of(s.i);
  const int64_t items = divide_up(s.n, kTile) * words;

  for (int64_t item = first_warp_item(); item < items; item += warp_item_step()) {
    const int64_t word_index = item % words;
    const int64_t i = word_index * kWordBits + lane;
    const int64_t first_n = item / words * kTile;
    float sums[kTile] = {};  // (kTile)

    for (int64_t o = 0; o < s.o; ++o) {
      const uint32_t word = mask_word(op.mask, o, s.i, word_index);
      if (!has_bit(word, lane)) continue;
      const float weight = op.weights[o * s.i + i];
#pragma unroll
      for (int t = 0; t < kTile; ++t) {
        if (first_n + t < s.n) sums[t] += weight * op.diff_dst[(first_n + t) * s.o + o];
      }
    }
    if (i >= s.i) continue;
#pragma unroll
    for (int t = 0; t < kTile; ++t) {
      if (first_n + t < s.n) op.diff_src[(first_n + t) * s.i + i] = sums[t];
    }
  }
}

// diff_weights[o .. o + kTile, 32 inputs] by one warp; the sum over N is each lane's own, n
// ascending.
__global__ void __launch_bounds__(kThreads)
    masked_linear_backward_weights_kernel(const __grid_constant__ ita_masked_linear op) {
  const ita_linear_shape& s = op.shape;
  const int lane = lane_index();
  const int64_t words = words_of(s.i);
  const int64_t items = divide_up(s.o, kTile) * words;

  for (int64_t item = first_warp_item(); item < items; item += warp_item_step()) {
    const int64_t word_index = item % words;
    const int64_t i = word_index * kWordBits + lane;
    const int64_t first_o = item / words * kTile;
    bool inside[kTile];  // (kTile)
    bool any = false;
#pragma unroll
    for (int t = 0; t < kTile; ++t) {
      inside[t] =
          first_o + t < s.o && has_bit(mask_word(op.mask, first_o + t, s.i, word_index), lane);
      any |= inside[t];
    }
    if (!any) continue;

    float sums[kTile] = {};  // (kTile)
    for (int64_t n = 0; n < s.n; ++n) {
      const float src = op.src[n * s.i + i];
#pragma unroll
      for (int t = 0; t < kTile; ++t) {
        if (inside[t]) sums[t] += src * op.diff_dst[n * s.o + first_o + t];
      }
    }
#pragma unroll
    for (int t = 0; t < kTile; ++t) {
      if (inside[t]) op.diff_weights[(first_o + t) * s.i + i] += sums[t];
    }
  }
}

// diff_bias[o] by one thread, n ascending; in double, which costs nothing beside the reads.
__global__ void __launch_bounds__(kThreads)
    masked_linear_backward_bias_kernel(const __grid_constant__ ita_masked_linear op) {
  const ita_linear_shape& s = op.shape;
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t o = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; o < s.o; o += step) {
    double sum = op.diff_bias[o];
    for (int64_t n = 0; n < s.n; ++n) sum += op.diff_dst[n * s.o + o];
    op.diff_bias[o] = static_cast<float>(sum);
  }
}

}  // namespace

// Weights are read where they are: there is nothing to pack.
ita_status masked_linear_pack(ita_context*, const ita_masked_linear*) { return ITA_OK; }

ita_status masked_linear_forward(ita_context* ctx, const ita_masked_linear* op) {
  const ita_linear_shape& s = op->shape;
  const unsigned blocks = blocks_for(divide_up(s.n, kTile) * s.o, kWarps);
  ITA_CUDA_TRY(launch(ctx, masked_linear_forward_kernel, blocks, *op));
  return ITA_OK;
}

ita_status masked_linear_backward_data(ita_context* ctx, const ita_masked_linear* op) {
  const ita_linear_shape& s = op->shape;
  const unsigned blocks = blocks_for(divide_up(s.n, kTile) * words_of(s.i), kWarps);
  ITA_CUDA_TRY(launch(ctx, masked_linear_backward_data_kernel, blocks, *op));
  return ITA_OK;
}

ita_status masked_linear_backward_weights(ita_context* ctx, const ita_masked_linear* op) {
  if (op->epilogue.diff_scores || op->epilogue.diff_kernels) {
    return fail(
        ctx, ITA_UNSUPPORTED,
        "masked_linear_backward_weights: CUDA cannot split the gradient yet, diff_scores and "
        "diff_kernels must be NULL; use the CPU");
  }
  const ita_linear_shape& s = op->shape;
  const unsigned blocks = blocks_for(divide_up(s.o, kTile) * words_of(s.i), kWarps);
  ITA_CUDA_TRY(launch(ctx, masked_linear_backward_weights_kernel, blocks, *op));
  if (!op->diff_bias) return ITA_OK;
  const unsigned bias_blocks = blocks_for(s.o, kThreads);
  ITA_CUDA_TRY(launch(ctx, masked_linear_backward_bias_kernel, bias_blocks, *op));
  return ITA_OK;
}

}  // namespace cuda
