// SPDX-License-Identifier: Apache-2.0
// Masked linear layer on the CPU: dst[n, o] = sum over live (o, i) of weights[o, i] * src[n, i].
//
// forward and backward_data are one matrix product (matrix_product.h), over the weights or their
// transpose.
//
// backward_weights turns the source into row-major [N, I], so that the vector runs along a row of
// the gradient and goes to the sink as it is; tiles without a live weight are skipped.
#include "gradient_sink.h"
#include "matrix_product.h"
#include "parallel.h"
#include "rows_gradient.h"
#include "simd/simd.h"

namespace ITA_ISA {
namespace {

// ---- backward_weights

constexpr int kOutputs = kAccumulators >= 24 ? 6 : 3;  // of a gradient tile
constexpr int kColumns = kAccumulators / kOutputs;     // vectors of 16 inputs beside them

// rows[n, i] = src[n / 16, i, n % 16], with rows padded to a whole number of tiles.
void to_rows(ita_context* ctx, const float* src, int64_t blocks, int64_t i_count, int64_t stride,
             float* rows) {
  parallel_for(ctx, blocks, grain_for(8 * stride), [&](int64_t begin, int64_t end, int) {
    for (int64_t block = begin; block < end; block++) {
      const float* from = src + block * i_count * ITA_BLOCK;  // from[i, :]
      float* to = rows + block * ITA_BLOCK * stride;          // to[n, i]
      for (int64_t i0 = 0; i0 < stride; i0 += ITA_BLOCK) {
        const int64_t count = i0 + ITA_BLOCK <= i_count ? ITA_BLOCK : i_count - i0;
        for (int64_t n = 0; n < ITA_BLOCK; n++) {
          for (int64_t i = 0; i < ITA_BLOCK; i++) {
            to[n * stride + i0 + i] = i < count ? from[(i0 + i) * ITA_BLOCK + n] : 0.0f;
          }
        }
      }
    }
  });
}

struct WeightGradient {
  const ita_masked_linear* op;
  const float* rows;  // [blocks * 16, stride]
  int64_t stride, words, blocks;
  const GradientSink& sink;

  template <int kOut>
  void tile(int64_t o, int64_t i) const {
    uint32_t any = 0;
    for (int r = 0; r < kOut; r++) {
      for (int c = 0; c < kColumns; c++) {
        any |= live_bits(sink.live_mask(), words, op->shape.i, o + r, i + c * ITA_BLOCK);
      }
    }
    if (!any) return;
    V acc[kOut][kColumns];
    for (int r = 0; r < kOut; r++) {
      for (int c = 0; c < kColumns; c++) acc[r][c] = Zero();
    }
    for (int64_t block = 0; block < blocks; block++) {
      const float* x = rows + block * ITA_BLOCK * stride + i;                    // x[n, i]
      const float* diff = op->diff_dst + (block * op->shape.o + o) * ITA_BLOCK;  // diff[o, n]
      for (int64_t n = 0; n < ITA_BLOCK; n++, x += stride) {
        V v[kColumns];
#pragma GCC unroll 8
        for (int c = 0; c < kColumns; c++) v[c] = Load(x + c * ITA_BLOCK);
#pragma GCC unroll 8
        for (int r = 0; r < kOut; r++) {
          const V d = Set(diff[r * ITA_BLOCK + n]);
#pragma GCC unroll 8
          for (int c = 0; c < kColumns; c++) acc[r][c] = MulAdd(v[c], d, acc[r][c]);
        }
      }
    }
    const int64_t left = op->shape.i - i;
    const int64_t count = left < kColumns * ITA_BLOCK ? left : kColumns * ITA_BLOCK;
    for (int r = 0; r < kOut; r++) {
      alignas(64) float row[kColumns * ITA_BLOCK];
      for (int c = 0; c < kColumns; c++) Store(acc[r][c], row + c * ITA_BLOCK);
      sink.give(o + r, i, count, row);
    }
  }
};

void add_bias_gradient(const ita_masked_linear* op, int64_t blocks) {
  for (int64_t o = 0; o < op->shape.o; o++) {
    V sum = Zero();
    for (int64_t block = 0; block < blocks; block++) {
      sum = Add(sum, Load(op->diff_dst + (block * op->shape.o + o) * ITA_BLOCK));
    }
    op->diff_bias[o] += ReduceSum(sum);
  }
}

// ---- row-major activations

ita_status rows_forward(ita_context* ctx, const ita_masked_linear* op) {
  const ita_linear_shape& s = op->shape;
  rows_linear_forward(
      ctx, {op->weights, op->mask, s.o, s.i, words_of(s.i), op->src, op->dst, op->bias}, s.n);
  return ITA_OK;
}

ita_status rows_backward_data(ita_context* ctx, const ita_masked_linear* op) {
  const ita_linear_shape& s = op->shape;
  rows_linear_backward_data(
      ctx, {op->weights, op->mask, s.o, s.i, words_of(s.i), op->diff_dst, op->diff_src, nullptr},
      s.n);
  return ITA_OK;
}

ita_status rows_backward_weights(ita_context* ctx, const ita_masked_linear* op,
                                 const GradientSink& sink) {
  const ita_linear_shape& s = op->shape;
  RowsGradient gradient = {op->src,  s.i, s.n, op->diff_dst, 1, s.o, op->diff_weights,
                           op->mask, s.o, s.i, words_of(s.i)};
  if (!sink.has_epilogue()) {
    gradient.add(ctx);
  } else {
    const int64_t floats = dense_floats(s.o, s.i);
    float* dense =
        static_cast<float*>(ita_core_scratch(ctx, floats * static_cast<int64_t>(sizeof(float))));
    if (!dense) return ITA_OUT_OF_MEMORY;
    memset(dense, 0, static_cast<size_t>(floats) * sizeof(float));
    gradient.diff_weights = dense;
    gradient.mask = nullptr;
    gradient.add(ctx);
    give_dense(ctx, sink, dense, s.o);
  }
  if (op->diff_bias) add_rows_bias(op->diff_dst, s.n, s.o, 1, op->diff_bias);
  return ITA_OK;
}

MatrixProduct product_of(const ita_masked_linear* op, ita_direction direction) {
  const bool back = direction == ITA_BACKWARD_DATA;
  MatrixProduct p = {};
  p.weights = op->weights;
  p.mask = op->mask;
  p.o = op->shape.o;
  p.i = op->shape.i;
  p.transposed = back;
  p.packed = back ? op->packed_transposed : op->packed;
  p.src = back ? op->diff_dst : op->src;
  p.dst = back ? op->diff_src : op->dst;
  p.bias = back ? nullptr : op->bias;
  p.images = blocks_of(op->shape.n);
  p.pixels = 1;
  return p;
}

}  // namespace

ita_status masked_linear_forward(ita_context* ctx, const ita_masked_linear* op) {
  ITA_ASSERT(op->src && op->weights && op->dst);
  if (op->shape.block == 1) return rows_forward(ctx, op);
  return multiply_matrix(ctx, product_of(op, ITA_FORWARD));
}

ita_status masked_linear_backward_data(ita_context* ctx, const ita_masked_linear* op) {
  ITA_ASSERT(op->diff_dst && op->weights && op->diff_src);
  if (op->shape.block == 1) return rows_backward_data(ctx, op);
  return multiply_matrix(ctx, product_of(op, ITA_BACKWARD_DATA));
}

ita_status masked_linear_pack(ita_context* ctx, const ita_masked_linear* op) {
  ITA_ASSERT(op->weights);
  if (op->packed) pack_matrix(ctx, product_of(op, ITA_FORWARD), op->packed);
  if (op->packed_transposed) {
    pack_matrix(ctx, product_of(op, ITA_BACKWARD_DATA), op->packed_transposed);
  }
  return ITA_OK;
}

ita_status masked_linear_backward_weights(ita_context* ctx, const ita_masked_linear* op) {
  const ita_linear_shape& s = op->shape;
  const GradientSink sink = {s.i,      words_of(s.i),    1,           op->weights,
                             op->mask, op->diff_weights, op->epilogue};
  ITA_ASSERT(op->src && op->diff_dst && (op->diff_weights || sink.has_epilogue()));
  ITA_ASSERT(!sink.has_epilogue() || op->weights);
  if (s.block == 1) return rows_backward_weights(ctx, op, sink);
  const int64_t blocks = blocks_of(s.n);
  const int64_t tile_cols = kColumns * ITA_BLOCK;
  const int64_t stride = round_up(s.i, tile_cols);
  float* rows = static_cast<float*>(
      ita_core_scratch(ctx, static_cast<int64_t>(sizeof(float)) * blocks * ITA_BLOCK * stride));
  if (!rows) return ITA_OUT_OF_MEMORY;
  to_rows(ctx, op->src, blocks, s.i, stride, rows);

  const WeightGradient gradient = {op, rows, stride, words_of(s.i), blocks, sink};
  const int64_t full = s.o / kOutputs;  // tiles of kOutputs outputs, then single ones
  const int64_t row_tiles = full + s.o % kOutputs;
  const int64_t col_tiles = stride / tile_cols;
  parallel_for(ctx, row_tiles * col_tiles, grain_for(kAccumulators * blocks * ITA_BLOCK),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t item = begin; item < end; item++) {
                   const int64_t row = item / col_tiles;
                   const int64_t i = item % col_tiles * tile_cols;
                   if (row < full) {
                     gradient.tile<kOutputs>(row * kOutputs, i);
                   } else {
                     gradient.tile<1>(full * kOutputs + row - full, i);
                   }
                 }
               });
  if (op->diff_bias) add_bias_gradient(op, blocks);
  return ITA_OK;
}

}  // namespace ITA_ISA
