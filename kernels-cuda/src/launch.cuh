// SPDX-License-Identifier: Apache-2.0
// Grid arithmetic, launches, and the one way in which a failure of CUDA reaches the context.
#ifndef INTARSIA_LAUNCH_CUH_
#define INTARSIA_LAUNCH_CUH_

#include <cuda_runtime.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "context.h"

// Returns from the caller, which names its context ctx, when a call of the CUDA runtime fails. A
// kernel runs after its launch has returned: its own fault surfaces at a later call.
#define ITA_CUDA_TRY(expr)                                                  \
  do {                                                                      \
    const cudaError_t cuda_error = (expr);                                  \
    if (cuda_error != cudaSuccess) {                                        \
      return ::cuda::fail_call(ctx, cuda_error, #expr, __FILE__, __LINE__); \
    }                                                                       \
  } while (0)

namespace cuda {

// What a context keeps of its device: ita_context.device_state.
struct Device {
  cudaStream_t stream;
  int32_t index;
  bool synchronous;  // INTARSIA_SYNC=1: every op waits, so that a fault names its op
};

inline Device& device_of(ita_context* ctx) { return *static_cast<Device*>(ctx->device_state); }

// The core's ita_core_fail, which a plug-in cannot link.
__attribute__((format(printf, 3, 4))) inline ita_status fail(ita_context* ctx, ita_status status,
                                                             const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(ctx->last_error, sizeof ctx->last_error, format, arguments);
  va_end(arguments);
  return status;
}

inline ita_status fail_call(ita_context* ctx, cudaError_t error, const char* expr, const char* path,
                            int line) {
  const char* slash = strrchr(path, '/');
  const char* file = slash ? slash + 1 : path;
  const ita_status status =
      error == cudaErrorMemoryAllocation ? ITA_OUT_OF_MEMORY : ITA_DEVICE_ERROR;
  return fail(ctx, status, "%s: %s (%s), %s:%d", expr, cudaGetErrorName(error),
              cudaGetErrorString(error), file, line);
}

// ---- grids. Every kernel has blocks of kThreads and walks its items with the stride of the grid,
// so that a grid cut short at the limit of its x axis still does all the work.

constexpr int kWarp = 32;
constexpr int kWarps = 4;  // of a block
constexpr int kThreads = kWarp * kWarps;

__host__ __device__ constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

inline unsigned blocks_for(int64_t items, int64_t items_per_block) {
  constexpr int64_t kLimit = 0x7fffffff;
  const int64_t blocks = divide_up(items, items_per_block);
  return static_cast<unsigned>(blocks < kLimit ? blocks : kLimit);
}

__device__ inline int lane_index() { return static_cast<int>(threadIdx.x) % kWarp; }
__device__ inline int warp_index() { return static_cast<int>(threadIdx.x) / kWarp; }

// Kernels that give an item to a warp: the first of this warp, and the step to its next.
__device__ inline int64_t first_warp_item() {
  return static_cast<int64_t>(blockIdx.x) * kWarps + warp_index();
}
__device__ inline int64_t warp_item_step() { return static_cast<int64_t>(gridDim.x) * kWarps; }

// Kernels that give an item to a thread: the first of this thread, and the step to its next.
__device__ inline int64_t first_thread_item() {
  return static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
}
__device__ inline int64_t thread_item_step() { return static_cast<int64_t>(gridDim.x) * kThreads; }

// Puts a kernel on the context's stream. The calling thread keeps the context's device as its
// current one: a Java thread may serve contexts of several devices.
template <class Op>
cudaError_t launch(ita_context* ctx, void (*kernel)(Op), unsigned blocks, const Op& op) {
  const Device& device = device_of(ctx);
  cudaError_t error = cudaSetDevice(device.index);
  if (error != cudaSuccess) return error;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(kThreads);
  config.stream = device.stream;
  error = cudaLaunchKernelEx(&config, kernel, op);
  if (error != cudaSuccess || !device.synchronous) return error;
  return cudaStreamSynchronize(device.stream);
}

}  // namespace cuda

#endif  // INTARSIA_LAUNCH_CUH_
