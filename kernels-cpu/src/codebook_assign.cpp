// SPDX-License-Identifier: Apache-2.0
// Rounds values to their nearest centres: a binary search without branches over the midpoints, then
// one code into one word. A panel of rows shares words, so a panel is the item of work. Once per
// layer and task: about 5 ns a weight.
#include "codes.h"

namespace ITA_ISA {

namespace {

// How many midpoints lie below a value: `span` is the power of two above their number.
inline uint32_t nearest(const float* middles, uint32_t span, float value) {
  uint32_t code = 0;
  for (uint32_t step = span / 2; step > 0; step /= 2) {
    code += value > middles[code + step - 1] ? step : 0;
  }
  return code;
}

}  // namespace

ita_status codebook_assign_apply(ita_context* ctx, const ita_codebook_assign* op) {
  ITA_ASSERT(op->values && op->centres && op->codes && op->bits >= 1 && op->bits <= 8 &&
             op->size >= 1 && op->size <= 1 << op->bits);
  const int64_t rows = op->shape.rows, cols = op->shape.cols, words = words_of(cols);
  const CodeLayout layout(op->bits, cols);
  const uint32_t span = 1u << op->bits;
  float middles[256];  // past the last centre nothing is below
  for (uint32_t j = 0; j < span; j++) {
    middles[j] = static_cast<int32_t>(j) + 1 < op->size
                     ? 0.5f * (op->centres[j] + op->centres[j + 1])
                     : __builtin_inff();
  }
  parallel_for(ctx, divide_up(rows, kPanelRows), grain_for(4 * kPanelRows * cols),
               [&](int64_t begin, int64_t end, int32_t) {
                 const int64_t last = end * kPanelRows < rows ? end * kPanelRows : rows;
                 for (int64_t row = begin * kPanelRows; row < last; row++) {
                   for (int64_t col = 0; col < cols; col++) {
                     if (!is_selected(op->selected, words, row, col)) continue;
                     float* value = op->values + row * cols + col;
                     const uint32_t code = nearest(middles, span, *value);
                     layout.set(op->codes, row, col, code);
                     *value = op->centres[code];
                   }
                 }
               });
  return ITA_OK;
}

}  // namespace ITA_ISA
