// SPDX-License-Identifier: Apache-2.0
// Convolution with weights as codes on the GPU: dst = conv2d(src, weights) + bias, and the gradient
// of its input.
//
// The kernels of masked_conv2d (conv2d.cuh), each weight decoded by the lane that stages it, once
// for 128 pixels: a codebook of all weights gives the bits of the dense layer. `exact` means
// nothing here, every algorithm is sums of products. Images of several tasks are a launch for each
// run of one task.
//
// Ladder (f32; no device was at hand, all unmeasured):
//   1  warp per (channel, 128 pixels), a lane per tap .............. unmeasured   shipped
//   2  a warp per panel of filters, so that a pixel is read once ... not tried
#include "codes.cuh"
#include "conv2d.cuh"

namespace cuda {

namespace {

__global__ void __launch_bounds__(kThreads)
    codebook_conv2d_forward_kernel(const __grid_constant__ ita_codebook_conv2d op) {
  convolve(op, CodedWeights(op.weights, op.shape.o, Derived(op.shape).cols));
}

__global__ void __launch_bounds__(kThreads)
    codebook_conv2d_backward_data_kernel(const __grid_constant__ ita_codebook_conv2d op) {
  convolve_back(op, CodedWeights(op.weights, op.shape.o, Derived(op.shape).cols));
}

}  // namespace

ita_status codebook_conv2d_forward(ita_context* ctx, const ita_codebook_conv2d* op) {
  const ita_status status = check_counts(ctx, op->shape);
  if (status != ITA_OK) return status;
  const ita_conv2d_shape& s = op->shape;
  const Derived d(s);
  return for_each_run(
      op->weights, s.n, s.o, d.cols,
      [&](int64_t first, int64_t next, const ita_codebook_weights& weights) -> ita_status {
        ita_codebook_conv2d run = *op;
        run.weights = weights;
        run.shape.n = static_cast<decltype(run.shape.n)>(next - first);
        run.src += first * s.c * d.in_plane;
        run.dst += first * s.o * d.out_plane;
        const unsigned blocks = convolve_blocks(run.shape);
        ITA_CUDA_TRY(launch(ctx, codebook_conv2d_forward_kernel, blocks, run));
        return ITA_OK;
      });
}

ita_status codebook_conv2d_backward_data(ita_context* ctx, const ita_codebook_conv2d* op) {
  const ita_status status = check_counts(ctx, op->shape);
  if (status != ITA_OK) return status;
  const unsigned blocks = convolve_back_blocks(op->shape);
  ITA_CUDA_TRY(launch(ctx, codebook_conv2d_backward_data_kernel, blocks, *op));
  return ITA_OK;
}

}  // namespace cuda
