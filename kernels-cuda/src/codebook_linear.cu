// SPDX-License-Identifier: Apache-2.0
// Linear layer with weights as codes on the GPU: dst = src weights^T + bias, and the gradient of
// its input.
//
// The kernels of masked_linear (linear.cuh), each weight decoded by the lane that reads it: a
// codebook of all weights gives the bits of the dense layer. Rows that share a panel are
// neighbouring warps and share its lines in the cache. Images of several tasks are a launch for
// each run of one task.
//
// Ladder (f32; no device was at hand, all unmeasured):
//   1  warp per (output, 4 images), a lane per input ............... unmeasured   shipped
//   2  block per panel, so that a line of codes is read once ....... not tried: another order
//   3  tensor cores on a decoded tile .............................. not tried
#include "codes.cuh"
#include "linear.cuh"

namespace cuda {

namespace {

__global__ void __launch_bounds__(kThreads)
    codebook_linear_forward_kernel(const __grid_constant__ ita_codebook_linear op) {
  multiply(op, CodedWeights(op.weights, op.shape.o, op.shape.i));
}

__global__ void __launch_bounds__(kThreads)
    codebook_linear_backward_data_kernel(const __grid_constant__ ita_codebook_linear op) {
  multiply_back(op, CodedWeights(op.weights, op.shape.o, op.shape.i));
}

}  // namespace

ita_status codebook_linear_forward(ita_context* ctx, const ita_codebook_linear* op) {
  const ita_linear_shape& s = op->shape;
  return for_each_run(
      op->weights, s.n, s.o, s.i,
      [&](int64_t first, int64_t next, const ita_codebook_weights& weights) -> ita_status {
        ita_codebook_linear run = *op;
        run.weights = weights;
        run.shape.n = static_cast<decltype(run.shape.n)>(next - first);
        run.src += first * s.i;
        run.dst += first * s.o;
        const unsigned blocks = multiply_blocks(run.shape);
        ITA_CUDA_TRY(launch(ctx, codebook_linear_forward_kernel, blocks, run));
        return ITA_OK;
      });
}

ita_status codebook_linear_backward_data(ita_context* ctx, const ita_codebook_linear* op) {
  const unsigned blocks = multiply_back_blocks(op->shape);
  ITA_CUDA_TRY(launch(ctx, codebook_linear_backward_data_kernel, blocks, *op));
  return ITA_OK;
}

}  // namespace cuda
