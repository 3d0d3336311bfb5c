// SPDX-License-Identifier: Apache-2.0
// A gated adapter beside a frozen convolution on the GPU: fold is a thread per weight; backward
// takes the gradient of masked_conv2d at the adapter's taps, and a block per gate adds and scales.
//
// Ladder (no device was at hand, all unmeasured):
//   1  fold: thread per weight; gates: block per gate .............. unmeasured   shipped
//   2  all layers of a net in one launch ........................... not tried
#include "warp.cuh"

namespace cuda {

ita_status masked_conv2d_backward_weights(ita_context* ctx, const ita_masked_conv2d* op);

namespace {

__device__ inline int64_t own_cols(const ita_gated_adapter& op) {
  return static_cast<int64_t>(op.shape.c / op.shape.groups) * op.adapter_kh * op.adapter_kw;
}

__global__ void __launch_bounds__(kThreads)
    gated_adapter_fold_kernel(const __grid_constant__ ita_gated_adapter op) {
  const int64_t kernel = static_cast<int64_t>(op.shape.kh) * op.shape.kw;
  const int64_t cols = op.shape.c / op.shape.groups * kernel;
  const bool all_taps = static_cast<int64_t>(op.adapter_kh) * op.adapter_kw == kernel;
  const int64_t weights = op.shape.o * cols;
  for (int64_t k = first_thread_item(); k < weights; k += thread_item_step()) {
    float w = op.weights[k];
    const float gate = op.gates[k / cols / op.outputs];
    if (gate != 0 && (all_taps || k % kernel == kernel / 2)) {
      w = fmaf(gate, op.adapter[all_taps ? k : k / kernel], w);
    }
    op.folded[k] = w;
  }
}

// A block adds up adapter . G of one gate, threads in a stride, lanes in a tree, warps in order;
// then it scales G.
__global__ void __launch_bounds__(kThreads)
    gated_adapter_gates_kernel(const __grid_constant__ ita_gated_adapter op) {
  __shared__ double s_sums[kWarps];
  const int64_t cols = own_cols(op);
  const int64_t gates = divide_up(op.shape.o, op.outputs);
  for (int64_t g = blockIdx.x; g < gates; g += gridDim.x) {
    const int64_t begin = g * op.outputs * cols;
    const int64_t rows_end = (g + 1) * op.outputs;
    const int64_t end = (rows_end < op.shape.o ? rows_end : op.shape.o) * cols;
    const float gate = op.gates[g];
    double mine = 0;
    for (int64_t k = begin + threadIdx.x; k < end; k += kThreads) {
      const float value = op.diff_adapter[k];
      if (op.diff_gates) mine += static_cast<double>(op.adapter[k]) * value;
      op.diff_adapter[k] = gate == 0 ? 0.0f : gate * value;
    }
    if (!op.diff_gates) continue;
    const double sum = warp_sum(mine);
    __syncthreads();  // the sums of the gate before are read
    if (lane_index() == 0) s_sums[warp_index()] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
      double total = 0;
      for (int w = 0; w < kWarps; ++w) total += s_sums[w];
      op.diff_gates[g] = static_cast<float>(total);
    }
  }
}

// The convolution whose filters the adapter is.
ita_conv2d_shape adapter_shape(const ita_gated_adapter* op) {
  ita_conv2d_shape s = op->shape;
  if (op->adapter_kh == s.kh && op->adapter_kw == s.kw) return s;
  s.kh = s.kw = s.dilation_h = s.dilation_w = 1;
  s.pad_h = s.pad_w = 0;
  return s;
}

}  // namespace

ita_status gated_adapter_fold(ita_context* ctx, const ita_gated_adapter* op) {
  const ita_conv2d_shape& s = op->shape;
  const int64_t weights = static_cast<int64_t>(s.o) * (s.c / s.groups) * s.kh * s.kw;
  ITA_CUDA_TRY(launch(ctx, gated_adapter_fold_kernel, blocks_for(weights, kThreads), *op));
  return ITA_OK;
}

ita_status gated_adapter_backward(ita_context* ctx, const ita_gated_adapter* op) {
  ita_masked_conv2d gradient = {};
  gradient.shape = adapter_shape(op);
  gradient.src = op->src;
  gradient.diff_dst = op->diff_dst;
  gradient.diff_weights = op->diff_adapter;
  const ita_conv2d_shape& s = gradient.shape;
  const int64_t weights = static_cast<int64_t>(s.o) * (s.c / s.groups) * s.kh * s.kw;
  const Device& device = device_of(ctx);
  ITA_CUDA_TRY(cudaSetDevice(device.index));
  ITA_CUDA_TRY(cudaMemsetAsync(op->diff_adapter, 0, sizeof(float) * static_cast<size_t>(weights),
                               device.stream));
  const ita_status status = masked_conv2d_backward_weights(ctx, &gradient);
  if (status != ITA_OK) return status;
  const unsigned gates = blocks_for(divide_up(op->shape.o, op->outputs), 1);
  ITA_CUDA_TRY(launch(ctx, gated_adapter_gates_kernel, gates, *op));
  return ITA_OK;
}

}  // namespace cuda
