// SPDX-License-Identifier: Apache-2.0
// Masked convolution on the CPU: only live weights are read, multiplied and added.
//
// Sixteen images are the vector, so a weight is a scalar. A filter becomes a list of taps, one per
// set bit of its mask: where the tap's source pixel lies relative to the output pixel, and its
// weight. A tile of output pixels is held in registers while the list is walked once; a filter
// pruned to 10 % costs 10 %. A zero-padded copy of the source makes every tap of every pixel valid,
// so no shape, stride or dilation has an edge case.
//
// backward_data is the same walk over transposed lists. With stride S the input pixels fall into
// S*S phases, each of which sees its own subset of taps and is a stride-1 problem of its own.
//
// backward_weights is a matrix product over pixels: a block of outputs times a block of taps is
// held in registers as vectors over the batch and reduced once at the end. Blocks without a live
// weight are skipped.
#include "parallel.h"
#include "simd/simd.h"
#include "taps.h"

namespace ITA_ISA {
namespace {

bool live(const uint32_t* mask_row, int64_t k) {
  return !mask_row || (mask_row[k >> 5] >> (k & 31) & 1);
}

struct Geometry {
  const ita_conv2d_shape& s;
  int64_t blocks, i, outputs;  // outputs of one group
  int64_t k, words;            // taps of one filter, mask words of one filter

  explicit Geometry(const ita_conv2d_shape& shape)
      : s(shape),
        blocks(blocks_of(shape.n)),
        i(shape.c / shape.groups),
        outputs(shape.o / shape.groups),
        k(i * shape.kh * shape.kw),
        words(words_of(k)) {}

  Padded padded_src() const {
    return Padded(blocks, s.c, s.h, s.w, {s.pad_h, s.pad_h}, {s.pad_w, s.pad_w});
  }

  // From the base of an output pixel to the source pixel of a tap, in floats.
  int32_t tap_offset(const Padded& padded, int64_t channel, int64_t kh, int64_t kw) const {
    return static_cast<int32_t>(channel * padded.channel_stride +
                                kh * s.dilation_h * padded.row_stride +
                                kw * s.dilation_w * ITA_BLOCK);
  }
};

constexpr int64_t kMaxOffset = INT32_MAX;

ita_status too_large(ita_context* ctx, const char* name, int64_t floats) {
  return ita_core_fail(ctx, ITA_UNSUPPORTED,
                       "%s: one block of 16 padded images has %lld floats, the limit is %lld; use "
                       "smaller images or fewer channels",
                       name, static_cast<long long>(floats), static_cast<long long>(kMaxOffset));
}

// ---- forward

// Lists are written without a branch on the mask bit: a dead tap is overwritten by the next one.
void list_filters(ita_context* ctx, const ita_masked_conv2d* op, const Geometry& geo,
                  const Padded& padded, const TapLists& lists) {
  const ita_conv2d_shape& s = geo.s;
  parallel_for(ctx, s.o, grain_for(geo.k * 4), [&](int64_t begin, int64_t end, int) {
    for (int64_t o = begin; o < end; o++) {
      const uint32_t* mask = op->mask ? op->mask + o * geo.words : nullptr;
      const float* weights = op->weights + o * geo.k;  // weights[o, :, :, :]
      Tap* out = lists.taps + o * lists.capacity;
      int64_t k = 0;
      for (int64_t i = 0; i < geo.i; i++) {
        for (int64_t kh = 0; kh < s.kh; kh++) {
          for (int64_t kw = 0; kw < s.kw; kw++, k++) {
            *out = {geo.tap_offset(padded, i, kh, kw), weights[k]};
            out += live(mask, k);
          }
        }
      }
      lists.count[o] = static_cast<int32_t>(out - (lists.taps + o * lists.capacity));
    }
  });
}

// ---- backward_data

// Which input rows (or columns) a tap reaches: those of one phase, at a fixed shift in diff_dst.
struct Reach {
  int64_t phase, shift;
};
Reach reach(int64_t tap, int64_t stride, int64_t pad, int64_t dilation) {
  int64_t lead = tap * dilation - pad;
  int64_t phase = (lead % stride + stride) % stride;
  return {phase, (phase - lead) / stride};
}

// Margins that keep every shifted read inside: before the first and after the last row or column.
Margin margin(int64_t size, int64_t out_size, int64_t taps, int64_t stride, int64_t pad,
              int64_t dilation) {
  Margin m = {0, 0};
  for (int64_t tap = 0; tap < taps; tap++) {
    Reach r = reach(tap, stride, pad, dilation);
    int64_t last = (size - 1 - r.phase) / stride + r.shift;  // largest row read, if any
    if (r.phase >= size) continue;
    if (-r.shift > m.before) m.before = -r.shift;
    if (last - (out_size - 1) > m.after) m.after = last - (out_size - 1);
  }
  return m;
}

void list_channels(ita_context* ctx, const ita_masked_conv2d* op, const Geometry& geo,
                   const Padded& padded, int64_t phase_h, int64_t phase_w, const TapLists& lists) {
  const ita_conv2d_shape& s = geo.s;
  parallel_for(ctx, s.c, grain_for(lists.capacity * 4), [&](int64_t begin, int64_t end, int) {
    for (int64_t c = begin; c < end; c++) {
      const int64_t group = c / geo.i;
      const int64_t i = c % geo.i;
      Tap* out = lists.taps + c * lists.capacity;
      for (int64_t j = 0; j < geo.outputs; j++) {
        const int64_t o = group * geo.outputs + j;
        const uint32_t* mask = op->mask ? op->mask + o * geo.words : nullptr;
        const float* weights = op->weights + o * geo.k;  // weights[o, :, :, :]
        for (int64_t kh = 0; kh < s.kh; kh++) {
          Reach rh = reach(kh, s.stride_h, s.pad_h, s.dilation_h);
          if (rh.phase != phase_h) continue;
          for (int64_t kw = 0; kw < s.kw; kw++) {
            Reach rw = reach(kw, s.stride_w, s.pad_w, s.dilation_w);
            const int64_t k = (i * s.kh + kh) * s.kw + kw;
            if (rw.phase != phase_w) continue;
            int64_t offset = j * padded.channel_stride +
                             (rh.shift + padded.mh.before) * padded.row_stride +
                             (rw.shift + padded.mw.before) * ITA_BLOCK;
            *out = {static_cast<int32_t>(offset), weights[k]};
            out += live(mask, k);
          }
        }
      }
      lists.count[c] = static_cast<int32_t>(out - (lists.taps + c * lists.capacity));
    }
  });
}

// ---- backward_weights

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

void add_bias_gradient(ita_context* ctx, const ita_masked_conv2d* op, const Geometry& geo) {
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

}  // namespace

ita_status masked_conv2d_forward(ita_context* ctx, const ita_masked_conv2d* op) {
  ITA_ASSERT(op->src && op->weights && op->dst);
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  Padded padded = geo.padded_src();
  if (padded.block_stride > kMaxOffset) return too_large(ctx, __func__, padded.block_stride);

  Cutter cut;
  const int64_t at_taps = cut.take<Tap>(s.o * geo.k);
  const int64_t at_count = cut.take<int32_t>(s.o);
  const int64_t at_padded = cut.take<float>(padded.scratch_floats());
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  pad(ctx, op->src, reinterpret_cast<float*>(scratch + at_padded), &padded);

  Product p;
  p.lists = {reinterpret_cast<Tap*>(scratch + at_taps),
             reinterpret_cast<int32_t*>(scratch + at_count), geo.k};
  list_filters(ctx, op, geo, padded, p.lists);
  p.grid = {s.oh,
            s.ow,
            s.stride_h * padded.row_stride,
            s.stride_w * ITA_BLOCK,
            int64_t(s.ow) * ITA_BLOCK,
            ITA_BLOCK};
  p.src = padded.data;
  p.src_block = padded.block_stride;
  p.group_rows = geo.outputs;
  p.group_src = geo.i * padded.channel_stride;
  p.dst = op->dst;
  p.dst_row = int64_t(s.oh) * s.ow * ITA_BLOCK;
  p.dst_block = s.o * p.dst_row;
  p.rows = s.o;
  p.blocks = geo.blocks;
  p.bias = op->bias;
  multiply(ctx, p);
  return ITA_OK;
}

ita_status masked_conv2d_backward_data(ita_context* ctx, const ita_masked_conv2d* op) {
  ITA_ASSERT(op->diff_dst && op->weights && op->diff_src);
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  Padded padded(geo.blocks, s.o, s.oh, s.ow,
                margin(s.h, s.oh, s.kh, s.stride_h, s.pad_h, s.dilation_h),
                margin(s.w, s.ow, s.kw, s.stride_w, s.pad_w, s.dilation_w));
  if (padded.block_stride > kMaxOffset) return too_large(ctx, __func__, padded.block_stride);

  Cutter cut;
  const int64_t capacity = geo.outputs * s.kh * s.kw;
  const int64_t at_taps = cut.take<Tap>(s.c * capacity);
  const int64_t at_count = cut.take<int32_t>(s.c);
  const int64_t at_padded = cut.take<float>(padded.scratch_floats());
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  pad(ctx, op->diff_dst, reinterpret_cast<float*>(scratch + at_padded), &padded);

  Product p;
  p.lists = {reinterpret_cast<Tap*>(scratch + at_taps),
             reinterpret_cast<int32_t*>(scratch + at_count), capacity};
  p.src = padded.data;
  p.src_block = padded.block_stride;
  p.group_rows = geo.i;
  p.group_src = geo.outputs * padded.channel_stride;
  p.dst_row = int64_t(s.h) * s.w * ITA_BLOCK;
  p.dst_block = s.c * p.dst_row;
  p.rows = s.c;
  p.blocks = geo.blocks;
  p.bias = nullptr;
  for (int64_t phase_h = 0; phase_h < s.stride_h && phase_h < s.h; phase_h++) {
    for (int64_t phase_w = 0; phase_w < s.stride_w && phase_w < s.w; phase_w++) {
      list_channels(ctx, op, geo, padded, phase_h, phase_w, p.lists);
      p.grid = {divide_up(s.h - phase_h, s.stride_h),
                divide_up(s.w - phase_w, s.stride_w),
                padded.row_stride,
                ITA_BLOCK,
                int64_t(s.stride_h) * s.w * ITA_BLOCK,
                int64_t(s.stride_w) * ITA_BLOCK};
      p.dst = op->diff_src + (phase_h * s.w + phase_w) * ITA_BLOCK;
      multiply(ctx, p);
    }
  }
  return ITA_OK;
}

ita_status masked_conv2d_backward_weights(ita_context* ctx, const ita_masked_conv2d* op) {
  ITA_ASSERT(op->src && op->diff_dst && op->diff_weights);
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  Padded padded = geo.padded_src();
  if (padded.block_stride > kMaxOffset) return too_large(ctx, __func__, padded.block_stride);

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
  if (op->diff_bias) add_bias_gradient(ctx, op, geo);
  return ITA_OK;
}

}  // namespace ITA_ISA
