// SPDX-License-Identifier: Apache-2.0
// Linear layer whose weights are codes. Few row-major images: codebook_gemv.h. Blocks of sixteen
// images: the matrix product of matrix_panels.h, which gathers panels of weights that fit a cache,
// from codes here.
#include "codebook_gemv.h"
#include "matrix_panels.h"

namespace ITA_ISA {
namespace {

// x[k][n] = src[n][k] for k below `depth`, zero for those past the end.
void to_columns(const float* src, int64_t images, int64_t k_count, int64_t depth, float* x) {
  for (int64_t k = 0; k < depth; k++) {
    for (int64_t n = 0; n < images; n++) {
      x[k * images + n] = k < k_count ? src[n * k_count + k] : 0.0f;
    }
  }
}

// Sixteen inputs at a time: their weights as rows, times the gradient of each output.
void row_major_backward_data(ita_context* ctx, const ita_codebook_linear* op, const Decoder& d) {
  const int64_t images = op->shape.n;
  const int64_t work = d.rows * (images + 3);
  parallel_for(
      ctx, divide_up(d.cols, kPanelRows), grain_for(work), [&](int64_t begin, int64_t end, int) {
        with_bits(d.bits, [&](auto bits) {
          constexpr int64_t kDepth = 256;
          alignas(64) float weights[kDepth * kPanelRows];
          for (int64_t panel = begin; panel < end; panel++) {
            const int64_t col = panel * kPanelRows, left = d.cols - col;
            const M exists = FirstN(static_cast<int>(left < kPanelRows ? left : kPanelRows));
            for (int64_t row = 0; row < d.rows; row += kDepth) {
              const int64_t count = d.rows - row < kDepth ? d.rows - row : kDepth;
              d.rows_of<decltype(bits)::value>(panel, row, count, weights);
              for (int64_t n = 0; n < images; n++) {
                float* to = op->diff_src + n * d.cols + col;
                const float* diff = op->diff_dst + n * d.rows + row;
                V sum = row == 0 ? Zero() : MaskedLoad(exists, to);
                for (int64_t r = 0; r < count; r++) {
                  sum = MulAdd(Load(weights + r * kPanelRows), Set(diff[r]), sum);
                }
                MaskedStore(exists, sum, to);
              }
            }
          }
        });
      });
}

MatrixProduct product(const ita_codebook_linear* op, bool transposed) {
  MatrixProduct p = {};
  p.o = op->shape.o;
  p.i = op->shape.i;
  p.transposed = transposed;
  p.src = transposed ? op->diff_dst : op->src;
  p.dst = transposed ? op->diff_src : op->dst;
  p.bias = transposed ? nullptr : op->bias;
  p.images = blocks_of(op->shape.n);
  p.pixels = 1;
  return p;
}

// One piece of scratch for the decoder's tables and what follows: `floats` for the product.
float* scratch_behind_tables(ita_context* ctx, const ita_codebook_linear* op, int64_t floats,
                             float** tables) {
  const int64_t front = round_up(Decoder::tables_floats(op->weights), kPanelRows);
  *tables = static_cast<float*>(
      ita_core_scratch(ctx, (front + floats) * static_cast<int64_t>(sizeof(float))));
  return *tables ? *tables + front : nullptr;
}

ita_status blocked(ita_context* ctx, const ita_codebook_linear* op, bool transposed) {
  MatrixProduct p = product(op, transposed);
  const PanelCut cut(p, ctx->threads);
  const PanelRoom room(p, cut);  // of one pixel: nothing is packed, with a decoder or without
  float* tables;
  float* scratch = scratch_behind_tables(ctx, op, room.floats(ctx->threads), &tables);
  if (!scratch) return ITA_OUT_OF_MEMORY;
  const Decoder decoder(op->weights, op->shape.o, op->shape.i, tables);
  p.decoder = &decoder;
  multiply_panels(ctx, p, cut, room, scratch);
  return ITA_OK;
}

}  // namespace

ita_status codebook_linear_forward(ita_context* ctx, const ita_codebook_linear* op) {
  ITA_ASSERT(op->src && op->weights.codes && op->weights.codebooks && op->dst);
  if (op->shape.block != 1) return blocked(ctx, op, false);
  const int64_t per_word = 32 / op->weights.bits, words = divide_up(op->shape.i, per_word);
  const int64_t x_floats = round_up(words * per_word * op->shape.n, kPanelRows);
  const int64_t sums = op->weights.bits <= 2 ? words * kSumsPerWord : 0;
  float* tables;
  float* x = scratch_behind_tables(ctx, op, x_floats + sums, &tables);
  if (!x) return ITA_OUT_OF_MEMORY;
  const Decoder decoder(op->weights, op->shape.o, op->shape.i, tables);
  to_columns(op->src, op->shape.n, op->shape.i, words * per_word, x);
  codebook_gemv(ctx, {&decoder, x, op->bias, op->dst, op->shape.n}, x + x_floats);
  return ITA_OK;
}

ita_status codebook_linear_backward_data(ita_context* ctx, const ita_codebook_linear* op) {
  ITA_ASSERT(op->diff_dst && op->weights.codes && op->weights.codebooks && op->diff_src);
  if (op->shape.block != 1) return blocked(ctx, op, true);
  float* tables;
  if (!scratch_behind_tables(ctx, op, 0, &tables)) return ITA_OUT_OF_MEMORY;
  row_major_backward_data(ctx, op, Decoder(op->weights, op->shape.o, op->shape.i, tables));
  return ITA_OK;
}

}  // namespace ITA_ISA
