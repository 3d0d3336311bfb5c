// SPDX-License-Identifier: Apache-2.0
// Convolution whose weights are codes: the plan and the algorithms of masked_conv2d, which decode
// filters where they would read them (conv2d_codes.h), so that a codebook of all weights gives the
// bits of the dense layer; row-major images with most weights live have their own (rows_codes.h).
// Images of several tasks are convolved run by run, each as if it were alone: the codes of a
// convolution are few and stay in the cache from one run to the next.
//
// Roofline: as masked_conv2d, with bits / 32 of the weights' bytes. Ladder, codes over floats, 4
// bits, batch 16, minima on one thread (Zen 5, AVX-512), runs beside other work:
//                                    64@32  128@16  256@8  512@4  256-512@8 stride 2
//   filters decoded to rows first     0.99    1.01   1.04   1.01        0.84
//   columns packed and transformed    1.00    0.95   0.88   0.61        0.70        shipped
// backward_data decodes to rows: 0.99, 0.94, 0.85, 0.72, 0.75; one
// image 1.00, 1.03, 1.08, 1.32, 1.36 (lists of all weights: decoding to rows is what they wait
// for).
#include "codebook_runs.h"
#include "conv2d_codes.h"
#include "conv2d_dense.h"
#include "conv2d_plan.h"
#include "conv2d_rows.h"
#include "conv2d_taps.h"
#include "conv3x3.h"
#include "kernels3x3.h"
#include "matrix_product.h"
#include "rows_codes.h"
#include "winograd.h"

namespace ITA_ISA {
namespace {

int64_t length_of(const ita_conv2d_shape& s) { return int64_t(s.c) / s.groups * s.kh * s.kw; }

// The bits of the nine columns of sixteen filters that make their kernels of one channel.
struct Nine {
  uint64_t low, high;
  uint16_t last;

  explicit Nine(const uint16_t* columns) {
    memcpy(&low, columns, sizeof low);
    memcpy(&high, columns + 4, sizeof high);
    last = columns[8];
  }
  int64_t weights() const {
    return __builtin_popcountll(low) + __builtin_popcountll(high) + __builtin_popcount(last);
  }
  int64_t kernels() const {
    uint64_t any = low | high;
    any |= any >> 32;
    return __builtin_popcount(static_cast<uint32_t>((any | any >> 16 | last) & 0xFFFF));
  }
};

// What a mask in panel order leaves.
Live count_live_panels(const ita_conv2d_shape& s, const uint32_t* mask) {
  const int64_t cols = length_of(s), kernels = s.c / s.groups;
  Live live = {s.o * cols, s.o * kernels, s.o * cols, s.o * kernels};
  if (!mask) return live;
  const int64_t panels = divide_up(s.o, kPanelRows), words = divide_up(cols, 2);
  live.weights = 0;
  if (!has_3x3_kernels(s)) {
    for (int64_t word = 0; word < panels * words; word++) {
      live.weights += __builtin_popcount(mask[word]);
    }
    return live;
  }
  live.kernels = 0;
  const uint16_t* columns = reinterpret_cast<const uint16_t*>(mask);
  for (int64_t panel = 0; panel < panels; panel++, columns += 2 * words) {
    for (int64_t i = 0; i < kernels; i++) {
      const Nine nine(columns + i * 9);
      live.weights += nine.weights();
      live.kernels += nine.kernels();
    }
  }
  return live;
}

// The same convolution with weights to come.
ita_masked_conv2d masked(const ita_codebook_conv2d* op) {
  ita_masked_conv2d m = {};
  m.shape = op->shape;
  m.mask = op->weights.mask;  // not in the order of rows: whether there is one counts
  m.bias = op->bias;
  m.src = op->src;
  m.dst = op->dst;
  m.diff_dst = op->diff_dst;
  m.diff_src = op->diff_src;
  m.exact = op->exact;
  return m;
}

// A 1x1 convolution as a product of panels, decoded for the call, whatever the mask: lists would
// add the same terms.
ita_status pointwise(ita_context* ctx, const ita_codebook_conv2d* op, CodedFilters* coded,
                     bool back) {
  const ita_conv2d_shape& s = op->shape;
  MatrixProduct p = {};
  p.o = s.o;
  p.i = s.c;
  p.transposed = back;
  p.src = back ? op->diff_dst : op->src;
  p.dst = back ? op->diff_src : op->dst;
  p.bias = back ? nullptr : op->bias;
  p.images = blocks_of(s.n);
  p.pixels = int64_t(s.h) * s.w;
  const PanelCut cut(p, ctx->threads);
  Cutter scratch;
  coded->reserve(&scratch);
  const int64_t at_product = scratch.size();
  const PanelRoom room(p, cut);
  scratch.take<float>(room.floats(ctx->threads));
  char* memory = static_cast<char*>(ita_core_scratch(ctx, scratch.size()));
  if (!memory) return ITA_OUT_OF_MEMORY;
  coded->open(ctx, memory);
  p.decoder = &coded->decoder();
  multiply_panels(ctx, p, cut, room, reinterpret_cast<float*>(memory + at_product));
  return ITA_OK;
}

ita_status multiply(ita_context* ctx, const ita_codebook_conv2d* op, ita_direction direction) {
  const ita_conv2d_shape& s = op->shape;
  const bool back = direction == ITA_BACKWARD_DATA;
  const ita_masked_conv2d m = masked(op);
  const Live live = count_live_panels(s, op->weights.mask);
  const ita_conv2d_algorithm algorithm = plan_conv2d(&m, direction, live).algorithm;
  const bool row_codes = s.block == 1 && takes_row_codes(s, direction, live, op->weights.bits);
  const bool lists =
      !row_codes && (s.block == 1 || algorithm == ITA_CONV2D_TAPS ||
                     algorithm == ITA_CONV2D_KERNELS || algorithm == ITA_CONV2D_WINOGRAD_SKIP);
  CodedFilters coded(op->weights, s.o, length_of(s), lists);
  if (row_codes) return multiply_row_codes(ctx, &m, &coded);
  if (s.block == 1) return rows_conv2d(ctx, &m, direction, algorithm, live, &coded);
  if (algorithm == ITA_CONV2D_POINTWISE) return pointwise(ctx, op, &coded, back);
  if (algorithm == ITA_CONV2D_DENSE) return dense_multiply(ctx, &m, back, &coded);
  if (algorithm == ITA_CONV2D_TAPS) {
    return back ? taps_backward_data(ctx, &m, live, &coded) : taps_forward(ctx, &m, live, &coded);
  }
  Conv3x3 c = back ? conv3x3_backward_data(&m) : conv3x3_forward(&m);
  c.coded = &coded;
  if (algorithm == ITA_CONV2D_KERNELS) return kernels3x3_multiply(ctx, c);
  return winograd_multiply(ctx, c, algorithm == ITA_CONV2D_WINOGRAD_SKIP);
}

}  // namespace

ita_status codebook_conv2d_forward(ita_context* ctx, const ita_codebook_conv2d* op) {
  ITA_ASSERT(op->src && op->weights.codes && op->weights.codebooks && op->dst);
  const ita_conv2d_shape& s = op->shape;
  const int64_t block = s.block == 1 ? 1 : ITA_BLOCK, blocks = divide_up(s.n, block);
  ITA_ASSERT(runs_fit(op->weights, blocks));
  for (int64_t first = 0, end; first < blocks; first = end) {
    end = end_of_run(op->weights, first, blocks);
    const int64_t image = first * block, next = end == blocks ? s.n : end * block;
    ita_codebook_conv2d run = *op;
    run.weights = weights_of(op->weights, s.o, length_of(s), first);
    run.shape.n = static_cast<int32_t>(next - image);
    run.src += image * s.c * s.h * s.w;
    run.dst += image * s.o * s.oh * s.ow;
    const ita_status status = multiply(ctx, &run, ITA_FORWARD);
    if (status != ITA_OK) return status;
  }
  return ITA_OK;
}

ita_status codebook_conv2d_backward_data(ita_context* ctx, const ita_codebook_conv2d* op) {
  ITA_ASSERT(op->diff_dst && op->weights.codes && op->weights.codebooks && op->diff_src);
  return multiply(ctx, op, ITA_BACKWARD_DATA);
}

}  // namespace ITA_ISA
