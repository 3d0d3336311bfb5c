// SPDX-License-Identifier: Apache-2.0
// The gradient of centres on the GPU: a sum per code. A block walks a panel of sixteen rows, every
// thread over all of it, and adds what has its own codes; panels are then added in order. So sums
// are those of the CPU, in the same order, to the bit.
//
// Ladder (no device was at hand, all unmeasured):
//   1  block per panel, thread per code, everything read by everyone  unmeasured   shipped
//   2  thread per row with its sums in shared memory ............... not tried: another order
#include "codes.cuh"
#include "scratch.cuh"

namespace cuda {

namespace {

constexpr int kMostCodes = 256;
constexpr int kOwnCodes = kMostCodes / kThreads;  // of a thread, kThreads apart

struct PanelSums {
  ita_codebook_gradient op;
  double* sums;  // (panels, 2^bits)
};

// sums[panel, code] by one block; rows, then columns, ascending.
__global__ void __launch_bounds__(kThreads)
    codebook_gradient_panel_kernel(const __grid_constant__ PanelSums arguments) {
  const ita_codebook_gradient& op = arguments.op;
  const ita_plane_shape& s = op.shape;
  const CodeLayout layout(op.bits, s.cols);
  const int64_t size = int64_t{1} << op.bits;
  const int64_t panels = panels_of(s.rows);

  for (int64_t panel = blockIdx.x; panel < panels; panel += gridDim.x) {
    double sums[kOwnCodes] = {};
    const int64_t first = panel * kPanelRows;
    const int64_t last = first + kPanelRows < s.rows ? first + kPanelRows : s.rows;
    for (int64_t row = first; row < last; ++row) {
      for (int32_t col = 0; col < s.cols; ++col) {
        const uint32_t selected = mask_word(op.selected, row, s.cols, col / kWordBits);
        if (!has_bit(selected, col % kWordBits)) continue;
        const uint32_t code = layout.get(op.codes, row, col);
        const double gradient = op.gradient[row * s.cols + col];
#pragma unroll
        for (int t = 0; t < kOwnCodes; ++t) {
          if (code == threadIdx.x + t * kThreads) sums[t] += gradient;
        }
      }
    }
#pragma unroll
    for (int t = 0; t < kOwnCodes; ++t) {
      const int64_t code = threadIdx.x + t * kThreads;
      if (code < size) arguments.sums[panel * size + code] = sums[t];
    }
  }
}

// diff_centres[code] by one thread, panels ascending.
__global__ void __launch_bounds__(kThreads)
    codebook_gradient_total_kernel(const __grid_constant__ PanelSums arguments) {
  const int64_t size = int64_t{1} << arguments.op.bits;
  const int64_t panels = panels_of(arguments.op.shape.rows);
  for (int64_t code = first_thread_item(); code < size; code += thread_item_step()) {
    double total = 0;
    for (int64_t panel = 0; panel < panels; ++panel) total += arguments.sums[panel * size + code];
    arguments.op.diff_centres[code] = static_cast<float>(total);
  }
}

}  // namespace

ita_status codebook_gradient_apply(ita_context* ctx, const ita_codebook_gradient* op) {
  const int64_t size = int64_t{1} << op->bits;
  const int64_t panels = panels_of(op->shape.rows);
  Scratch scratch(ctx);
  const int64_t sums = scratch.plan<double>(panels * size);
  ITA_CUDA_TRY(scratch.reserve());
  const PanelSums arguments = {*op, scratch.at<double>(sums)};
  ITA_CUDA_TRY(launch(ctx, codebook_gradient_panel_kernel, blocks_for(panels, 1), arguments));
  ITA_CUDA_TRY(launch(ctx, codebook_gradient_total_kernel, blocks_for(size, kThreads), arguments));
  return ITA_OK;
}

}  // namespace cuda
