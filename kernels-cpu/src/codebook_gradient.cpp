// SPDX-License-Identifier: Apache-2.0
// The gradient of centres: a sum per code. Each panel of rows sums in double on its own, and the
// panels are added in order, so any number of threads gives the same bits.
#include "codes.h"

namespace ITA_ISA {

ita_status codebook_gradient_apply(ita_context* ctx, const ita_codebook_gradient* op) {
  ITA_ASSERT(op->gradient && op->codes && op->diff_centres && op->bits >= 1 && op->bits <= 8);
  const int64_t rows = op->shape.rows, cols = op->shape.cols, words = words_of(cols);
  const CodeLayout layout(op->bits, cols);
  const int64_t panels = divide_up(rows, kPanelRows), size = int64_t{1} << op->bits;
  double* sums = static_cast<double*>(
      ita_core_scratch(ctx, panels * size * static_cast<int64_t>(sizeof(double))));
  if (!sums) return ITA_OUT_OF_MEMORY;
  parallel_for(
      ctx, panels, grain_for(2 * kPanelRows * cols), [&](int64_t begin, int64_t end, int32_t) {
        for (int64_t panel = begin; panel < end; panel++) {
          double* sum = sums + panel * size;
          for (int64_t j = 0; j < size; j++) sum[j] = 0;
          const int64_t first = panel * kPanelRows;
          const int64_t last = first + kPanelRows < rows ? first + kPanelRows : rows;
          for (int64_t row = first; row < last; row++) {
            for (int64_t col = 0; col < cols; col++) {
              if (!is_selected(op->selected, words, row, col)) continue;
              sum[layout.get(op->codes, row, col)] += double{op->gradient[row * cols + col]};
            }
          }
        }
      });
  for (int64_t j = 0; j < size; j++) {
    double total = 0;
    for (int64_t panel = 0; panel < panels; panel++) total += sums[panel * size + j];
    op->diff_centres[j] = static_cast<float>(total);
  }
  return ITA_OK;
}

}  // namespace ITA_ISA
