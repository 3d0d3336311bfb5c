// SPDX-License-Identifier: Apache-2.0
// Convolution and its gradient of the input, for any kind of weights that a lane can read one at a
// time: read(row, col, &weight) is false where there is none.
//
// A warp stages 32 taps in shared memory, a lane per tap, and then walks those that exist: one
// index computation serves 128 pixels, and a filter pruned to a tenth costs a tenth. Every sum has
// one fixed order.
#ifndef INTARSIA_CONV2D_CUH_
#define INTARSIA_CONV2D_CUH_

#include "warp.cuh"

namespace cuda {

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
  int32_t cols;       // I * KH * KW, a row of the weights
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
template <class Op, class Weights>
__device__ void convolve(const Op& op, const Weights& weights) {
  __shared__ Tap s_taps[kWarps][kWarp];
  Tap* const taps = s_taps[warp_index()];  // this warp's word
  const ita_conv2d_shape& s = op.shape;
  const Derived d(s);
  const int lane = lane_index();
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
    auto stage_taps = [&](int32_t first_tap) {
      __syncwarp();  // every lane is done with the taps before
      const int32_t k = first_tap + lane;
      float weight = 0;
      const bool inside = k < d.cols && weights.read(o, k, &weight);
      const uint32_t word = __ballot_sync(kAllLanes, inside);
      if (inside) {
        const int32_t i = k / d.area;
        const int32_t at = k % d.area;
        const int32_t tap_h = at / s.kw * s.dilation_h;
        const int32_t tap_w = at % s.kw * s.dilation_w;
        const int64_t offset = i * d.in_plane + static_cast<int64_t>(tap_h) * s.w + tap_w;
        taps[lane] = {offset, tap_h, tap_w, weight};
      }
      __syncwarp();
      return word;
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
    for (int32_t first_tap = 0; first_tap < d.cols; first_tap += kWarp) {
      accumulate(stage_taps(first_tap));
    }
    write_result();
  }
}

// diff_src[n, c, h, w] for 128 pixels of one c by one warp; the sum over O, KH, KW is each lane's
// own, in that order. What concerns c is a column of the weights: a warp gathers it, 32
// filter taps at a time.
//
// A pixel meets tap kh when h + pad - kh * dilation = oh * stride. With both sides split by the
// stride, h + pad = h' * stride + phase, that is: equal phases, and oh = h' - kh'.
template <class Op, class Weights>
__device__ void convolve_back(const Op& op, const Weights& weights) {
  __shared__ PhasedTap s_taps[kWarps][kWarp];
  PhasedTap* const taps = s_taps[warp_index()];  // this warp's word
  const ita_conv2d_shape& s = op.shape;
  const Derived d(s);
  const int lane = lane_index();
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
      __syncwarp();  // every lane is done with the taps before
      const int32_t index = first_tap + lane;
      const int32_t o = index / d.area;  // in the group
      const int32_t at = index % d.area;
      const int32_t k = i * d.area + at;
      float weight = 0;
      const bool inside = index < column && weights.read(first_o + o, k, &weight);
      const uint32_t word = __ballot_sync(kAllLanes, inside);
      if (inside) {
        const int32_t tap_h = at / s.kw * s.dilation_h;
        const int32_t tap_w = at % s.kw * s.dilation_w;
        const int32_t back_h = tap_h / s.stride_h;
        const int32_t back_w = tap_w / s.stride_w;
        const int64_t offset = o * d.out_plane - static_cast<int64_t>(back_h) * s.ow - back_w;
        taps[lane] = {offset, back_h, back_w, tap_h % s.stride_h, tap_w % s.stride_w, weight};
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
    for (int32_t first_tap = 0; first_tap < column; first_tap += kWarp) {
      accumulate(stage_taps(first_tap));
    }
    write_result();
  }
}

// Taps are counted in 32 bits. Beyond lies a layer of 8 GiB in one filter or one channel.
inline ita_status check_counts(ita_context* ctx, const ita_conv2d_shape& s) {
  constexpr int64_t kLimit = INT32_MAX - kWarp;
  const int64_t area = static_cast<int64_t>(s.kh) * s.kw;
  const int64_t channels = s.c > s.o ? s.c : s.o;
  if (area <= kLimit && area * (channels / s.groups) <= kLimit) return ITA_OK;
  return fail(ctx, ITA_UNSUPPORTED,
              "a filter of %d x %d over %lld channels has too many taps for CUDA, expected at most "
              "%lld; use more groups or the CPU",
              s.kh, s.kw, static_cast<long long>(channels / s.groups),
              static_cast<long long>(kLimit));
}

// The grids of the two kernels: an item per warp.
inline unsigned convolve_blocks(const ita_conv2d_shape& s) {
  return blocks_for(divide_up(s.n * Derived(s).out_plane, kTile) * s.o, kWarps);
}
inline unsigned convolve_back_blocks(const ita_conv2d_shape& s) {
  return blocks_for(divide_up(s.n * Derived(s).in_plane, kTile) * s.c, kWarps);
}

}  // namespace cuda

#endif  // INTARSIA_CONV2D_CUH_
