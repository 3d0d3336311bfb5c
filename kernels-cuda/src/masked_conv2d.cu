// SPDX-License-Identifier: Apache-2.0
// Masked convolution on the GPU: dst = conv2d(src, weights . mask) + bias, and its two gradients.
//
// A warp stages the taps of one mask word in shared memory, a lane per bit, and then walks the bits
// that are set: one index computation serves 128 pixels, and a filter pruned to a tenth costs a
// tenth. A word that is zero costs its own read. Every sum has one fixed order.
//
// Ladder (f32; no device was at hand, all unmeasured):
//   1  forward, backward_data: warp per (channel, 128 pixels);
//      backward_weights: block per mask word, 32 sums a thread ......... unmeasured   shipped
//   2  several channels per warp, so that a pixel is read once for them  not tried
//   3  backward_weights: images split over blocks for small filters .... not tried
#include "mask.cuh"
#include "warp.cuh"

namespace cuda {

namespace {

constexpr int kPixels = 4;               // per lane
constexpr int kTile = kWarp * kPixels;   // pixels of a warp
constexpr int32_t kNowhere = INT32_MIN;  // plus any tap it is still above or left of the image

// A weight inside the mask and the element it meets, relative to where the filter lies.
struct Tap {
  int64_t offset;
  int32_t h;
  int32_t w;
  float weight;
};

// In backward_data a tap meets only the pixels of its own phase of the stride.
struct PhasedTap {
  int64_t offset;
  int32_t h;
  int32_t w;
  int32_t phase_h;
  int32_t phase_w;
  float weight;
};

// Both bounds in one comparison.
__device__ inline bool within(int32_t index, int32_t size) {
  return static_cast<uint32_t>(index) < static_cast<uint32_t>(size);
}

// Sizes that the struct does not hold.
struct Derived {
  int32_t area;       // KH * KW
  int32_t cols;       // I * KH * KW, a row of the mask
  int64_t in_plane;   // H * W
  int64_t out_plane;  // OH * OW
  int32_t group_c;    // I, channels of src in a group
  int32_t group_o;    // channels of dst in a group

  __host__ __device__ explicit Derived(const ita_conv2d_shape& s)
      : area(s.kh * s.kw),
        cols(s.c / s.groups * s.kh * s.kw),
        in_plane(static_cast<int64_t>(s.h) * s.w),
        out_plane(static_cast<int64_t>(s.oh) * s.ow),
        group_c(s.c / s.groups),
        group_o(s.o / s.groups) {}
};

// dst[n, o, oh, ow] for 128 pixels of one o by one warp; the sum over I, KH, KW is each lane's own,
// in that order. Neighbouring warps differ in o: they share their pixels in the cache.
__global__ void __launch_bounds__(kThreads)
    masked_conv2d_forward_kernel(const __grid_constant__ ita_masked_conv2d op) {
  __shared__ Tap s_taps[kWarps][kWordBits];
  Tap* const taps = s_taps[warp_index()];  // this warp's word
  const ita_conv2d_shape& s = op.shape;
  const Derived d(s);
  const int lane = lane_index();
  const int64_t words = words_of(d.cols);
  const int64_t pixels = s.n * d.out_plane;
  const int64_t items = divide_up(pixels, kTile) * s.o;

  for (int64_t item = first_warp_item(); item < items; item += warp_item_step()) {
    const int64_t o = item % s.o;
    const int64_t first_pixel = item / s.o * kTile + lane;
    const int64_t first_channel = o / d.group_o * d.group_c;
    int64_t origin[kPixels];  // (kPixels) src[n, first_channel, h, w] of the filter's first tap
    int32_t h[kPixels];       // (kPixels)
    int32_t w[kPixels];       // (kPixels)
    float sums[kPixels] = {};

    auto place_filter = [&]() {
#pragma unroll
      for (int t = 0; t < kPixels; ++t) {
        const int64_t pixel = first_pixel + t * kWarp;
        const int64_t n = pixel / d.out_plane;
        const int64_t at = pixel % d.out_plane;
        h[t] = static_cast<int32_t>(at / s.ow) * s.stride_h - s.pad_h;
        w[t] = static_cast<int32_t>(at % s.ow) * s.stride_w - s.pad_w;
        origin[t] =
            (n * s.c + first_channel) * d.in_plane + static_cast<int64_t>(h[t]) * s.w + w[t];
        if (pixel >= pixels) h[t] = kNowhere;
      }
    };
    auto stage_taps = [&](int64_t word_index, uint32_t word) {
      __syncwarp();  // every lane is done with the word before
      if (has_bit(word, lane)) {
        const int32_t k = static_cast<int32_t>(word_index) * kWordBits + lane;
        const int32_t i = k / d.area;
        const int32_t at = k % d.area;
        const int32_t tap_h = at / s.kw * s.dilation_h;
        const int32_t tap_w = at % s.kw * s.dilation_w;
        const int64_t offset = i * d.in_plane + static_cast<int64_t>(tap_h) * s.w + tap_w;
        taps[lane] = {offset, tap_h, tap_w, op.weights[o * d.cols + k]};
      }
      __syncwarp();
    };
    auto accumulate = [&](uint32_t word) {
      for (uint32_t rest = word; rest != 0; rest &= rest - 1) {
        const Tap tap = taps[__ffs(static_cast<int>(rest)) - 1];
#pragma unroll
        for (int t = 0; t < kPixels; ++t) {
          if (within(h[t] + tap.h, s.h) && within(w[t] + tap.w, s.w)) {
            sums[t] += tap.weight * op.src[origin[t] + tap.offset];
          }
        }
      }
    };
    auto write_result = [&]() {
      const float bias = op.bias ? op.bias[o] : 0.0f;
#pragma unroll
      for (int t = 0; t < kPixels; ++t) {
        const int64_t pixel = first_pixel + t * kWarp;
        const int64_t n = pixel / d.out_plane;
        const int64_t at = pixel % d.out_plane;
        if (pixel < pixels) op.dst[(n * s.o + o) * d.out_plane + at] = sums[t] + bias;
      }
    };

    place_filter();
    for (int64_t word_index = 0; word_index < words; ++word_index) {
      const uint32_t word = mask_word(op.mask, o, d.cols, word_index);
      if (word == 0) continue;
      stage_taps(word_index, word);
      accumulate(word);
    }
    write_result();
  }
}

// diff_src[n, c, h, w] for 128 pixels of one c by one warp; the sum over O, KH, KW is each lane's
// own, in that order. The bits that concern c are a column of the mask: a warp gathers them, 32
// filter taps at a time, into a word.
//
// A pixel meets tap kh when h + pad - kh * dilation = oh * stride. With both sides split by the
// stride, h + pad = h' * stride + phase, that is: equal phases, and oh = h' - kh'.
__global__ void __launch_bounds__(kThreads)
    masked_conv2d_backward_data_kernel(const __grid_constant__ ita_masked_conv2d op) {
  __shared__ PhasedTap s_taps[kWarps][kWordBits];
  PhasedTap* const taps = s_taps[warp_index()];  // this warp's word
  const ita_conv2d_shape& s = op.shape;
  const Derived d(s);
  const int lane = lane_index();
  const int64_t words = words_of(d.cols);
  const int32_t column = d.group_o * d.area;  // taps that concern one c
  const int64_t pixels = s.n * d.in_plane;
  const int64_t items = divide_up(pixels, kTile) * s.c;

  for (int64_t item = first_warp_item(); item < items; item += warp_item_step()) {
    const int32_t c = static_cast<int32_t>(item % s.c);
    const int64_t first_pixel = item / s.c * kTile + lane;
    const int32_t i = c % d.group_c;
    const int64_t first_o = static_cast<int64_t>(c / d.group_c) * d.group_o;
    int64_t origin[kPixels];   // (kPixels) diff_dst[n, first_o, h', w']
    int32_t h[kPixels];        // (kPixels) h'
    int32_t w[kPixels];        // (kPixels) w'
    int32_t phase_h[kPixels];  // (kPixels)
    int32_t phase_w[kPixels];  // (kPixels)
    float sums[kPixels] = {};

    auto place_pixels = [&]() {
#pragma unroll
      for (int t = 0; t < kPixels; ++t) {
        const int64_t pixel = first_pixel + t * kWarp;
        const int64_t n = pixel / d.in_plane;
        const int64_t at = pixel % d.in_plane;
        const int32_t padded_h = static_cast<int32_t>(at / s.w) + s.pad_h;
        const int32_t padded_w = static_cast<int32_t>(at % s.w) + s.pad_w;
        h[t] = padded_h / s.stride_h;
        w[t] = padded_w / s.stride_w;
        phase_h[t] = padded_h % s.stride_h;
        phase_w[t] = padded_w % s.stride_w;
        origin[t] = (n * s.o + first_o) * d.out_plane + static_cast<int64_t>(h[t]) * s.ow + w[t];
        if (pixel >= pixels) phase_h[t] = -1;  // no tap has this phase
      }
    };
    auto stage_taps = [&](int32_t first_tap) {
      __syncwarp();  // every lane is done with the word before
      const int32_t index = first_tap + lane;
      const int32_t o = index / d.area;  // in the group
      const int32_t at = index % d.area;
      const int32_t k = i * d.area + at;
      const int64_t row = first_o + o;
      const bool inside =
          index < column &&
          (!op.mask || has_bit(op.mask[row * words + k / kWordBits], k % kWordBits));
      const uint32_t word = __ballot_sync(kAllLanes, inside);
      if (inside) {
        const int32_t tap_h = at / s.kw * s.dilation_h;
        const int32_t tap_w = at % s.kw * s.dilation_w;
        const int32_t back_h = tap_h / s.stride_h;
        const int32_t back_w = tap_w / s.stride_w;
        const int64_t offset = o * d.out_plane - static_cast<int64_t>(back_h) * s.ow - back_w;
        taps[lane] = {offset,
                      back_h,
                      back_w,
                      tap_h % s.stride_h,
                      tap_w % s.stride_w,
                      op.weights[row * d.cols + k]};
      }
      __syncwarp();
      return word;
    };
    auto accumulate = [&](uint32_t word) {
      for (uint32_t rest = word; rest != 0; rest &= rest - 1) {
        const PhasedTap tap = taps[__ffs(static_cast<int>(rest)) - 1];
#pragma unroll
        for (int t = 0; t < kPixels; ++t) {
          if (phase_h[t] == tap.phase_h && phase_w[t] == tap.phase_w &&
              within(h[t] - tap.h, s.oh) && within(w[t] - tap.w, s.ow)) {
            sums[t] += tap.weight * op.diff_dst[origin[t] + tap.offset];
          }
        }
      }
    };
    auto write_result = [&]() {
#pragma unroll
      for (int t = 0; t < kPixels; ++t) {
        const int64_t pixel = first_pixel + t * kWarp;
        const int64_t n = pixel / d.in_plane;
        const int64_t at = pixel % d.in_plane;
        if (pixel < pixels) op.diff_src[(n * s.c + c) * d.in_plane + at] = sums[t];
      }
    };

    place_pixels();
    for (int32_t first_tap = 0; first_tap < column; first_tap += kWordBits) {
      accumulate(stage_taps(first_tap));
    }
    write_result();
  }
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

// Taps are counted in 32 bits. Beyond lies a layer of 8 GiB in one filter or one channel.
ita_status check_counts(ita_context* ctx, const ita_conv2d_shape& s) {
  constexpr int64_t kLimit = INT32_MAX - kWordBits;
  const int64_t area = static_cast<int64_t>(s.kh) * s.kw;
  const int64_t channels = s.c > s.o ? s.c : s.o;
  if (area <= kLimit && area * (channels / s.groups) <= kLimit) return ITA_OK;
  return fail(ctx, ITA_UNSUPPORTED,
              "a filter of %d x %d over %lld channels has too many taps for CUDA, expected at most "
              "%lld; use more groups or the CPU",
              s.kh, s.kw, static_cast<long long>(channels / s.groups),
              static_cast<long long>(kLimit));
}

}  // namespace

ita_status masked_conv2d_forward(ita_context* ctx, const ita_masked_conv2d* op) {
  const ita_conv2d_shape& s = op->shape;
  const ita_status status = check_counts(ctx, s);
  if (status != ITA_OK) return status;
  const int64_t tiles = divide_up(s.n * Derived(s).out_plane, kTile);
  const unsigned blocks = blocks_for(tiles * s.o, kWarps);
  ITA_CUDA_TRY(launch(ctx, masked_conv2d_forward_kernel, blocks, *op));
  return ITA_OK;
}

ita_status masked_conv2d_backward_data(ita_context* ctx, const ita_masked_conv2d* op) {
  const ita_conv2d_shape& s = op->shape;
  const ita_status status = check_counts(ctx, s);
  if (status != ITA_OK) return status;
  const int64_t tiles = divide_up(s.n * Derived(s).in_plane, kTile);
  const unsigned blocks = blocks_for(tiles * s.c, kWarps);
  ITA_CUDA_TRY(launch(ctx, masked_conv2d_backward_data_kernel, blocks, *op));
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
