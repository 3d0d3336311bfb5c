// SPDX-License-Identifier: Apache-2.0
// The selected elements of a plane as a compact array, row by row: where each row starts there.
#ifndef INTARSIA_COMPACT_CUH_
#define INTARSIA_COMPACT_CUH_

#include "mask.cuh"
#include "warp.cuh"

namespace cuda {

struct RowStarts {
  const uint32_t* selected;
  int64_t rows;
  int64_t cols;
  int64_t* starts;  // (rows + 1), the last one is the number of all selected elements
};

// starts[row + 1] = elements of the row, by one warp.
static __global__ void __launch_bounds__(kThreads)
    row_counts_kernel(const __grid_constant__ RowStarts r) {
  const int64_t words = words_of(r.cols);
  for (int64_t row = first_warp_item(); row < r.rows; row += warp_item_step()) {
    int64_t count = 0;
    for (int64_t word = lane_index(); word < words; word += kWarp) {
      count += __popc(mask_word(r.selected, row, r.cols, word));
    }
    count = warp_sum(count);
    if (lane_index() == 0) r.starts[row + 1] = count;
  }
}

// Counts to starts, by one block: a thread adds up its stretch of rows, then moves it behind those
// of the threads before.
static __global__ void __launch_bounds__(kThreads)
    row_starts_kernel(const __grid_constant__ RowStarts r) {
  __shared__ int64_t s_before[kThreads + 1];
  const int64_t stretch = divide_up(r.rows, kThreads);
  const int64_t first = threadIdx.x * stretch;
  const int64_t last = first + stretch < r.rows ? first + stretch : r.rows;
  int64_t count = 0;
  for (int64_t row = first; row < last; ++row) count += r.starts[row + 1];
  s_before[threadIdx.x + 1] = count;
  __syncthreads();
  if (threadIdx.x == 0) {
    s_before[0] = r.starts[0] = 0;
    for (int t = 0; t < kThreads; ++t) s_before[t + 1] += s_before[t];
  }
  __syncthreads();
  int64_t start = s_before[threadIdx.x];
  for (int64_t row = first; row < last; ++row) {
    start += r.starts[row + 1];
    r.starts[row + 1] = start;
  }
}

// Fills the starts and reads how many elements there are. Waits for the stream.
static inline ita_status place_rows(ita_context* ctx, const RowStarts& r, int64_t* total) {
  ITA_CUDA_TRY(launch(ctx, row_counts_kernel, blocks_for(r.rows, kWarps), r));
  ITA_CUDA_TRY(launch(ctx, row_starts_kernel, 1, r));
  const Device& device = device_of(ctx);
  ITA_CUDA_TRY(cudaMemcpyAsync(total, r.starts + r.rows, sizeof *total, cudaMemcpyDeviceToHost,
                               device.stream));
  ITA_CUDA_TRY(cudaStreamSynchronize(device.stream));
  return ITA_OK;
}

// Calls body(element of the plane, element of the compact array or -1) for every column of a row,
// by one warp.
template <class Body>
__device__ void walk_row(const RowStarts& r, int64_t row, const Body& body) {
  const unsigned below = (1u << lane_index()) - 1u;
  int64_t start = r.starts[row];
  for (int64_t word = 0; word < words_of(r.cols); ++word) {
    const uint32_t bits = mask_word(r.selected, row, r.cols, word);
    const int64_t col = word * kWordBits + lane_index();
    const bool selected = has_bit(bits, lane_index());
    if (col < r.cols) body(row * r.cols + col, selected ? start + __popc(bits & below) : -1);
    start += __popc(bits);
  }
}

}  // namespace cuda

#endif  // INTARSIA_COMPACT_CUH_
