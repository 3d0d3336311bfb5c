// SPDX-License-Identifier: Apache-2.0
// Masked linear layer on the GPU: dst = src (weights . mask)^T + bias, and its two gradients.
//
// linear.cuh has forward and backward_data. A lane is a bit of a mask word, so that 32 inputs,
// their weights and one word of mask meet in a warp and every row is read in whole lines. A warp
// keeps a tile of kTile results per lane; a word that is zero costs its own read and no more. Every
// sum has one fixed order.
//
// Ladder (f32; no device was at hand, all unmeasured):
//   1  warp per (output, 4 images), one mask word per 32 inputs ... unmeasured   shipped
//   2  tiles of weights and src in shared memory .................. not tried
//   3  tensor cores on a decoded dense tile ....................... not tried
#include "linear.cuh"
#include "mask.cuh"

namespace cuda {

namespace {

__global__ void __launch_bounds__(kThreads)
    masked_linear_forward_kernel(const __grid_constant__ ita_masked_linear op) {
  multiply(op, MaskedWeights{op.weights, op.mask, op.shape.i});
}

__global__ void __launch_bounds__(kThreads)
    masked_linear_backward_data_kernel(const __grid_constant__ ita_masked_linear op) {
  multiply_back(op, MaskedWeights{op.weights, op.mask, op.shape.i});
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
  ITA_CUDA_TRY(launch(ctx, masked_linear_forward_kernel, multiply_blocks(op->shape), *op));
  return ITA_OK;
}

ita_status masked_linear_backward_data(ita_context* ctx, const ita_masked_linear* op) {
  const unsigned blocks = multiply_back_blocks(op->shape);
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
