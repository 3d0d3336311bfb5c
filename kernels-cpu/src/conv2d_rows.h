// SPDX-License-Identifier: Apache-2.0
// masked_conv2d on row-major activations, forward and backward_data, any shape.
#ifndef INTARSIA_CONV2D_ROWS_H_
#define INTARSIA_CONV2D_ROWS_H_

#include "conv2d_plan.h"
#include "conv2d_taps.h"
#include "rows_product.h"

namespace ITA_ISA {

inline RowsProduct rows_product(const ita_masked_conv2d* op, ita_direction direction,
                                bool kernels) {
  const ita_conv2d_shape& s = op->shape;
  const Geometry geo(s);
  const bool back = direction == ITA_BACKWARD_DATA;
  RowsProduct p = {};
  p.weights = op->weights;
  p.mask = op->mask;
  p.filter = geo.k;
  p.words = geo.words;
  p.taps = int64_t(s.kh) * s.kw;
  p.transposed = back;
  p.kernels = kernels;
  p.images = s.n;
  p.rows = back ? geo.i : geo.outputs;
  p.cols = back ? geo.outputs : geo.i;
  p.groups = s.groups;
  p.src = back ? op->diff_dst : op->src;
  p.dst = back ? op->diff_src : op->dst;
  p.dst_plane = back ? int64_t(s.h) * s.w : int64_t(s.oh) * s.ow;
  p.bias = back ? nullptr : op->bias;
  RowsPlanes& g = p.planes;
  g.channels = back ? s.o : s.c;
  g.src_h = back ? s.oh : s.h;
  g.src_w = back ? s.ow : s.w;
  return p;
}

// The taps of forward, or of one phase of backward_data, in the order of the filter.
inline int64_t reach_of(const ita_conv2d_shape& s, bool back, int64_t phase_h, int64_t phase_w,
                        RowsTap* taps) {
  int64_t count = 0;
  for (int64_t t = 0; t < int64_t(s.kh) * s.kw; t++) {
    const int64_t kh = t / s.kw;
    const int64_t kw = t % s.kw;
    int64_t dy = kh * s.dilation_h - s.pad_h;
    int64_t dx = kw * s.dilation_w - s.pad_w;
    if (back) {
      const Reach rh = reach(kh, s.stride_h, s.pad_h, s.dilation_h);
      const Reach rw = reach(kw, s.stride_w, s.pad_w, s.dilation_w);
      if (rh.phase != phase_h || rw.phase != phase_w) continue;
      dy = rh.shift;
      dx = rw.shift;
    }
    taps[count++] = {static_cast<int32_t>(t), static_cast<int32_t>(dy), static_cast<int32_t>(dx)};
  }
  return count;
}

// A 1x1 convolution sees a map as one long row.
inline void join_rows(RowsProduct* p) {
  RowsPlanes& g = p->planes;
  g.src_w *= g.src_h;
  g.grid_w *= g.grid_h;
  g.src_h = g.grid_h = 1;
  p->dst_row = g.grid_w;
}

// coded: or NULL, in place of the op's weights and mask, of which whether there is one still
// counts.
inline ita_status rows_conv2d(ita_context* ctx, const ita_masked_conv2d* op,
                              ita_direction direction, ita_conv2d_algorithm algorithm,
                              const Live& live, CodedFilters* coded = nullptr) {
  const ita_conv2d_shape& s = op->shape;
  const bool kernels = algorithm == ITA_CONV2D_KERNELS;
  const bool back = direction == ITA_BACKWARD_DATA;
  const int64_t filter_taps = int64_t(s.kh) * s.kw;
  RowsProduct p = rows_product(op, direction, kernels);
  const bool masked = live.weights != live.all_weights;
  if (coded) {
    p.coded = coded;
    if (back) p.filter = kRowsChunk * p.taps;
  }
  if (!masked) p.mask = nullptr;
  p.partial = kernels && masked && live.weights != 9 * live.kernels;
  p.density = kernels ? live.kernel_density() : live.density();
  const int64_t phases_h = !back ? 1 : s.stride_h < s.h ? s.stride_h : s.h;
  const int64_t phases_w = !back ? 1 : s.stride_w < s.w ? s.stride_w : s.w;
  // First pass: the largest phase. Second: the product of each.
  RowsTap* taps = nullptr;
  RowsScratch scratch = {};
  char* memory = nullptr;
  Cutter small;
  const int64_t at_taps = small.take<RowsTap>(filter_taps);
  const int64_t at_shifts = small.take<int32_t>(filter_taps);
  memory = static_cast<char*>(ita_core_scratch(ctx, small.size()));
  if (!memory) return ITA_OUT_OF_MEMORY;
  int64_t plane_floats = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t phase = 0; phase < phases_h * phases_w; phase++) {
      const int64_t ph = phase / phases_w;
      const int64_t pw = phase % phases_w;
      taps = reinterpret_cast<RowsTap*>(memory + at_taps);
      RowsPlanes& g = p.planes;
      p.reach = taps;
      p.reached = reach_of(s, back, ph, pw, taps);
      g.src_h = back ? s.oh : s.h;
      g.src_w = back ? s.ow : s.w;
      g.grid_h = back ? divide_up(s.h - ph, s.stride_h) : s.oh;
      g.grid_w = back ? divide_up(s.w - pw, s.stride_w) : s.ow;
      g.step_h = back ? 1 : s.stride_h;
      g.step_w = back ? 1 : s.stride_w;
      p.dst = (back ? op->diff_src + ph * s.w + pw : op->dst);
      p.dst_row = back ? int64_t(s.stride_h) * s.w : s.ow;
      p.dst_col = back ? s.stride_w : 1;
      if (is_pointwise(s)) join_rows(&p);
      g.lay_out(taps, p.reached, reinterpret_cast<int32_t*>(memory + at_shifts), kernels);
      if (pass == 1) {
        multiply_rows(ctx, p, scratch);
        continue;
      }
      if (g.scratch_floats() > plane_floats) plane_floats = g.scratch_floats();
      const int64_t reads = (s.c > s.o ? s.c : s.o) * g.channel;
      const int64_t reads_or_weights = back && s.o * p.filter > reads ? s.o * p.filter : reads;
      if (reads_or_weights > kMaxOffset) {
        return ita_core_fail(ctx, ITA_UNSUPPORTED,
                             "masked_conv2d: a row-major image and its weights need offsets up to "
                             "%lld floats, the limit is %lld; use smaller images or fewer channels",
                             static_cast<long long>(reads_or_weights),
                             static_cast<long long>(kMaxOffset));
      }
    }
    if (pass == 1) break;
    p.reached = filter_taps;
    Cutter cut;
    cut.take<RowsTap>(filter_taps);
    cut.take<int32_t>(filter_taps);
    const int64_t at_table = cut.take<LiveTap>(table_entries(p));
    const int64_t at_planes = cut.take<float>(plane_floats);
    scratch.list_bytes = RowsLists::bytes(p);
    const int64_t at_lists = cut.take<char>(scratch.list_bytes * ctx->threads);
    if (coded) coded->reserve(&cut);
    memory = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
    if (!memory) return ITA_OUT_OF_MEMORY;
    if (coded) {
      coded->open(ctx, memory);
      p.mask = masked ? coded->mask() : nullptr;
    }
    scratch.table = reinterpret_cast<LiveTap*>(memory + at_table);
    scratch.planes = reinterpret_cast<float*>(memory + at_planes);
    scratch.lists = memory + at_lists;
  }
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_ROWS_H_
