// SPDX-License-Identifier: Apache-2.0
// Moves the selected elements of a plane into a compact array and back, on the GPU.
//
// Where a row starts follows from the bits (compact.cuh) and is waited for: an array of another
// length is refused before anything is written. Then a warp takes a row, a lane a bit.
//
// Ladder (no device was at hand, all unmeasured):
//   1  warp per row, starts counted in every call .................. unmeasured   shipped
//   2  starts kept with the mask ................................... not tried
#include "compact.cuh"
#include "scratch.cuh"

namespace cuda {

namespace {

struct Compress {
  ita_mask_compress op;
  RowStarts rows;
};

__global__ void __launch_bounds__(kThreads)
    mask_compress_pack_kernel(const __grid_constant__ Compress arguments) {
  const ita_mask_compress& op = arguments.op;
  for (int64_t row = first_warp_item(); row < op.shape.rows; row += warp_item_step()) {
    walk_row(arguments.rows, row, [&](int64_t element, int64_t at) {
      if (at >= 0) op.compact[at] = op.dense[element];
    });
  }
}

__global__ void __launch_bounds__(kThreads)
    mask_compress_unpack_kernel(const __grid_constant__ Compress arguments) {
  const ita_mask_compress& op = arguments.op;
  for (int64_t row = first_warp_item(); row < op.shape.rows; row += warp_item_step()) {
    walk_row(arguments.rows, row, [&](int64_t element, int64_t at) {
      if (at >= 0) op.dense[element] = op.compact[at];
    });
  }
}

ita_status run(ita_context* ctx, const ita_mask_compress* op, void (*kernel)(Compress)) {
  const ita_plane_shape& s = op->shape;
  Scratch scratch(ctx);
  const int64_t starts = scratch.plan<int64_t>(int64_t{s.rows} + 1);
  ITA_CUDA_TRY(scratch.reserve());
  const Compress arguments = {*op, {op->selected, s.rows, s.cols, scratch.at<int64_t>(starts)}};
  int64_t selected = 0;
  const ita_status status = place_rows(ctx, arguments.rows, &selected);
  if (status != ITA_OK) return status;
  if (selected != op->count) {
    return fail(ctx, ITA_INVALID_VALUE,
                "%lld elements are selected and the compact array has %lld; make it anew when the "
                "selection changes",
                static_cast<long long>(selected), static_cast<long long>(op->count));
  }
  ITA_CUDA_TRY(launch(ctx, kernel, blocks_for(s.rows, kWarps), arguments));
  return ITA_OK;
}

}  // namespace

ita_status mask_compress_pack(ita_context* ctx, const ita_mask_compress* op) {
  return run(ctx, op, mask_compress_pack_kernel);
}

ita_status mask_compress_unpack(ita_context* ctx, const ita_mask_compress* op) {
  return run(ctx, op, mask_compress_unpack_kernel);
}

}  // namespace cuda
