// SPDX-License-Identifier: Apache-2.0
// The weight gradient of masked_conv2d as a sum of products, for any shape: with outputs as the
// vector (conv2d_gradient_outputs.h), or, where a group has too few outputs to fill one, with
// images as the vector: a block of outputs times a block of taps is held in registers and reduced
// over lanes once at the end. Blocks of the latter without a live weight are skipped.
#ifndef INTARSIA_CONV2D_GRADIENT_H_
#define INTARSIA_CONV2D_GRADIENT_H_

#include "conv2d_gradient_outputs.h"

namespace ITA_ISA {

constexpr int kOutputs = kAccumulators >= 24 ? 4 : 2;  // outputs x taps in registers
constexpr int kTaps = kAccumulators / kOutputs;

struct WeightGradient {
  const ita_masked_conv2d* op;
  const Geometry& geo;
  const Padded& padded;
  const int32_t* offsets;  // [k] of one group, in floats
  const GradientSink& sink;

  // sums[kO][kT] (+)= taps k .. of outputs o .. over some rows of one block of images.
  template <int kO, int kT>
  void block(int64_t n, int64_t row, int64_t rows, int64_t o, int64_t k, bool first,
             float* sums) const {
    const ita_conv2d_shape& s = geo.s;
    const int64_t plane = int64_t(s.oh) * s.ow * ITA_BLOCK;
    const int64_t group = o / geo.outputs;
    V acc[kO][kT];
#pragma GCC unroll 8
    for (int a = 0; a < kO; a++) {
#pragma GCC unroll 8
      for (int b = 0; b < kT; b++) {
        acc[a][b] = first ? Zero() : Load(sums + (a * kT + b) * kLanes);
      }
    }
    const float* diff = op->diff_dst + (n * s.o + o) * plane + row * s.ow * ITA_BLOCK;
    const float* image =
        padded.data + n * padded.block_stride + group * geo.i * padded.channel_stride;
    for (int64_t oh = row; oh < row + rows; oh++) {
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
#pragma GCC unroll 8
    for (int a = 0; a < kO; a++) {
#pragma GCC unroll 8
      for (int b = 0; b < kT; b++) Store(acc[a][b], sums + (a * kT + b) * kLanes);
    }
  }

  template <int kO, int kT>
  bool any_live(int64_t o, int64_t k) const {
    if (!sink.live_mask()) return true;
    for (int a = 0; a < kO; a++) {
      if (has_live(sink.live_mask() + (o + a) * geo.words, k, kT)) return true;
    }
    return false;
  }

  // Calls body(count, k) for the blocks of a chunk that have a live weight, count being a type.
  template <int kO, class Body>
  void for_each_block(int64_t o, int64_t k, int64_t k_end, const Body& body) const {
    for (; k + kTaps <= k_end; k += kTaps) {
      if (any_live<kO, kTaps>(o, k)) body(Taps<kTaps>{}, k);
    }
    for (; kTaps > 3 && k + 3 <= k_end; k += 3) {
      if (any_live<kO, 3>(o, k)) body(Taps<3>{}, k);
    }
    for (; k < k_end; k++) {
      if (any_live<kO, 1>(o, k)) body(Taps<1>{}, k);
    }
  }
  template <int kCount>
  struct Taps {
    static constexpr int value = kCount;
  };

  // Taps k .. k_end of kO outputs: strips of rows that stay in L1 for all taps, then the sums of
  // lanes. sums[k_end - k][kO][16]; rows: kO rows of `stride` floats, whole vectors.
  template <int kO>
  void outputs(int64_t o, int64_t k, int64_t k_end, float* sums, float* rows,
               int64_t stride) const {
    const int64_t strip = divide_up(64, geo.s.ow);
    bool first = true;
    for (int64_t n = 0; n < geo.blocks; n++) {
      for (int64_t row = 0; row < geo.s.oh; row += strip) {
        const int64_t count = geo.s.oh - row < strip ? geo.s.oh - row : strip;
        for_each_block<kO>(o, k, k_end, [&](auto taps, int64_t at) {
          block<kO, decltype(taps)::value>(n, row, count, o, at, first,
                                           sums + (at - k) * kO * kLanes);
        });
        first = false;
      }
    }
    memset(rows, 0, sizeof(float) * kO * stride);  // what is skipped there is never used
    for_each_block<kO>(o, k, k_end, [&](auto taps, int64_t at) {
      constexpr int kT = decltype(taps)::value;
      for (int a = 0; a < kO; a++) {
        for (int b = 0; b < kT; b++) {
          const float* lanes = sums + ((at - k) * kO + a * kT + b) * kLanes;
          rows[a * stride + at - k + b] = ReduceSum(Load(lanes));
        }
      }
    });
    for (int a = 0; a < kO; a++) sink.give(o + a, k, k_end - k, rows + a * stride);
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

// Lanes of images: blocks of kOutputs in a group, then single ones.
inline void images_gradient(ita_context* ctx, const WeightGradient& gradient, float* scratch,
                            int64_t scratch_floats, int64_t chunk) {
  const Geometry& geo = gradient.geo;
  const int64_t full = geo.outputs / kOutputs;
  const int64_t per_group = full + geo.outputs % kOutputs;
  const int64_t chunks = divide_up(geo.k, chunk);
  const int64_t stride = round_up(chunk, kLanes);
  const int64_t cost = kOutputs * chunk * geo.blocks * geo.s.oh * geo.s.ow;
  parallel_for(ctx, geo.s.groups * per_group * chunks, grain_for(cost),
               [&](int64_t begin, int64_t end, int worker) {
                 float* sums = scratch + worker * scratch_floats;
                 float* rows = sums + kOutputs * chunk * kLanes;
                 for (int64_t item = begin; item < end; item++) {
                   const int64_t k = item % chunks * chunk;
                   const int64_t k_end = k + chunk < geo.k ? k + chunk : geo.k;
                   const int64_t part = item / chunks % per_group;
                   const int64_t first = item / chunks / per_group * geo.outputs;
                   if (part < full) {
                     gradient.outputs<kOutputs>(first + part * kOutputs, k, k_end, sums, rows,
                                                stride);
                   } else {
                     gradient.outputs<1>(first + full * kOutputs + part - full, k, k_end, sums,
                                         rows, stride);
                   }
                 }
               });
}

inline ita_status direct_weight_gradient(ita_context* ctx, const ita_masked_conv2d* op,
                                         const GradientSink& sink) {
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  Padded padded = geo.padded_src();
  if (padded.block_stride > kMaxOffset)
    return too_large(ctx, "masked_conv2d_backward_weights", padded.block_stride);

  const bool wide = fills_outputs(geo);
  const int64_t kernel = int64_t(s.kh) * s.kw;
  const int64_t parts = s.groups * divide_up(geo.outputs, kVectors * kLanes);
  const int64_t chunk = wide ? chunk_of(geo, parts) : round_up(kTaps * 8, kernel);
  const int64_t own =
      wide ? outputs_scratch(chunk) : kOutputs * (chunk * kLanes + round_up(chunk, kLanes));
  Cutter cut;
  const int64_t at_offsets = cut.take<int32_t>(geo.k);
  const int64_t at_padded = cut.take<float>(padded.scratch_floats());
  const int64_t at_own = cut.take<float>(own * ctx->threads);
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  pad(ctx, op->src, reinterpret_cast<float*>(scratch + at_padded), &padded);
  int32_t* offsets = reinterpret_cast<int32_t*>(scratch + at_offsets);
  for (int64_t k = 0; k < geo.k; k++) {
    offsets[k] = geo.tap_offset(padded, k / kernel, k / s.kw % s.kh, k % s.kw);
  }
  float* each = reinterpret_cast<float*>(scratch + at_own);
  if (wide) {
    outputs_gradient(ctx, {op, geo, padded, offsets, sink}, each, own, chunk);
  } else {
    images_gradient(ctx, {op, geo, padded, offsets, sink}, each, own, chunk);
  }
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_GRADIENT_H_
