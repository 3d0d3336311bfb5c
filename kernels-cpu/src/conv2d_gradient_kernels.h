// SPDX-License-Identifier: Apache-2.0
// The weight gradient of the live kernels of a 3x3 convolution of any stride: for masks that do not
// return, where nobody asks for the gradient of a dropped kernel.
//
// Images are the vector. Live kernels that share an input channel go in threes: 27 sums in
// registers, a source pixel loaded once for three outputs. An item is a few channels; it walks
// strips of rows whose gradients stay in L2 for all its channels, and sums wait in memory from
// strip to strip as vectors. Lanes are reduced once, at the end, sixteen sums together.
//
// Roofline: 12 loads, of two a cycle, for 27 multiply-adds, also of two a cycle. Measured (AMD Zen
// 5, AVX-512, one thread; GFLOP/s of live products of 265, 75 % off, N = 16 / 64): 188 / 109 at
// 64@32x32, 184 / 166 at 128@16x16, 153 / 154 at 256@8x8, 64 / 92 at 512@4x4, where sums of lanes
// take longer than products. Stride 2, N = 64, 75 % off, against the dense gradient with outputs as
// the vector: 64-128@32 5.8 ms for 10.7, 128-256@16 4.3 for 10.3, 256-512@8 5.8 for 10.6. Strips of
// 512 KB and an eighth of the channels: as fast.
#ifndef INTARSIA_CONV2D_GRADIENT_KERNELS_H_
#define INTARSIA_CONV2D_GRADIENT_KERNELS_H_

#include "conv2d_geometry.h"
#include "conv3x3.h"
#include "gradient_sink.h"

namespace ITA_ISA {
namespace live_kernels {

constexpr int kTogether = kAccumulators >= 24 ? 3 : 1;  // kernels in registers
constexpr int64_t kStripBytes = 256 << 10;              // of gradients
constexpr int64_t kSumBytes = 384 << 10;                // of an item

// Floats of a plane up to which the hardware does not foresee enough: fetching ahead gains 12 % at
// 128@16x16, N = 64, and costs 28 % at 16@32x32.
constexpr int64_t kShortPlane = 256 * ITA_BLOCK;

// Rows of some blocks of images.
struct Strip {
  int64_t n, images, row, rows;
  bool first;
};

struct Gradient {
  const ita_masked_conv2d* op;
  const Geometry& geo;
  const Padded& padded;
  const GradientSink& sink;
  int64_t rows;  // of a strip

  // sums[kO][9] (+)= a strip of kO outputs and one channel; x is its padded plane at the strip.
  template <int kO>
  void add_rows(const float* const* diff, const float* x, const Strip& strip, float* sums) const {
    V acc[kO][9];
#pragma GCC unroll 3
    for (int o = 0; o < kO; o++) {
#pragma GCC unroll 9
      for (int t = 0; t < 9; t++) {
        acc[o][t] = strip.first ? Zero() : Load(sums + (o * 9 + t) * kLanes);
      }
    }
    const int64_t down = geo.s.stride_h * padded.row_stride, right = geo.s.stride_w * ITA_BLOCK;
    const int64_t width = int64_t(geo.s.ow) * ITA_BLOCK;
    const int64_t diff_block = int64_t(geo.s.o) * geo.s.oh * width;
    for (int64_t n = 0; n < strip.images; n++) {
      for (int64_t row = 0; row < strip.rows; row++) {
        const float* pixels = x + n * padded.block_stride + row * down;
        const int64_t from = n * diff_block + row * width;
        for (int64_t at = 0; at < width; at += ITA_BLOCK, pixels += right) {
          V d[kO];
#pragma GCC unroll 3
          for (int o = 0; o < kO; o++) d[o] = Load(diff[o] + from + at);
#pragma GCC unroll 3
          for (int a = 0; a < 3; a++) {
#pragma GCC unroll 3
            for (int b = 0; b < 3; b++) {
              const V pixel = Load(pixels + a * padded.row_stride + b * ITA_BLOCK);
#pragma GCC unroll 3
              for (int o = 0; o < kO; o++) {
                acc[o][a * 3 + b] = MulAdd(pixel, d[o], acc[o][a * 3 + b]);
              }
            }
          }
        }
      }
    }
#pragma GCC unroll 3
    for (int o = 0; o < kO; o++) {
#pragma GCC unroll 9
      for (int t = 0; t < 9; t++) Store(acc[o][t], sums + (o * 9 + t) * kLanes);
    }
  }

  // One strip of one channel with `count` live outputs.
  void add_strip(const int32_t* outputs, int64_t count, int64_t channel, const Strip& strip,
                 float* sums) const {
    const ita_conv2d_shape& s = geo.s;
    const int64_t plane = int64_t(s.oh) * s.ow * ITA_BLOCK;
    const float* x = padded.data + strip.n * padded.block_stride + channel * padded.channel_stride +
                     strip.row * s.stride_h * padded.row_stride;
    const float* base = op->diff_dst + strip.n * s.o * plane + strip.row * s.ow * ITA_BLOCK;
    int64_t k = 0;
    for (; k + kTogether <= count; k += kTogether) {
      const float* diff[kTogether];
      for (int j = 0; j < kTogether; j++) diff[j] = base + outputs[k + j] * plane;
      add_rows<kTogether>(diff, x, strip, sums + k * 9 * kLanes);
    }
    for (; k < count; k++) {
      const float* diff[1] = {base + outputs[k] * plane};
      add_rows<1>(diff, x, strip, sums + k * 9 * kLanes);
    }
  }

  // Fetches a share of the next strip: of its gradients and one channel of its source.
  void prefetch(const Strip& strip, int64_t o, int64_t o_end, int64_t channel) const {
    const ita_conv2d_shape& s = geo.s;
    const int64_t plane = int64_t(s.oh) * s.ow * ITA_BLOCK;
    if (plane > kShortPlane) return;
    const int64_t row = strip.row + strip.rows;
    const bool same = row < s.oh;  // else the next images, of which the first rows will do
    const int64_t n = same ? strip.n : strip.n + strip.images;
    if (n >= geo.blocks) return;
    const int64_t first = same ? row : 0;
    const float* diff = op->diff_dst + (n * s.o * s.oh + first) * s.ow * ITA_BLOCK;
    for (; o < o_end; o++) {
      for (int64_t k = 0; k < strip.rows * s.ow; k++) {
        __builtin_prefetch(diff + o * plane + k * ITA_BLOCK, 0, 2);
      }
    }
    const float* x = padded.data + n * padded.block_stride + channel * padded.channel_stride +
                     (first * s.stride_h + 2) * padded.row_stride;
    for (int64_t k = 0; k < strip.rows * s.stride_h * padded.row_stride; k += ITA_BLOCK) {
      __builtin_prefetch(x + k, 0, 2);
    }
  }

  // Kernels of one channel for the sink: sixteen vectors over images become sixteen taps, written
  // over the sums.
  void finish(const int32_t* outputs, int64_t count, int64_t channel, float* sums) const {
    for (int64_t t = 0; t < count * 9; t += kLanes) {
      V lanes[kLanes];
      for (int64_t j = 0; j < kLanes; j++) {
        lanes[j] = t + j < count * 9 ? Load(sums + (t + j) * kLanes) : Zero();
      }
      Transpose(lanes);
#pragma GCC unroll 4
      for (int half = kLanes / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
        for (int j = 0; j < half; j++) lanes[j] = Add(lanes[j], lanes[j + half]);
      }
      Store(lanes[0], sums + t);
    }
    for (int64_t k = 0; k < count; k++) sink.give(outputs[k], channel * 9, 9, sums + k * 9);
  }

  // Channels first .. first + count. outputs[channel][o] and sums have room for all kernels.
  void item(const Conv3x3& c, int64_t first, int64_t count, int32_t* outputs, int64_t* live,
            float* sums) const {
    const ita_conv2d_shape& s = geo.s;
    for (int64_t j = 0; j < count; j++) live[j] = 0;
    for (int64_t o = 0; o < s.o; o++) {
      for (int64_t j = 0; j < count; j++) {
        outputs[j * s.o + live[j]] = static_cast<int32_t>(o);  // a choice, not a branch
        live[j] += live[j] < s.o && c.live(o, first + j) != 0;
      }
    }
    const int64_t least = divide_up(64, int64_t(s.oh) * s.ow);  // blocks of images of small maps
    const int64_t step = rows < s.oh ? 1 : least;
    for (int64_t n = 0; n < geo.blocks; n += step) {
      for (int64_t row = 0; row < s.oh; row += rows) {
        const Strip strip = {n, geo.blocks - n < step ? geo.blocks - n : step, row,
                             s.oh - row < rows ? s.oh - row : rows, n == 0 && row == 0};
        float* to = sums;
        for (int64_t j = 0; j < count; to += live[j++] * 9 * kLanes) {
          prefetch(strip, j * s.o / count, (j + 1) * s.o / count, first + j);
          add_strip(outputs + j * s.o, live[j], first + j, strip, to);
        }
      }
    }
    float* from = sums;
    for (int64_t j = 0; j < count; from += live[j++] * 9 * kLanes) {
      finish(outputs + j * s.o, live[j], first + j, from);
    }
  }
};

}  // namespace live_kernels

// The gradient of every kernel with a live weight.
inline ita_status kernels_weight_gradient(ita_context* ctx, const ita_masked_conv2d* op,
                                          const GradientSink& sink, int64_t live) {
  using namespace live_kernels;
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  Padded padded = geo.padded_src();
  Conv3x3 c = conv3x3_forward(op);
  c.mask = sink.live_mask();

  // Sums of an item fit into L2; strips of rows too, with the gradients of all outputs.
  const int64_t kernel_bytes = 9 * kLanes * 4;
  int64_t channels = kSumBytes * s.c / ((live > 0 ? live : 1) * kernel_bytes);
  if (channels > divide_up(s.c, 4)) channels = divide_up(s.c, 4);  // something for every thread
  if (channels < 1) channels = 1;
  int64_t rows = kStripBytes / (int64_t(s.o) * s.ow * ITA_BLOCK * 4);
  const int64_t least = divide_up(64, s.ow);
  if (rows < least) rows = least;
  if (rows > s.oh) rows = s.oh;

  Cutter cut;
  const int64_t at_padded = cut.take<float>(padded.scratch_floats());
  const int64_t own_sums = channels * s.o * 9 * kLanes;
  const int64_t own_outputs = channels * s.o + 1;  // one is written, not kept
  const int64_t own_live = channels;
  const int64_t at_sums = cut.take<float>(own_sums * ctx->threads);
  const int64_t at_live = cut.take<int64_t>(own_live * ctx->threads);
  const int64_t at_outputs = cut.take<int32_t>(own_outputs * ctx->threads);
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  pad(ctx, op->src, reinterpret_cast<float*>(scratch + at_padded), &padded);

  const Gradient gradient = {op, geo, padded, sink, rows};
  const int64_t cost = live * 9 * geo.blocks * s.oh * s.ow * channels / s.c;
  parallel_for(
      ctx, divide_up(s.c, channels), grain_for(cost), [&](int64_t begin, int64_t end, int worker) {
        float* sums = reinterpret_cast<float*>(scratch + at_sums) + worker * own_sums;
        int64_t* live_of = reinterpret_cast<int64_t*>(scratch + at_live) + worker * own_live;
        int32_t* outputs = reinterpret_cast<int32_t*>(scratch + at_outputs) + worker * own_outputs;
        for (int64_t k = begin; k < end; k++) {
          const int64_t first = k * channels;
          const int64_t count = s.c - first < channels ? s.c - first : channels;
          gradient.item(c, first, count, outputs, live_of, sums);
        }
      });
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_GRADIENT_KERNELS_H_
