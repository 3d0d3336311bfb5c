// SPDX-License-Identifier: Apache-2.0
// One bind() per op struct: the op on a problem's size, its optional tensors given or NULL.
#ifndef INTARSIA_SELFTEST_OPS_H_
#define INTARSIA_SELFTEST_OPS_H_

#include "selftest.h"

namespace selftest {

inline int64_t image(const Size& s) { return int64_t{s.c} * s.h * s.w; }
inline int64_t plane(const Size& s) { return int64_t{s.rows} * s.cols; }
inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

// In turn none, of scores, of kernels.
inline ita_gradient_epilogue bind_epilogue(Problem& p, int64_t rows, int64_t cols, int64_t kernel) {
  const int32_t which = (p.s.rows + p.s.cols) % 3;
  ita_gradient_epilogue e = {};
  if (which == 1) {
    e.scores = p.or_null(p.values(rows * cols));
    e.frozen = p.or_null(p.mask(rows, cols));
    e.candidates = p.or_null(p.mask(rows, cols));
    e.diff_scores = p.values(rows * cols);
  }
  if (which == 2) e.diff_kernels = p.values(rows * cols / kernel);
  return e;
}

inline ita_masked_conv2d bind(Problem& p, const ita_masked_conv2d*) {
  const Size& s = p.s;
  const int32_t groups = s.c % 4 == 0 && s.n % 2 == 0 ? 2 : 1;
  const int32_t k = s.h < 3 || s.w < 3 ? 1 : 3;
  const int32_t stride = s.h % 2 ? 2 : 1;
  const int32_t pad = k / 2, o = s.c > 4 && groups == 1 ? 33 : 3 * groups;
  const int32_t oh = (s.h + 2 * pad - k) / stride + 1, ow = (s.w + 2 * pad - k) / stride + 1;
  const int64_t cols = int64_t{s.c} / groups * k * k;
  return {{s.n, s.c, s.h, s.w, o, k, k, oh, ow, stride, stride, pad, pad, 1, 1, groups, s.block},
          p.values(o * cols),
          p.or_null(p.mask(o, cols)),
          p.or_null(p.values(o)),
          p.activations(image(s)),
          p.activations(int64_t{o} * oh * ow),
          p.diffs(int64_t{o} * oh * ow),
          p.diffs(image(s)),
          p.values(o * cols),
          p.or_null(p.values(o)),
          0,
          // in turn, where the shape fits
          k == 3 && stride == 1 && groups == 1
              ? static_cast<ita_conv2d_algorithm>(s.rows % (s.block == 1 ? 3 : 5))
              : ITA_CONV2D_AUTO,
          bind_epilogue(p, o, cols, k * k)};
}

inline ita_masked_linear bind(Problem& p, const ita_masked_linear*) {
  const Size& s = p.s;
  return {{s.n, s.cols, s.rows, s.block},
          p.values(plane(s)),
          p.or_null(p.mask(s.rows, s.cols)),
          p.or_null(p.values(s.rows)),
          p.activations(s.cols),
          p.activations(s.rows),
          p.diffs(s.rows),
          p.diffs(s.cols),
          p.values(plane(s)),
          p.or_null(p.values(s.rows)),
          nullptr,
          nullptr,
          bind_epilogue(p, s.rows, s.cols, 1)};
}

inline ita_score_epilogue bind(Problem& p, const ita_score_epilogue*) {
  const Size& s = p.s;
  return {{s.rows, s.cols},
          p.values(plane(s)),
          p.values(plane(s)),
          p.mask(s.rows, s.cols),
          p.or_null(p.mask(s.rows, s.cols)),
          p.or_null(p.mask(s.rows, s.cols)),
          p.values(plane(s)),
          p.values(plane(s))};
}

inline int64_t count_bits(const Problem& p, const uint32_t* mask) {
  if (!mask) return plane(p.s);
  int64_t bits = 0;
  const int64_t words = (p.s.cols + 31) / 32;
  for (int64_t i = 0; i < p.s.rows * words; i++) bits += __builtin_popcount(mask[i]);
  return bits;
}

inline ita_magnitude_threshold bind(Problem& p, const ita_magnitude_threshold*) {
  const Size& s = p.s;
  uint32_t* candidates = p.mask(s.rows, s.cols);
  candidates[0] |= 1;
  candidates = p.or_null(candidates);
  return {{s.rows, s.cols}, p.values(plane(s)), candidates, (count_bits(p, candidates) + 1) / 2,
          p.values(1),      p.counts(2)};
}

inline ita_mask_cut bind(Problem& p, const ita_mask_cut*) {
  const Size& s = p.s;
  float* values = p.values(plane(s));
  for (int64_t i = 0; i < plane(s); i += 3) values[i] = -0.5f;
  float* threshold = p.values(1);
  *threshold = 0.5f;
  return {{s.rows, s.cols},
          values,
          p.or_null(p.mask(s.rows, s.cols)),
          threshold,
          ITA_TIES_EXACT,
          plane(s) / 2,
          p.mask(s.rows, s.cols),
          p.counts(1)};
}

// The mask that an optimiser cuts; the threshold lies among the weights.
template <class Op>
Op bind_cut(Problem& p, Op op) {
  if (!p.or_null(op.weights)) return op;
  float* threshold = p.values(1);
  *threshold = 0.5f;
  op.threshold = threshold;
  op.candidates = p.mask(p.s.rows, p.s.cols);
  op.mask = p.mask(p.s.rows, p.s.cols);
  op.ties = ITA_TIES_KEPT;
  return op;
}

inline ita_masked_sgd bind(Problem& p, const ita_masked_sgd*) {
  const Size& s = p.s;
  ita_masked_sgd op = {{s.rows, s.cols},
                       p.values(plane(s)),
                       p.or_null(p.mask(s.rows, s.cols)),
                       p.values(plane(s)),
                       p.values(plane(s)),
                       0.1f,
                       0.9f,
                       0.01f,
                       1,
                       nullptr,
                       nullptr,
                       nullptr,
                       ITA_TIES_KEPT};
  return bind_cut(p, op);
}

inline ita_masked_adam bind(Problem& p, const ita_masked_adam*) {
  const Size& s = p.s;
  ita_masked_adam op = {{s.rows, s.cols},
                        p.values(plane(s)),
                        p.or_null(p.mask(s.rows, s.cols)),
                        p.values(plane(s)),
                        p.values(plane(s)),
                        p.positive(plane(s)),
                        0.001f,
                        0.9f,
                        0.999f,
                        1e-8f,
                        0.01f,
                        1,
                        3,
                        nullptr,
                        nullptr,
                        nullptr,
                        ITA_TIES_KEPT};
  return bind_cut(p, op);
}

template <class Op>  // relu, add, reorder: nothing but tensors of one shape
Op bind_activations(Problem& p) {
  const Size& s = p.s;
  Op op = {};
  op.shape = {s.n, s.c, s.h, s.w, s.block};
  op.src = p.activations(image(s));
  op.dst = p.activations(image(s));
  return op;
}

inline ita_relu bind(Problem& p, const ita_relu*) {
  ita_relu op = bind_activations<ita_relu>(p);
  op.diff_dst = p.diffs(image(p.s));
  op.diff_src = p.diffs(image(p.s));
  return op;
}

inline ita_dropout bind(Problem& p, const ita_dropout*) {
  ita_dropout op = bind_activations<ita_dropout>(p);
  op.rate = 0.3f;
  op.seed = 0x123456789ABCDEFull;
  op.draw = 7;
  op.diff_dst = p.diffs(image(p.s));
  op.diff_src = p.diffs(image(p.s));
  return op;
}

inline ita_add bind(Problem& p, const ita_add*) {
  ita_add op = bind_activations<ita_add>(p);
  op.addend = p.activations(image(p.s));
  return op;
}

inline ita_reorder bind(Problem& p, const ita_reorder*) { return bind_activations<ita_reorder>(p); }

template <class Op>
Op bind_pool(Problem& p) {
  const Size& s = p.s;
  const int32_t kh = s.h < 3 ? s.h : 3, kw = s.w < 3 ? s.w : 3, pad = kh == 3 && kw == 3;
  const int32_t oh = (s.h + 2 * pad - kh) / 2 + 1, ow = (s.w + 2 * pad - kw) / 2 + 1;
  const int64_t windows = int64_t{s.c} * oh * ow;
  return {{s.n, s.c, s.h, s.w, kh, kw, oh, ow, 2, 2, pad, pad, s.block},
          p.activations(image(s)),
          p.activations(windows),
          p.diffs(windows),
          p.diffs(image(s))};
}

inline ita_max_pool2d bind(Problem& p, const ita_max_pool2d*) {
  return bind_pool<ita_max_pool2d>(p);
}

inline ita_avg_pool2d bind(Problem& p, const ita_avg_pool2d*) {
  return bind_pool<ita_avg_pool2d>(p);
}

inline ita_upsample2d bind(Problem& p, const ita_upsample2d*) {
  const Size& s = p.s;
  const int32_t scale_h = 1 + s.h % 3, scale_w = 1 + s.w % 4;
  const int64_t results = image(s) * scale_h * scale_w;
  return {{s.n, s.c, s.h, s.w, scale_h, scale_w, s.block},
          p.or_null(p.values(1)) ? ITA_UPSAMPLE_BILINEAR : ITA_UPSAMPLE_NEAREST,
          p.activations(image(s)),
          p.activations(results),
          p.diffs(results),
          p.diffs(image(s))};
}

inline ita_batch_norm bind(Problem& p, const ita_batch_norm*) {
  const Size& s = p.s;
  const int32_t batch_statistics = s.c % 2;
  return {{s.n, s.c, s.h, s.w, s.block},
          batch_statistics,
          0.1f,
          1e-5f,
          p.or_null(p.values(s.c)),
          p.or_null(p.values(s.c)),
          p.values(s.c),
          p.positive(s.c),
          p.values(s.c),
          p.positive(s.c),
          p.activations(image(s)),
          p.activations(image(s)),
          p.diffs(image(s)),
          p.diffs(image(s)),
          p.or_null(p.values(s.c)),
          p.or_null(p.values(s.c)),
          s.c % 4 < 2,
          p.or_null(p.activations(image(s))),
          p.or_null(p.diffs(image(s)))};
}

inline ita_group_norm bind(Problem& p, const ita_group_norm*) {
  const Size& s = p.s;
  const int32_t groups = s.c % 2 == 0 ? 2 : s.c;
  return {{s.n, s.c, s.h, s.w, s.block},
          groups,
          1e-5f,
          p.or_null(p.values(s.c)),
          p.or_null(p.values(s.c)),
          p.activations(groups),
          p.activations(groups),
          p.activations(image(s)),
          p.activations(image(s)),
          p.diffs(image(s)),
          p.diffs(image(s)),
          p.or_null(p.values(s.c)),
          p.or_null(p.values(s.c)),
          s.c % 4 < 2,
          p.or_null(p.activations(image(s))),
          p.or_null(p.diffs(image(s)))};
}

inline ita_softmax_cross_entropy bind(Problem& p, const ita_softmax_cross_entropy*) {
  const int32_t cols = p.s.cols, first = cols / 4, classes = larger(1, cols / 2);
  return {{p.s.n, cols, cols, p.s.block}, first,       classes,      p.activations(cols),
          p.labels(first, classes),       p.values(1), p.diffs(cols)};
}

inline ita_accuracy bind(Problem& p, const ita_accuracy*) {
  const int32_t cols = p.s.cols, first = cols / 4, classes = larger(1, cols / 2);
  return {{p.s.n, cols, cols, p.s.block}, first,      classes, p.activations(cols),
          p.labels(first, classes),       p.counts(1), p.or_null(p.labels(0, 2))};
}

inline ita_pixel_cross_entropy bind(Problem& p, const ita_pixel_cross_entropy*) {
  const Size& s = p.s;
  return {{s.n, s.c, s.h, s.w, s.block}, 255,         p.activations(image(s)),
          p.pixel_labels(s.c),           p.values(1), p.diffs(image(s))};
}

inline ita_pixel_confusion bind(Problem& p, const ita_pixel_confusion*) {
  const Size& s = p.s;
  return {{s.n, s.c, s.h, s.w, s.block}, 255,
          p.activations(image(s)),       p.pixel_labels(s.c),
          p.counts(int64_t{s.c} * s.c)};
}

inline ita_codebook_fit bind(Problem& p, const ita_codebook_fit*) {
  const Size& s = p.s;
  uint32_t* selected = p.mask(s.rows, s.cols);
  selected[0] |= 1;
  constexpr int32_t kSize = 5;
  return {{s.rows, s.cols}, p.values(plane(s)), p.or_null(selected), kSize,
          p.values(kSize),  p.counts(1)};
}

constexpr int32_t kCodeBits = 3;

// Codes of a plane, of whatever bits: every word is read.
inline uint32_t* codes(Problem& p, int64_t rows, int64_t cols) {
  const int64_t words = (cols + 9) / 10;
  uint32_t* codes = p.mask((rows + 15) / 16 * 16, 32 * words);
  for (int64_t i = 0; i < (rows + 15) / 16 * 16 * words; i++) codes[i] &= 0x3FFFFFFF;
  return codes;
}
inline uint32_t* codes(Problem& p) { return codes(p, p.s.rows, p.s.cols); }

inline ita_codebook_assign bind(Problem& p, const ita_codebook_assign*) {
  const Size& s = p.s;
  float* centres = p.values(5);
  for (int j = 0; j < 5; j++) centres[j] = 0.4f * static_cast<float>(j) - 0.8f;
  return {{s.rows, s.cols},
          p.values(plane(s)),
          p.or_null(p.mask(s.rows, s.cols)),
          centres,
          5,
          kCodeBits,
          codes(p)};
}

inline ita_codebook_gradient bind(Problem& p, const ita_codebook_gradient*) {
  const Size& s = p.s;
  return {{s.rows, s.cols}, p.values(plane(s)), p.or_null(p.mask(s.rows, s.cols)),
          codes(p),         kCodeBits,          p.values(1 << kCodeBits)};
}

// Two sources under two masks, which an image or a block takes as `mask_of` says, or without;
// planes in panel order.
inline ita_codebook_weights coded(Problem& p, int64_t rows, int64_t cols) {
  const int64_t panels = (rows + 15) / 16;
  ita_codebook_weights w = {};
  w.bits = kCodeBits;
  w.codes = codes(p, rows, cols);
  w.sources = 2;
  w.codebooks = p.values(2 << kCodeBits);
  w.owners = p.mask(panels, 16 * cols);
  w.mask = p.or_null(p.mask(2 * panels, 16 * cols));
  w.masks = 2;
  w.mask_of = p.labels(0, 2);
  return w;
}

inline ita_codebook_linear bind(Problem& p, const ita_codebook_linear*) {
  const Size& s = p.s;
  ita_codebook_linear op = {};
  op.shape = {s.n, s.cols, s.rows, s.block};
  op.weights = coded(p, s.rows, s.cols);
  op.bias = p.or_null(p.values(s.rows));
  op.src = p.activations(s.cols);
  op.dst = p.activations(s.rows);
  op.diff_dst = p.diffs(s.rows);
  op.diff_src = p.diffs(s.cols);
  return op;
}

inline ita_codebook_linear_int8 bind(Problem& p, const ita_codebook_linear_int8*) {
  const ita_codebook_linear like = bind(p, static_cast<const ita_codebook_linear*>(nullptr));
  return {like.shape, like.weights, like.bias, like.src, like.dst};
}

inline ita_codebook_conv2d bind(Problem& p, const ita_codebook_conv2d*) {
  const ita_masked_conv2d masked = bind(p, static_cast<const ita_masked_conv2d*>(nullptr));
  const ita_conv2d_shape& s = masked.shape;
  ita_codebook_conv2d op = {};
  op.shape = s;
  op.weights = coded(p, s.o, int64_t{s.c} / s.groups * s.kh * s.kw);
  op.bias = masked.bias;
  op.src = masked.src;
  op.dst = masked.dst;
  op.diff_dst = masked.diff_dst;
  op.diff_src = masked.diff_src;
  op.exact = p.s.rows % 2;
  return op;
}

inline int64_t set_bits(const uint32_t* mask, const Size& s) {
  int64_t bits = 0;
  for (int64_t i = 0; i < int64_t{s.rows} * ((s.cols + 31) / 32); i++) {
    for (uint32_t word = mask[i]; word; word &= word - 1) bits++;
  }
  return bits;
}

// Two sources under a mask, and free weights; or one without either.
inline ita_codebook_decode bind(Problem& p, const ita_codebook_decode*) {
  const Size& s = p.s;
  uint32_t* free_mask = p.mask(s.rows, s.cols);
  ita_codebook_decode op = {};
  op.shape = {s.rows, s.cols};
  op.coded = coded(p, s.rows, s.cols);
  op.free_mask = p.or_null(free_mask);
  op.count = set_bits(free_mask, s);
  op.values = p.or_null(p.values(op.count));
  op.weights = p.values(plane(s));
  return op;
}

inline ita_mask_compress bind(Problem& p, const ita_mask_compress*) {
  const Size& s = p.s;
  uint32_t* selected = p.mask(s.rows, s.cols);
  const int64_t count = set_bits(selected, s);
  return {{s.rows, s.cols}, selected, p.values(plane(s)), p.values(count), count};
}

// Units of one weight, of five, or of a row; in turn every mode.
inline ita_soft_mask bind(Problem& p, const ita_soft_mask*) {
  const Size& s = p.s;
  ita_soft_mask op = {};
  op.shape = {s.rows, s.cols};
  op.span = s.cols % 2 ? (s.cols < 5 ? 1 : 5) : s.cols;
  op.part = op.span == 5 && s.cols % 5 == 0 ? 5 : 1;
  op.mode = static_cast<ita_soft_mask_mode>(s.rows % 4);
  op.surrogate = static_cast<ita_surrogate>(s.rows % 2);
  op.strict = s.cols % 3 == 0;
  op.threshold = 0.25f;
  op.scale = 0.5f;
  op.slope = 12.0f;
  const int64_t units = s.rows * ((s.cols + op.span - 1) / op.span);
  op.scores = p.values(units);
  op.weights = p.or_null(p.values(plane(s)));
  op.factors = p.or_null(p.values(units));
  op.effective = p.or_null(p.values(plane(s)));
  op.mask = p.mask(s.rows, s.cols);
  op.diff_factors = p.values(int64_t{s.rows} * (s.cols / op.part));
  op.diff_scores = p.values(units);
  return op;
}
#include "selftest_adapter.h"

}  // namespace selftest

#endif  // INTARSIA_SELFTEST_OPS_H_
