// SPDX-License-Identifier: Apache-2.0
// The 3x3 convolution of stride and dilation 1 and one group, as its fast algorithms see it: one
// form for forward and backward_data, and where a weight gradient goes.
#ifndef INTARSIA_CONV3X3_H_
#define INTARSIA_CONV3X3_H_

#include "conv2d_codes.h"
#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

// dst[row, y, x] = bias[row] + sum over col, a, b of kernel(row, col)[a, b] * src[col, y + a -
// pad_h, x + b - pad_w], source pixels outside the image being zero. forward: rows are outputs,
// cols inputs. backward_data: rows are inputs, cols outputs, kernels turned by 180 degrees, pad 2 -
// pad.
struct Conv3x3 {
  const float* weights;  // [o, i, 3, 3]
  CodedFilters* coded;   // or NULL: weights are codes, `weights` a part of them, decoded
  int64_t filter;        // floats of `weights` from an output to the next
  int64_t origin;        // and before those that it has
  const uint32_t* mask;  // [o, words] or NULL
  int64_t o, i, words;
  bool transposed;  // backward_data
  int64_t blocks, rows, cols;
  int64_t h, w;          // of dst
  int64_t src_h, src_w;  // of src
  int64_t pad_h, pad_w;
  const float* src;   // [blocks, cols, src_h, src_w, 16]
  float* dst;         // [blocks, rows, h, w, 16]
  const float* bias;  // [rows] or NULL

  // Live weights of one kernel as nine bits, in the order of OIHW.
  uint32_t live(int64_t row, int64_t col) const {
    if (!mask) return 0x1FF;
    const int64_t out = transposed ? col : row;
    const int64_t bit = (transposed ? row : col) * 9;
    const uint32_t* words_of_row = mask + out * words + bit / 32;
    const uint64_t low = words_of_row[0];
    const uint64_t high = bit % 32 > 23 ? words_of_row[1] : 0;
    return static_cast<uint32_t>((high << 32 | low) >> bit % 32) & 0x1FF;
  }

  const float* kernel_at(int64_t out, int64_t in) const {
    return weights + (out * filter + in * 9 - origin);
  }

  // The nine masked taps of one kernel, turned as the product wants them.
  void kernel(int64_t row, int64_t col, float taps[9]) const {
    const uint32_t bits = live(row, col);
    const float* from = kernel_at(transposed ? col : row, transposed ? row : col);
    for (int t = 0; t < 9; t++) {
      const float tap = bits >> t & 1 ? from[t] : 0.0f;
      taps[transposed ? 8 - t : t] = tap;
    }
  }
};

// A kernel is nine weights, whatever the strides.
inline bool has_3x3_kernels(const ita_conv2d_shape& s) {
  return s.kh == 3 && s.kw == 3 && s.dilation_h == 1 && s.dilation_w == 1 && s.groups == 1 &&
         s.pad_h <= 2 && s.pad_w <= 2;
}

inline bool is_3x3(const ita_conv2d_shape& s) {
  return has_3x3_kernels(s) && s.stride_h == 1 && s.stride_w == 1;
}

inline Conv3x3 conv3x3_forward(const ita_masked_conv2d* op) {
  const ita_conv2d_shape& s = op->shape;
  Conv3x3 c = {};
  c.weights = op->weights;
  c.mask = op->mask;
  c.o = s.o;
  c.i = s.c;
  c.words = words_of(int64_t(s.c) * 9);
  c.filter = int64_t(s.c) * 9;
  c.transposed = false;
  c.blocks = blocks_of(s.n);
  c.rows = s.o;
  c.cols = s.c;
  c.h = s.oh;
  c.w = s.ow;
  c.src_h = s.h;
  c.src_w = s.w;
  c.pad_h = s.pad_h;
  c.pad_w = s.pad_w;
  c.src = op->src;
  c.dst = op->dst;
  c.bias = op->bias;
  return c;
}

inline Conv3x3 conv3x3_backward_data(const ita_masked_conv2d* op) {
  const ita_conv2d_shape& s = op->shape;
  Conv3x3 c = {};
  c.weights = op->weights;
  c.mask = op->mask;
  c.o = s.o;
  c.i = s.c;
  c.words = words_of(int64_t(s.c) * 9);
  c.filter = int64_t(s.c) * 9;
  c.transposed = true;
  c.blocks = blocks_of(s.n);
  c.rows = s.c;
  c.cols = s.o;
  c.h = s.h;
  c.w = s.w;
  c.src_h = s.oh;
  c.src_w = s.ow;
  c.pad_h = 2 - s.pad_h;
  c.pad_w = 2 - s.pad_w;
  c.src = op->diff_dst;
  c.dst = op->diff_src;
  c.bias = nullptr;
  return c;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV3X3_H_
