// SPDX-License-Identifier: Apache-2.0
// Weights as floats again on the GPU: centres of codes, and a compact array where weights are free.
//
// A warp takes a row, a lane a weight. Where the free weights of a row start is counted first and
// waited for: an array of another length is refused before anything is written.
//
// Ladder (no device was at hand, all unmeasured):
//   1  warp per row, a lane per weight ............................. unmeasured   shipped
//   2  warp per panel, so that a line of codes is read once ........ not tried
#include "codes.cuh"
#include "compact.cuh"
#include "scratch.cuh"

namespace cuda {

namespace {

struct Decode {
  ita_codebook_decode op;
  RowStarts rows;  // of the free weights; unused without them
};

__global__ void __launch_bounds__(kThreads)
    codebook_decode_forward_kernel(const __grid_constant__ Decode arguments) {
  const ita_codebook_decode& op = arguments.op;
  const ita_plane_shape& s = op.shape;
  const CodedWeights coded(op.coded, s.rows, s.cols);
  for (int64_t row = first_warp_item(); row < s.rows; row += warp_item_step()) {
    auto decode = [&](int64_t element, int64_t at) {
      float weight = 0;
      if (at >= 0) {
        weight = op.values[at];
      } else {
        coded.read(row, static_cast<int32_t>(element - row * s.cols), &weight);
      }
      op.weights[element] = weight;
    };
    if (op.free_mask) {
      walk_row(arguments.rows, row, decode);
    } else {
      for (int64_t col = lane_index(); col < s.cols; col += kWarp) decode(row * s.cols + col, -1);
    }
  }
}

}  // namespace

ita_status codebook_decode_forward(ita_context* ctx, const ita_codebook_decode* op) {
  const ita_plane_shape& s = op->shape;
  Scratch scratch(ctx);
  Decode arguments = {*op, {op->free_mask, s.rows, s.cols, nullptr}};
  if (op->free_mask) {
    const int64_t starts = scratch.plan<int64_t>(int64_t{s.rows} + 1);
    ITA_CUDA_TRY(scratch.reserve());
    arguments.rows.starts = scratch.at<int64_t>(starts);
    int64_t free_weights = 0;
    const ita_status status = place_rows(ctx, arguments.rows, &free_weights);
    if (status != ITA_OK) return status;
    if (free_weights != op->count) {
      return fail(ctx, ITA_INVALID_VALUE,
                  "%lld weights are free and there are %lld values; make them anew when the free "
                  "plane changes",
                  static_cast<long long>(free_weights), static_cast<long long>(op->count));
    }
  }
  ITA_CUDA_TRY(launch(ctx, codebook_decode_forward_kernel, blocks_for(s.rows, kWarps), arguments));
  return ITA_OK;
}

}  // namespace cuda
