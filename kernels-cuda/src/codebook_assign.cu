// SPDX-License-Identifier: Apache-2.0
// Rounds values to their nearest centres on the GPU. A thread owns a word of codes: the columns it
// holds are searched one after the other, and no word has two writers. Once per layer and task.
//
// Ladder (no device was at hand, all unmeasured):
//   1  thread per word, a binary search per value .................. unmeasured   shipped
//   2  midpoints in shared memory .................................. not tried
#include "codes.cuh"

namespace cuda {

namespace {

// How many midpoints lie below a value.
__device__ inline uint32_t nearest(const float* centres, int32_t size, float value) {
  int32_t low = 0;
  int32_t high = size - 1;
  while (low < high) {
    const int32_t j = (low + high) / 2;
    if (value > 0.5f * (centres[j] + centres[j + 1])) {
      low = j + 1;
    } else {
      high = j;
    }
  }
  return static_cast<uint32_t>(low);
}

// codes[word] and the values it stands for by one thread.
__global__ void __launch_bounds__(kThreads)
    codebook_assign_apply_kernel(const __grid_constant__ ita_codebook_assign op) {
  const ita_plane_shape& s = op.shape;
  const CodeLayout layout(op.bits, s.cols);
  const int64_t items = panels_of(s.rows) * layout.words_per_row * kPanelRows;

  for (int64_t item = first_thread_item(); item < items; item += thread_item_step()) {
    const int64_t column = item / kPanelRows;  // of words, counted over all panels
    const int64_t row = column / layout.words_per_row * kPanelRows + item % kPanelRows;
    if (row >= s.rows) continue;
    const int64_t first = column % layout.words_per_row * layout.per_word;
    uint32_t word = op.codes[item];
    for (int32_t at = 0; at < layout.per_word && first + at < s.cols; ++at) {
      const int64_t col = first + at;
      const uint32_t selected = mask_word(op.selected, row, s.cols, col / kWordBits);
      if (!has_bit(selected, static_cast<int>(col % kWordBits))) continue;
      float& value = op.values[row * s.cols + col];
      const uint32_t code = nearest(op.centres, op.size, value);
      const int shift = at * layout.bits;
      word = (word & ~(layout.mask << shift)) | code << shift;
      value = op.centres[code];
    }
    op.codes[item] = word;
  }
}

}  // namespace

ita_status codebook_assign_apply(ita_context* ctx, const ita_codebook_assign* op) {
  const CodeLayout layout(op->bits, op->shape.cols);
  const int64_t items = panels_of(op->shape.rows) * layout.words_per_row * kPanelRows;
  ITA_CUDA_TRY(launch(ctx, codebook_assign_apply_kernel, blocks_for(items, kThreads), *op));
  return ITA_OK;
}

}  // namespace cuda
