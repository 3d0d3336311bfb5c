// SPDX-License-Identifier: Apache-2.0
// Linear layer whose weights are codes. Few row-major images: codebook_gemv.h. Blocks of sixteen
// images: the matrix product of matrix_panels.h, which gathers panels of weights that fit a cache,
// from codes here. Images of several tasks in one call share what is decoded: codebook_mixed.h.
#include "codebook_gemv.h"
#include "codebook_mixed.h"
#include "codebook_tiles.h"
#include "matrix_panels.h"

namespace ITA_ISA {
namespace {

// Sixteen inputs at a time: their weights as rows, times the gradient of each output.
void row_major_backward_data(ita_context* ctx, const ita_codebook_linear* op, const Decoder& d) {
  const int64_t images = op->shape.n;
  const int64_t work = d.rows * (images + 3);
  parallel_for(ctx, divide_up(d.cols, kPanelRows), grain_for(work),
               [&](int64_t begin, int64_t end, int) {
                 constexpr int64_t kDepth = 256;
                 alignas(64) float weights[kDepth * kPanelRows];
                 for (int64_t panel = begin; panel < end; panel++) {
                   const int64_t col = panel * kPanelRows, left = d.cols - col;
                   const M exists = FirstN(static_cast<int>(left < kPanelRows ? left : kPanelRows));
                   for (int64_t row = 0; row < d.rows; row += kDepth) {
                     const int64_t count = d.rows - row < kDepth ? d.rows - row : kDepth;
                     d.rows_of(panel, row, count, weights);
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

// Where there are many registers and one source; see codebook_tiles.h.
bool takes_tiles(const ita_codebook_weights& w) {
  return kManyRegisters && w.sources == 1 && w.bits <= kTileBits;
}
ita_status tiled_forward(ita_context* ctx, const ita_codebook_linear* op) {
  float* tables;
  if (!scratch_behind_tables(ctx, op, 0, &tables)) return ITA_OUT_OF_MEMORY;
  const Decoder decoder(op->weights, op->shape.o, op->shape.i, tables);
  const int32_t* mask_of = has_runs(op->weights) ? op->weights.mask_of : nullptr;
  codebook_tiles(ctx, {&decoder, op->src, op->bias, op->dst, mask_of}, blocks_of(op->shape.n));
  return ITA_OK;
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

// Blocks of several tasks.
ita_status mixed_blocks(ita_context* ctx, const ita_codebook_linear* op) {
  float* tables;
  float* room = scratch_behind_tables(ctx, op, 2 * kMixedFloats * ctx->threads, &tables);
  if (!room) return ITA_OUT_OF_MEMORY;
  ita_codebook_weights all = op->weights;
  all.mask = nullptr;
  const Decoder decoder(all, op->shape.o, op->shape.i, tables);
  codebook_mixed(ctx, {&decoder, &op->weights, op->src, op->bias, op->dst, blocks_of(op->shape.n)},
                 room);
  return ITA_OK;
}

// Row-major images of several tasks: a panel's codes stay in cache from one run to the next.
ita_status mixed_rows(ita_context* ctx, const ita_codebook_linear* op) {
  float* tables;
  if (!scratch_behind_tables(ctx, op, 0, &tables)) return ITA_OUT_OF_MEMORY;
  const int64_t images = op->shape.n;
  const Decoder d(op->weights, op->shape.o, op->shape.i, tables);
  const int64_t work = d.words_per_panel * d.per_word * (1 + 2 * d.sources) * images;
  parallel_for(ctx, d.panels, grain_for(work), [&](int64_t begin, int64_t end, int) {
    for (int64_t panel = begin; panel < end; panel++) {
      for (int64_t n = 0, next; n < images; n = next) {
        next = end_of_run(op->weights, n, images);
        const ita_codebook_weights seen = weights_of(op->weights, d.rows, d.cols, n);
        Decoder run = d;
        run.mask = reinterpret_cast<const uint16_t*>(seen.mask);
        gemv_images({&run, op->src + n * d.cols, op->bias, op->dst + n * d.rows, next - n}, panel);
      }
    }
  });
  return ITA_OK;
}

ita_status mixed_forward(ita_context* ctx, const ita_codebook_linear* op) {
  if (op->shape.block == 1) return mixed_rows(ctx, op);
  return takes_tiles(op->weights) ? tiled_forward(ctx, op) : mixed_blocks(ctx, op);
}

// All images under one mask.
ita_status forward(ita_context* ctx, const ita_codebook_linear* op) {
  if (op->shape.block != 1) {
    return takes_tiles(op->weights) ? tiled_forward(ctx, op) : blocked(ctx, op, false);
  }
  const int64_t words = divide_up(op->shape.i, 32 / op->weights.bits);
  float* tables;
  float* sums =
      scratch_behind_tables(ctx, op, op->weights.bits <= 2 ? words * kSumsPerWord : 0, &tables);
  if (!sums) return ITA_OUT_OF_MEMORY;
  const Decoder decoder(op->weights, op->shape.o, op->shape.i, tables);
  codebook_gemv(ctx, {&decoder, op->src, op->bias, op->dst, op->shape.n}, sums);
  return ITA_OK;
}

}  // namespace

ita_status codebook_linear_forward(ita_context* ctx, const ita_codebook_linear* op) {
  ITA_ASSERT(op->src && op->weights.codes && op->weights.codebooks && op->dst);
  const int64_t blocks = op->shape.block == 1 ? op->shape.n : blocks_of(op->shape.n);
  ITA_ASSERT(runs_fit(op->weights, blocks));
  if (end_of_run(op->weights, 0, blocks) < blocks) return mixed_forward(ctx, op);
  ita_codebook_linear alone = *op;
  alone.weights = weights_of(op->weights, op->shape.o, op->shape.i, 0);
  return forward(ctx, &alone);
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
