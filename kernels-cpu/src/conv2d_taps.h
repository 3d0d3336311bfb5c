// SPDX-License-Identifier: Apache-2.0
// masked_conv2d by lists of taps: any shape, forward and backward_data.
//
// backward_data walks transposed lists. With stride S the input pixels fall into S*S phases, each
// of which sees its own subset of taps and is a stride-1 problem of its own.
#ifndef INTARSIA_CONV2D_TAPS_H_
#define INTARSIA_CONV2D_TAPS_H_

#include "conv2d_codes.h"
#include "conv2d_gather.h"
#include "conv2d_plan.h"
#include "taps.h"

namespace ITA_ISA {

// Weights and mask as lists are made of them. Codes are decoded to the rooms of the threads.
struct ListedWeights {
  const float* weights;
  const uint32_t* mask;
  CodedFilters* coded;  // or NULL
  float* rooms;         // [threads][kFilters * what is decoded of one]
};

inline ListedWeights listed_weights(ita_context* ctx, const ita_masked_conv2d* op,
                                    CodedFilters* coded, char* scratch, int64_t at_rooms) {
  if (!coded) return {op->weights, op->mask, nullptr, nullptr};
  coded->open(ctx, scratch);
  return {nullptr, coded->mask(), coded, reinterpret_cast<float*>(scratch + at_rooms)};
}

// ---- forward

// The taps of weights [k, end) of one filter, found by the set bits of its mask: for few of them.
inline Tap* list_bits(const uint32_t* mask, const float* weights, const int32_t* offset, int64_t k,
                      int64_t end, Tap* out) {
  for (int64_t word = k / 32; word * 32 < end; word++) {
    uint32_t bits = mask[word];
    if (word * 32 < k) bits &= 0xFFFFFFFFu << (k - word * 32);
    if (end - word * 32 < 32) bits &= (1u << (end - word * 32)) - 1;
    for (; bits; bits &= bits - 1) {
      const int64_t at = word * 32 + __builtin_ctz(bits);
      *out++ = {offset[at], weights[at]};
    }
  }
  return out;
}

constexpr double kFew = 0.3;  // density below which set bits are found one by one

// Lists are written without a branch on the mask bit: a dead tap is overwritten by the next one.
// offset: where each weight of a filter reads, or NULL to work it out.
inline void list_filters(ita_context* ctx, const ListedWeights& from, const Geometry& geo,
                         const Padded& padded, const TapLists& lists, const int32_t* offset) {
  const ita_conv2d_shape& s = geo.s;
  const int64_t kernel = int64_t(s.kh) * s.kw;
  const int64_t step = from.coded ? kFilters : 1;  // filters of an item
  const Grain grain = grain_for(step * geo.k * 4);
  parallel_for(ctx, divide_up(s.o, step), grain, [&](int64_t begin, int64_t end, int worker) {
    float* room = from.rooms + worker * kFilters * geo.k;
    for (int64_t o = begin * step; o < end * step && o < s.o; o++) {
      const uint32_t* mask = from.mask ? from.mask + o * geo.words : nullptr;
      const float* weights = from.coded ? room + o % kFilters * geo.k  // weights[o, :, :, :]
                                        : from.weights + o * geo.k;
      if (from.coded && o % kFilters == 0) {
        from.coded->rows(o, s.o - o < kFilters ? s.o - o : kFilters, 0, geo.k, room, geo.k);
      }
      int64_t k = 0;
      for (int64_t block = 0; block < lists.channel_blocks; block++) {
        Tap* out = lists.list(block, o);
        const int64_t end_channel = lists.end_channel(block, geo.i);
        if (offset) {
          out = list_bits(mask, weights, offset, block * lists.channels * kernel,
                          end_channel * kernel, out);
          lists.length(block, o) = static_cast<int32_t>(out - lists.list(block, o));
          continue;
        }
        for (int64_t i = block * lists.channels; i < end_channel; i++) {
          for (int64_t kh = 0; kh < s.kh; kh++) {
            for (int64_t kw = 0; kw < s.kw; kw++, k++) {
              *out = {geo.tap_offset(padded, i, kh, kw), weights[k]};
              out += live(mask, k);
            }
          }
        }
        lists.length(block, o) = static_cast<int32_t>(out - lists.list(block, o));
      }
    }
  });
}

// ---- backward_data

// Margins that keep every shifted read inside: before the first and after the last row or column.
inline Margin margin(int64_t size, int64_t out_size, int64_t taps, int64_t stride, int64_t pad,
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

constexpr int64_t kChunk = 16;  // channels that are listed together

// The lists of one phase. Channels are taken by chunks, so that a filter's mask and weights are
// read in order; within a list taps stand in order of outputs. tap_of and offset_of: scratch,
// [KH*KW].
inline void list_channels(ita_context* ctx, const ListedWeights& from, const Geometry& geo,
                          const Padded& padded, int64_t phase_h, int64_t phase_w,
                          const TapLists& lists, int32_t* tap_of, int32_t* offset_of) {
  const ita_conv2d_shape& s = geo.s;
  const int64_t kernel = int64_t(s.kh) * s.kw;
  const int64_t chunks = divide_up(geo.i, kChunk);  // of a group
  const int64_t cost = kChunk * lists.capacity * lists.channel_blocks;
  int64_t taps = 0;  // of this phase: which of the kernel, and where it reads
  for (int64_t t = 0; t < kernel; t++) {
    const Reach rh = reach(t / s.kw, s.stride_h, s.pad_h, s.dilation_h);
    const Reach rw = reach(t % s.kw, s.stride_w, s.pad_w, s.dilation_w);
    if (rh.phase != phase_h || rw.phase != phase_w) continue;
    tap_of[taps] = static_cast<int32_t>(t);
    offset_of[taps++] = static_cast<int32_t>((rh.shift + padded.mh.before) * padded.row_stride +
                                             (rw.shift + padded.mw.before) * ITA_BLOCK);
  }
  if (!taps) {  // as three of four phases of a 1x1 filter of stride 2
    memset(lists.count, 0, static_cast<size_t>(lists.lists()) * sizeof *lists.count);
    return;
  }
  const Grain grain = grain_for(cost);
  parallel_for(ctx, s.groups * chunks, grain, [&](int64_t begin, int64_t end, int worker) {
    const int64_t room_filter = kChunk * kernel;
    float* room = from.rooms + worker * kFilters * room_filter;
    for (int64_t chunk = begin; chunk < end; chunk++) {
      const int64_t group = chunk / chunks;
      const int64_t i_begin = chunk % chunks * kChunk;
      const int64_t i_end = i_begin + kChunk < geo.i ? i_begin + kChunk : geo.i;
      int64_t decoded = -1;  // panel of filters
      for (int64_t block = 0; block < lists.channel_blocks; block++) {
        Tap* out[kChunk];
        for (int64_t i = i_begin; i < i_end; i++) {
          out[i - i_begin] = lists.list(block, group * geo.i + i);
        }
        const int64_t j_end = lists.end_channel(block, geo.outputs);
        for (int64_t j = block * lists.channels; j < j_end; j++) {
          const int64_t o = group * geo.outputs + j;
          const uint32_t* mask = from.mask ? from.mask + o * geo.words : nullptr;
          // weights[o, i_begin .., :, :]
          const float* weights = from.coded ? room + o % kFilters * room_filter
                                            : from.weights + o * geo.k + i_begin * kernel;
          if (from.coded && o / kFilters != decoded) {
            decoded = o / kFilters;
            const int64_t left = s.o - decoded * kFilters;
            from.coded->rows(decoded * kFilters, left < kFilters ? left : kFilters,
                             i_begin * kernel, (i_end - i_begin) * kernel, room, room_filter);
          }
          for (int64_t i = i_begin; i < i_end; i++) {
            if (!has_live(mask, i * kernel, kernel)) continue;
            Tap* to = out[i - i_begin];
            for (int64_t t = 0; t < taps; t++) {
              const int64_t k = i * kernel + tap_of[t];
              *to = {static_cast<int32_t>(j * padded.channel_stride) + offset_of[t],
                     weights[k - i_begin * kernel]};
              to += live(mask, k);
            }
            out[i - i_begin] = to;
          }
        }
        for (int64_t i = i_begin; i < i_end; i++) {
          const int64_t c = group * geo.i + i;
          lists.length(block, c) = static_cast<int32_t>(out[i - i_begin] - lists.list(block, c));
        }
      }
    }
  });
}

// coded: or NULL, weights and mask in place of the op's. So below.
inline ita_status taps_forward(ita_context* ctx, const ita_masked_conv2d* op, const Live& live,
                               CodedFilters* coded = nullptr) {
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  Padded padded = geo.padded_src();
  if (padded.block_stride > kMaxOffset)
    return too_large(ctx, "masked_conv2d_forward", padded.block_stride);

  TapLists lists(s.o, geo.i, s.kh * s.kw, live.density());
  Cutter cut;
  const int64_t at_taps = cut.take<Tap>(lists.lists() * lists.capacity);
  const int64_t at_count = cut.take<int32_t>(lists.lists());
  const int64_t at_offset = cut.take<int32_t>(geo.k);
  const int64_t at_padded = cut.take<float>(padded.scratch_floats());
  const int64_t at_rooms = cut.take<float>(coded ? ctx->threads * kFilters * geo.k : 0);
  if (coded) coded->reserve(&cut);
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  pad(ctx, op->src, reinterpret_cast<float*>(scratch + at_padded), &padded);
  const ListedWeights from = listed_weights(ctx, op, coded, scratch, at_rooms);

  lists.taps = reinterpret_cast<Tap*>(scratch + at_taps);
  lists.count = reinterpret_cast<int32_t*>(scratch + at_count);
  Product p(lists);
  int32_t* offset = nullptr;
  if (from.mask && live.density() < kFew) {
    offset = reinterpret_cast<int32_t*>(scratch + at_offset);
    for (int64_t k = 0; k < geo.k; k++) {
      const int64_t tap = k % (int64_t(s.kh) * s.kw);
      offset[k] = geo.tap_offset(padded, k / (int64_t(s.kh) * s.kw), tap / s.kw, tap % s.kw);
    }
  }
  list_filters(ctx, from, geo, padded, p.lists, offset);
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

inline ita_status taps_backward_data(ita_context* ctx, const ita_masked_conv2d* op,
                                     const Live& live, CodedFilters* coded = nullptr) {
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  Padded padded(geo.blocks, s.o, s.oh, s.ow,
                margin(s.h, s.oh, s.kh, s.stride_h, s.pad_h, s.dilation_h),
                margin(s.w, s.ow, s.kw, s.stride_w, s.pad_w, s.dilation_w));
  if (padded.block_stride > kMaxOffset)
    return too_large(ctx, "masked_conv2d_backward_data", padded.block_stride);

  // A phase has its share of the taps; its lists take more channels, not to be short: at stride 2,
  // a quarter of the kernels, N = 64, 64-128@32 takes 6.7 ms for 10.3, 256-512@8 11.5 for 14.8.
  const int64_t phases =
      int64_t(s.stride_h < s.kh ? s.stride_h : s.kh) * (s.stride_w < s.kw ? s.stride_w : s.kw);
  TapLists lists(s.c, geo.outputs, s.kh * s.kw, live.density() / static_cast<double>(phases));
  Cutter cut;
  const int64_t at_taps = cut.take<Tap>(lists.lists() * lists.capacity);
  const int64_t at_count = cut.take<int32_t>(lists.lists());
  const int64_t at_table = cut.take<int32_t>(2 * s.kh * s.kw);
  const int64_t at_padded = cut.take<float>(padded.scratch_floats());
  const int64_t room = kFilters * kChunk * s.kh * s.kw;
  const int64_t at_rooms = cut.take<float>(coded ? ctx->threads * room : 0);
  if (coded) coded->reserve(&cut);
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  pad(ctx, op->diff_dst, reinterpret_cast<float*>(scratch + at_padded), &padded);
  const ListedWeights from = listed_weights(ctx, op, coded, scratch, at_rooms);

  lists.taps = reinterpret_cast<Tap*>(scratch + at_taps);
  lists.count = reinterpret_cast<int32_t*>(scratch + at_count);
  int32_t* table = reinterpret_cast<int32_t*>(scratch + at_table);
  Product p(lists);
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
      list_channels(ctx, from, geo, padded, phase_h, phase_w, p.lists, table, table + s.kh * s.kw);
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

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_TAPS_H_
