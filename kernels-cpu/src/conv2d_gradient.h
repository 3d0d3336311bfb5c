// SPDX-License-Identifier: Apache-2.0
// The weight gradient of masked_conv2d as a matrix product over pixels: a block of outputs times a
// block of taps is held in registers as vectors over the batch and reduced once at the end. Any
// shape. Blocks without a live weight are skipped.
#ifndef INTARSIA_CONV2D_GRADIENT_H_
#define INTARSIA_CONV2D_GRADIENT_H_

#include "conv2d_geometry.h"
#include "simd/simd.h"

namespace ITA_ISA {

constexpr int kOutputs = kAccumulators >= 24 ? 4 : 2;  // outputs x taps in registers
constexpr int kTaps = kAccumulators / kOutputs;

struct WeightGradient {
  const ita_masked_conv2d* op;
  const Geometry& geo;
  const Padded& padded;
  const int32_t* offsets;  // [k] of one group, in floats

  template <int kO, int kT>
  void block(int64_t o, int64_t k) const {
    const ita_conv2d_shape& s = geo.s;
    if (!any_live<kO, kT>(o, k)) return;
    const int64_t plane = int64_t(s.oh) * s.ow * ITA_BLOCK;
    const int64_t group = o / geo.outputs;
    V acc[kO][kT];
    for (int a = 0; a < kO; a++) {
      for (int b = 0; b < kT; b++) acc[a][b] = Zero();
    }
    for (int64_t n = 0; n < geo.blocks; n++) {
      const float* diff = op->diff_dst + (n * s.o + o) * plane;  // diff_dst[n, o, oh, ow, :]
      const float* image =
          padded.data + n * padded.block_stride + group * geo.i * padded.channel_stride;
      for (int64_t oh = 0; oh < s.oh; oh++) {
        const float* at[kT];
        for (int b = 0; b < kT; b++) {
          at[b] = image + oh * s.stride_h * padded.row_stride + offsets[k + b];
        }
        for (int64_t ow = 0; ow < s.ow; ow++, diff += ITA_BLOCK) {
          V d[kO];
#pragma GCC unroll 8
          for (int a = 0; a < kO; a++) d[a] = Load(diff + a * plane);
#pragma GCC unroll 8
          for (int b = 0; b < kT; b++) {
            V x = Load(at[b] + ow * s.stride_w * ITA_BLOCK);
#pragma GCC unroll 8
            for (int a = 0; a < kO; a++) acc[a][b] = MulAdd(x, d[a], acc[a][b]);
          }
        }
      }
    }
    for (int a = 0; a < kO; a++) {
      const uint32_t* mask = op->mask ? op->mask + (o + a) * geo.words : nullptr;
      for (int b = 0; b < kT; b++) {
        if (live(mask, k + b)) op->diff_weights[(o + a) * geo.k + k + b] += ReduceSum(acc[a][b]);
      }
    }
  }

  template <int kO, int kT>
  bool any_live(int64_t o, int64_t k) const {
    if (!op->mask) return true;
    for (int a = 0; a < kO; a++) {
      for (int b = 0; b < kT; b++) {
        if (live(op->mask + (o + a) * geo.words, k + b)) return true;
      }
    }
    return false;
  }

  template <int kO>
  void outputs(int64_t o, int64_t k_begin, int64_t k_end) const {
    int64_t k = k_begin;
    for (; k + kTaps <= k_end; k += kTaps) block<kO, kTaps>(o, k);
    for (; k < k_end; k++) block<kO, 1>(o, k);
  }
};

inline void add_bias_gradient(ita_context* ctx, const ita_masked_conv2d* op, const Geometry& geo) {
  const int64_t pixels = int64_t(geo.s.oh) * geo.s.ow;
  parallel_for(ctx, geo.s.o, grain_for(geo.blocks * pixels), [&](int64_t begin, int64_t end, int) {
    for (int64_t o = begin; o < end; o++) {
      V sum = Zero();
      for (int64_t n = 0; n < geo.blocks; n++) {
        const float* diff = op->diff_dst + (n * geo.s.o + o) * pixels * ITA_BLOCK;
        for (int64_t p = 0; p < pixels; p++) sum = Add(sum, Load(diff + p * ITA_BLOCK));
      }
      op->diff_bias[o] += ReduceSum(sum);
    }
  });
}

inline ita_status direct_weight_gradient(ita_context* ctx, const ita_masked_conv2d* op) {
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  Padded padded = geo.padded_src();
  if (padded.block_stride > kMaxOffset)
    return too_large(ctx, "masked_conv2d_backward_weights", padded.block_stride);

  Cutter cut;
  const int64_t at_offsets = cut.take<int32_t>(geo.k);
  const int64_t at_padded = cut.take<float>(padded.scratch_floats());
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  pad(ctx, op->src, reinterpret_cast<float*>(scratch + at_padded), &padded);
  int32_t* offsets = reinterpret_cast<int32_t*>(scratch + at_offsets);
  for (int64_t k = 0; k < geo.k; k++) {
    offsets[k] = geo.tap_offset(padded, k / (s.kh * s.kw), k / s.kw % s.kh, k % s.kw);
  }

  const WeightGradient gradient = {op, geo, padded, offsets};
  const int64_t full = geo.outputs / kOutputs;  // blocks of kOutputs in a group, then single ones
  const int64_t per_group = full + geo.outputs % kOutputs;
  const int64_t k_chunk = kTaps * 8;
  const int64_t k_chunks = divide_up(geo.k, k_chunk);
  const int64_t item_cost = kOutputs * k_chunk * geo.blocks * s.oh * s.ow;
  parallel_for(ctx, s.groups * per_group * k_chunks, grain_for(item_cost),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t item = begin; item < end; item++) {
                   const int64_t k_begin = item % k_chunks * k_chunk;
                   const int64_t k_end = k_begin + k_chunk < geo.k ? k_begin + k_chunk : geo.k;
                   const int64_t part = item / k_chunks % per_group;
                   const int64_t first = item / k_chunks / per_group * geo.outputs;
                   if (part < full) {
                     gradient.outputs<kOutputs>(first + part * kOutputs, k_begin, k_end);
                   } else {
                     gradient.outputs<1>(first + full * kOutputs + part - full, k_begin, k_end);
                   }
                 }
               });
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_GRADIENT_H_
