// SPDX-License-Identifier: Apache-2.0
// Masked convolution on the GPU: dst = conv2d(src, weights . mask) + bias, and its two gradients.
//
// conv2d.cuh has forward and backward_data. Here is backward_weights: a block stages the taps of
// one mask word in shared memory, and its threads share the pixels. A word that is zero costs its
// own read. Every sum has one fixed order.
//
// Ladder (f32; no device was at hand, all unmeasured):
//   1  forward, backward_data: warp per (channel, 128 pixels);
//      backward_weights: block per mask word, 32 sums a thread ......... unmeasured   shipped
//   2  several channels per warp, so that a pixel is read once for them  not tried
//   3  backward_weights: images split over blocks for small filters .... not tried
#include "conv2d.cuh"
#include "mask.cuh"

namespace cuda {

namespace {

__global__ void __launch_bounds__(kThreads)
    masked_conv2d_forward_kernel(const __grid_constant__ ita_masked_conv2d op) {
  convolve(op, MaskedWeights{op.weights, op.mask, Derived(op.shape).cols});
}

__global__ void __launch_bounds__(kThreads)
    masked_conv2d_backward_data_kernel(const __grid_constant__ ita_masked_conv2d op) {
  convolve_back(op, MaskedWeights{op.weights, op.mask, Derived(op.shape).cols});
}

// The pixels [n, oh, ow] that one thread of a block visits: every kThreads-th, counted in mixed
// radix so that the walk itself divides nothing.
struct PixelWalk {
  int64_t n;
  uint32_t oh, ow;
  int64_t step_n;
  uint32_t step_h, step_w;

  __device__ explicit PixelWalk(const ita_conv2d_shape& s)
      : n(threadIdx.x / s.ow / s.oh),
        oh(threadIdx.x / s.ow % s.oh),
        ow(threadIdx.x % s.ow),
        step_n(kThreads / s.ow / s.oh),
        step_h(kThreads / s.ow % s.oh),
        step_w(kThreads % s.ow) {}

  __device__ void next(const ita_conv2d_shape& s) {
    n += step_n;
    oh += step_h;
    ow += step_w;
    if (ow >= static_cast<uint32_t>(s.ow)) {
      ow -= s.ow;
      ++oh;
    }
    if (oh >= static_cast<uint32_t>(s.oh)) {
      oh -= s.oh;
      ++n;
    }
  }
};

// diff_weights[o, 32 weights of one mask word] by one block. A thread keeps 32 sums over every
// kThreads-th pixel; lanes are added in a tree, then warps in order.
__global__ void __launch_bounds__(kThreads)
    masked_conv2d_backward_weights_kernel(const __grid_constant__ ita_masked_conv2d op) {
  __shared__ Tap s_taps[kWordBits];
  __shared__ float s_sums[kWarps][kWarp];
  const ita_conv2d_shape& s = op.shape;
  const Derived d(s);
  const int lane = lane_index();
  const int64_t words = words_of(d.cols);
  const int64_t items = words * s.o;

  for (int64_t item = blockIdx.x; item < items; item += gridDim.x) {
    const int64_t o = item / words;
    const int64_t word_index = item % words;
    const uint32_t word = mask_word(op.mask, o, d.cols, word_index);
    if (word == 0) continue;  // the whole block
    const int32_t k = static_cast<int32_t>(word_index) * kWordBits + lane;
    const bool writes = warp_index() == 0 && has_bit(word, lane);
    float sums[kWordBits] = {};

    auto stage_taps = [&]() {
      __syncthreads();  // every thread is done with the item before
      if (writes) {
        const int32_t at = k % d.area;
        const int32_t tap_h = at / s.kw * s.dilation_h;
        const int32_t tap_w = at % s.kw * s.dilation_w;
        const int64_t channel = o / d.group_o * d.group_c + k / d.area;
        const int64_t offset = channel * d.in_plane + static_cast<int64_t>(tap_h) * s.w + tap_w;
        s_taps[lane] = {offset, tap_h, tap_w, 0.0f};
      }
      __syncthreads();
    };
    auto accumulate = [&](const PixelWalk& at) {
      const float diff = op.diff_dst[((at.n * s.o + o) * s.oh + at.oh) * s.ow + at.ow];
      const int32_t h = static_cast<int32_t>(at.oh) * s.stride_h - s.pad_h;
      const int32_t w = static_cast<int32_t>(at.ow) * s.stride_w - s.pad_w;
      const float* const src =  // src[n, 0, h, w]
          op.src + (at.n * s.c * d.in_plane + static_cast<int64_t>(h) * s.w + w);
#pragma unroll
      for (int bit = 0; bit < kWordBits; ++bit) {
        if (!has_bit(word, bit)) continue;
        // Volatile, or else the taps are lifted out of the walk into 128 registers.
        const volatile Tap& tap = s_taps[bit];
        if (within(h + tap.h, s.h) && within(w + tap.w, s.w)) {
          sums[bit] += diff * src[tap.offset];
        }
      }
    };

    stage_taps();
    for (PixelWalk at(s); at.n < s.n; at.next(s)) accumulate(at);
    const float sum = sum_over_warps(warp_sum_each(sums), s_sums);
    if (writes) op.diff_weights[o * d.cols + k] += sum;
  }
}

// diff_bias[o] by one block, summed like diff_weights.
__global__ void __launch_bounds__(kThreads)
    masked_conv2d_backward_bias_kernel(const __grid_constant__ ita_masked_conv2d op) {
  __shared__ float s_sums[kWarps][kWarp];
  const ita_conv2d_shape& s = op.shape;
  for (int64_t o = blockIdx.x; o < s.o; o += gridDim.x) {
    float mine = 0;
    for (PixelWalk at(s); at.n < s.n; at.next(s)) {
      mine += op.diff_dst[((at.n * s.o + o) * s.oh + at.oh) * s.ow + at.ow];
    }
    __syncthreads();  // warp 0 is done with the sums of the channel before
    const float sum = sum_over_warps(warp_sum(mine), s_sums);
    if (threadIdx.x == 0) op.diff_bias[o] += sum;
  }
}

}  // namespace

ita_status masked_conv2d_forward(ita_context* ctx, const ita_masked_conv2d* op) {
  const ita_conv2d_shape& s = op->shape;
  const ita_status status = check_counts(ctx, s);
  if (status != ITA_OK) return status;
  ITA_CUDA_TRY(launch(ctx, masked_conv2d_forward_kernel, convolve_blocks(s), *op));
  return ITA_OK;
}

ita_status masked_conv2d_backward_data(ita_context* ctx, const ita_masked_conv2d* op) {
  const ita_conv2d_shape& s = op->shape;
  const ita_status status = check_counts(ctx, s);
  if (status != ITA_OK) return status;
  ITA_CUDA_TRY(launch(ctx, masked_conv2d_backward_data_kernel, convolve_back_blocks(s), *op));
  return ITA_OK;
}

ita_status masked_conv2d_backward_weights(ita_context* ctx, const ita_masked_conv2d* op) {
  if (op->epilogue.diff_scores || op->epilogue.diff_kernels) {
    return fail(
        ctx, ITA_UNSUPPORTED,
        "masked_conv2d_backward_weights: CUDA cannot split the gradient yet, diff_scores and "
        "diff_kernels must be NULL; use the CPU");
  }
  const ita_conv2d_shape& s = op->shape;
  const ita_status status = check_counts(ctx, s);
  if (status != ITA_OK) return status;
  const unsigned blocks = blocks_for(words_of(Derived(s).cols) * s.o, 1);
  ITA_CUDA_TRY(launch(ctx, masked_conv2d_backward_weights_kernel, blocks, *op));
  if (!op->diff_bias) return ITA_OK;
  ITA_CUDA_TRY(launch(ctx, masked_conv2d_backward_bias_kernel, blocks_for(s.o, 1), *op));
  return ITA_OK;
}

}  // namespace cuda
