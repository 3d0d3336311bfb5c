// SPDX-License-Identifier: Apache-2.0
// One form for the forward product and for each phase of backward_data: a grid of result pixels,
// each of which gathers source pixels at fixed places, and patches of source in private memory.
//
// dst[row, y, x] = bias[row] + sum over channels c and taps t of
//     w(row, c, t) * src[c, y * step + lead + dy[t], x * step + lead + dx[t]],
// pixels outside the source being zero. With stride S the pixels of diff_src fall into S*S phases;
// each sees its own taps and is a product of step 1.
//
// A patch is what a tile of the grid reads, copied with its zeros to memory of the thread: it stays
// in the second-level cache while all rows are computed, costs no round trip through memory as a
// padded copy of the whole source does, and planes of a power of two bytes do not fight for the
// same cache sets.
#ifndef INTARSIA_CONV2D_GATHER_H_
#define INTARSIA_CONV2D_GATHER_H_

#include "conv2d_geometry.h"
#include "simd/simd.h"

namespace ITA_ISA {

// Which input rows (or columns) a tap reaches: those of one phase, at a fixed shift in diff_dst.
struct Reach {
  int64_t phase, shift;
};
inline Reach reach(int64_t tap, int64_t stride, int64_t pad, int64_t dilation) {
  int64_t lead = tap * dilation - pad;
  int64_t phase = (lead % stride + stride) % stride;
  return {phase, (phase - lead) / stride};
}

// One dimension of a gather.
struct Axis {
  int64_t size, source;        // result and source pixels
  int64_t step, lead, extent;  // a pixel reads source [y * step + lead, + extent)
};

struct GatherTap {
  int32_t index;   // in the kernel
  int32_t dy, dx;  // from the pixel's first source pixel
};

struct Gather {
  Axis y, x;
  int64_t taps;
  GatherTap* tap;          // [taps], room for KH * KW
  int64_t rows, channels;  // of one group
  int64_t groups, blocks;
  const float* src;  // [blocks, groups * channels, y.source, x.source, 16]
  float* dst;        // of the first pixel
  int64_t dst_block, dst_plane, dst_row, dst_col;
  const float* bias;  // [groups * rows] or NULL

  int64_t src_plane() const { return y.source * x.source * ITA_BLOCK; }
};

inline Gather gather_forward(const ita_masked_conv2d* op, GatherTap* room) {
  const ita_conv2d_shape& s = op->shape;
  Gather g = {};
  g.y = {s.oh, s.h, s.stride_h, -s.pad_h, int64_t(s.kh - 1) * s.dilation_h + 1};
  g.x = {s.ow, s.w, s.stride_w, -s.pad_w, int64_t(s.kw - 1) * s.dilation_w + 1};
  g.tap = room;
  g.taps = int64_t(s.kh) * s.kw;
  for (int32_t t = 0; t < g.taps; t++) {
    g.tap[t] = {t, t / s.kw * s.dilation_h, t % s.kw * s.dilation_w};
  }
  g.rows = s.o / s.groups;
  g.channels = s.c / s.groups;
  g.groups = s.groups;
  g.blocks = blocks_of(s.n);
  g.src = op->src;
  g.dst = op->dst;
  g.dst_col = ITA_BLOCK;
  g.dst_row = s.ow * g.dst_col;
  g.dst_plane = s.oh * g.dst_row;
  g.dst_block = s.o * g.dst_plane;
  g.bias = op->bias;
  return g;
}

// The taps of one phase along one dimension: the smallest and the largest shift.
inline Axis phase_axis(int64_t size, int64_t source, int64_t phase, int64_t taps, int64_t stride,
                       int64_t pad, int64_t dilation) {
  Axis a = {divide_up(size - phase, stride), source, 1, 0, 0};
  int64_t last = 0;
  for (int64_t t = 0; t < taps; t++) {
    const Reach r = reach(t, stride, pad, dilation);
    if (r.phase != phase) continue;
    if (!a.extent || r.shift < a.lead) a.lead = r.shift;
    if (!a.extent || r.shift > last) last = r.shift;
    a.extent = last - a.lead + 1;
  }
  return a;
}

inline Gather gather_phase(const ita_masked_conv2d* op, int64_t phase_h, int64_t phase_w,
                           GatherTap* room) {
  const ita_conv2d_shape& s = op->shape;
  Gather g = {};
  g.y = phase_axis(s.h, s.oh, phase_h, s.kh, s.stride_h, s.pad_h, s.dilation_h);
  g.x = phase_axis(s.w, s.ow, phase_w, s.kw, s.stride_w, s.pad_w, s.dilation_w);
  g.tap = room;
  for (int32_t t = 0; t < s.kh * s.kw; t++) {
    const Reach rh = reach(t / s.kw, s.stride_h, s.pad_h, s.dilation_h);
    const Reach rw = reach(t % s.kw, s.stride_w, s.pad_w, s.dilation_w);
    if (rh.phase != phase_h || rw.phase != phase_w) continue;
    g.tap[g.taps++] = {t, static_cast<int32_t>(rh.shift - g.y.lead),
                       static_cast<int32_t>(rw.shift - g.x.lead)};
  }
  g.rows = s.c / s.groups;
  g.channels = s.o / s.groups;
  g.groups = s.groups;
  g.blocks = blocks_of(s.n);
  g.src = op->diff_dst;
  g.dst = op->diff_src + (phase_h * s.w + phase_w) * ITA_BLOCK;
  g.dst_col = int64_t(s.stride_w) * ITA_BLOCK;
  g.dst_row = int64_t(s.stride_h) * s.w * ITA_BLOCK;
  g.dst_plane = int64_t(s.h) * s.w * ITA_BLOCK;
  g.dst_block = s.c * g.dst_plane;
  g.bias = nullptr;
  return g;
}

// ---- patches

// Tiles of a grid and the source patch of one. Where a pixel reads a single row (or column) of
// source, the patch has only those that are read.
struct Patch {
  int64_t tile_h, tile_w, tiles_h, tiles_w;
  int64_t step_h, step_w;                    // from a pixel to the next, in patch pixels
  int64_t rows, cols;                        // patch pixels
  int64_t row_stride, channel_stride, size;  // floats

  // `budget` in floats; tiles are halved until all channels of a group fit.
  Patch(const Gather& g, int64_t budget, int64_t least) {
    step_h = g.y.extent > 1 ? g.y.step : 1;
    step_w = g.x.extent > 1 ? g.x.step : 1;
    tile_h = g.y.size;
    tile_w = g.x.size;
    for (;;) {
      tiles_h = divide_up(g.y.size, tile_h);
      tiles_w = divide_up(g.x.size, tile_w);
      tile_h = divide_up(g.y.size, tiles_h);
      tile_w = divide_up(g.x.size, tiles_w);
      rows = (tile_h - 1) * step_h + (g.y.extent > 1 ? g.y.extent : 1);
      cols = (tile_w - 1) * step_w + (g.x.extent > 1 ? g.x.extent : 1);
      row_stride = cols * ITA_BLOCK;
      channel_stride = rows * row_stride;
      if (channel_stride % 1024 == 0) channel_stride += ITA_BLOCK;  // other cache sets
      size = g.channels * channel_stride;
      if (size <= budget || (tile_h <= least && tile_w <= least)) return;
      int64_t& longer = 2 * tile_h >= tile_w ? tile_h : tile_w;  // wide tiles make wide strips
      longer = divide_up(longer, 2);
    }
  }
  int64_t tiles() const { return tiles_h * tiles_w; }
};

// Copies the patch of the tile at (y, x); src is the first plane of the group. Rows outside the
// source are not written: their taps are left out.
inline void fill_patch(const Gather& g, const Patch& p, const float* src, int64_t y, int64_t x,
                       float* patch) {
  const int64_t skip_h = g.y.extent > 1 ? 1 : g.y.step;  // source pixels between patch pixels
  const int64_t skip_w = g.x.extent > 1 ? 1 : g.x.step;
  const int64_t top = y * g.y.step + g.y.lead, left = x * g.x.step + g.x.lead;
  int64_t first = 0;  // columns [first, last) are inside
  while (first < p.cols && left + first * skip_w < 0) first++;
  int64_t last = first;
  while (last < p.cols && left + last * skip_w < g.x.source) last++;
  for (int64_t c = 0; c < g.channels; c++) {
    const float* plane = src + c * g.src_plane();
    for (int64_t r = 0; r < p.rows; r++) {
      const int64_t row = top + r * skip_h;
      float* to = patch + c * p.channel_stride + r * p.row_stride;
      if (row < 0 || row >= g.y.source) continue;
      const float* from = plane + (row * g.x.source + left) * ITA_BLOCK;
      for (int64_t k = 0; k < first; k++) Store(Zero(), to + k * ITA_BLOCK);
      for (int64_t k = first; k < last; k++) {
        Store(Load(from + k * skip_w * ITA_BLOCK), to + k * ITA_BLOCK);
      }
      for (int64_t k = last; k < p.cols; k++) Store(Zero(), to + k * ITA_BLOCK);
    }
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_GATHER_H_
