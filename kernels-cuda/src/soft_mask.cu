// SPDX-License-Identifier: Apache-2.0
// Factors of frozen weights from real scores on the GPU; and the scores' gradient.
//
// The range of the dropped scores comes first and is waited for, so that a NaN is refused before
// anything is written. Then a thread makes a word of the mask with its 32 weights, or a unit. Every
// product is rounded by itself: the bits are the CPU's.
//
// Ladder (no device was at hand, all unmeasured):
//   1  thread per word of 32 weights, range by atomics ............. unmeasured   shipped
//   2  factors made once and spread from shared memory ............. not tried
#include "mask.cuh"
#include "scratch.cuh"

namespace cuda {

namespace {

constexpr float kNoRange = 1e-12f;

// Of dropped scores, a kept one counts as 0; floats as integers that order alike.
struct Bounds {
  uint32_t lo, hi, nan;
};

struct SoftMask {
  ita_soft_mask op;
  int64_t units;   // of a row
  Bounds* bounds;  // of the layer
  float lo, inverse;
};

__host__ __device__ inline uint32_t ordered(uint32_t bits) {
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
inline float number(uint32_t order) {
  const uint32_t bits = order & 0x80000000u ? order & 0x7fffffffu : ~order;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// Denormals count as 0.
__device__ inline float flushed(float score) { return fabsf(score) < 0x1p-126f ? 0.0f : score; }

__device__ inline bool is_kept(const ita_soft_mask& op, float score) {
  return op.strict ? score > op.threshold : score >= op.threshold;
}

__device__ inline float factor_of(const SoftMask& a, float raw) {
  const ita_soft_mask& op = a.op;
  const float score = flushed(raw);
  if (op.mode == ITA_SOFT_MASK_GIVEN) return score;
  if (is_kept(op, score)) return 1.0f;
  if (op.mode == ITA_SOFT_MASK_TERNARY) return score < 0.0f ? -1.0f : 0.0f;
  if (op.mode == ITA_SOFT_MASK_BINARY || score == 0.0f) return 0.0f;
  return __fmul_rn(op.scale, __fmul_rn(__fsub_rn(score, a.lo), a.inverse));
}

__global__ void __launch_bounds__(kThreads)
    soft_mask_bounds_kernel(const __grid_constant__ SoftMask a) {
  const int64_t scores = a.op.shape.rows * a.units;
  uint32_t lo = 0xffffffffu, hi = 0, nan = 0;
  for (int64_t u = first_thread_item(); u < scores; u += thread_item_step()) {
    const float score = flushed(a.op.scores[u]);
    const float dropped = is_kept(a.op, score) ? 0.0f : score;
    if (isnan(score)) {
      nan = 1;
      continue;
    }
    const uint32_t order = ordered(__float_as_uint(dropped + 0.0f));
    lo = min(lo, order);
    hi = max(hi, order);
  }
  atomicMin(&a.bounds->lo, lo);
  atomicMax(&a.bounds->hi, hi);
  if (nan) atomicOr(&a.bounds->nan, 1u);
}

// A thread makes one word of the mask and its weights.
__global__ void __launch_bounds__(kThreads)
    soft_mask_forward_kernel(const __grid_constant__ SoftMask a) {
  const ita_soft_mask& op = a.op;
  const int64_t words = words_of(op.shape.cols);
  for (int64_t item = first_thread_item(); item < op.shape.rows * words;
       item += thread_item_step()) {
    const int64_t row = item / words, first = item % words * kWordBits;
    const int64_t left = op.shape.cols - first;
    const int count = static_cast<int>(left < kWordBits ? left : kWordBits);
    uint32_t bits = 0;
    for (int t = 0; t < count; ++t) {
      const int64_t at = row * op.shape.cols + first + t;
      const float factor = factor_of(a, op.scores[row * a.units + (first + t) / op.span]);
      if (op.effective) op.effective[at] = __fmul_rn(factor, op.weights[at]);
      if (factor != 0.0f) bits |= 1u << t;
    }
    op.mask[item] = bits;
  }
}

__global__ void __launch_bounds__(kThreads)
    soft_mask_factors_kernel(const __grid_constant__ SoftMask a) {
  const int64_t scores = a.op.shape.rows * a.units;
  for (int64_t u = first_thread_item(); u < scores; u += thread_item_step()) {
    a.op.factors[u] = factor_of(a, a.op.scores[u]);
  }
}

__global__ void __launch_bounds__(kThreads)
    soft_mask_backward_kernel(const __grid_constant__ SoftMask a) {
  const ita_soft_mask& op = a.op;
  const int64_t parts = op.shape.cols / op.part, fan = op.span / op.part;
  for (int64_t u = first_thread_item(); u < op.shape.rows * a.units; u += thread_item_step()) {
    const float* diff = op.diff_factors + u / a.units * parts;
    const int64_t from = u % a.units * fan;
    float sum = 0.0f;
    for (int64_t k = from; k < from + fan && k < parts; ++k) sum += diff[k];
    float derivative = 1.0f;
    if (op.surrogate == ITA_SURROGATE_SIGMOID) {
      const float s = 1.0f / (1.0f + expf(-op.slope * (op.scores[u] - op.threshold)));
      derivative = op.slope * s * (1.0f - s);
    }
    op.diff_scores[u] = sum * derivative;
  }
}

// Fills lo and inverse. Waits for the stream.
ita_status find_range(ita_context* ctx, SoftMask* a) {
  Scratch scratch(ctx);
  const int64_t at = scratch.plan<Bounds>(1);
  ITA_CUDA_TRY(scratch.reserve());
  a->bounds = scratch.at<Bounds>(at);
  Bounds bounds = {0xffffffffu, 0, 0};
  const Device& device = device_of(ctx);
  ITA_CUDA_TRY(cudaMemcpyAsync(a->bounds, &bounds, sizeof bounds, cudaMemcpyHostToDevice,
                               device.stream));
  const int64_t scores = a->op.shape.rows * a->units;
  ITA_CUDA_TRY(launch(ctx, soft_mask_bounds_kernel, blocks_for(scores, 16 * kThreads), *a));
  ITA_CUDA_TRY(cudaMemcpyAsync(&bounds, a->bounds, sizeof bounds, cudaMemcpyDeviceToHost,
                               device.stream));
  ITA_CUDA_TRY(cudaStreamSynchronize(device.stream));
  if (bounds.nan) {
    return fail(ctx, ITA_INVALID_VALUE,
                "a score is NaN, training diverged; lower the learning rate");
  }
  const float lo = number(bounds.lo), range = number(bounds.hi) - lo;
  if (a->op.mode == ITA_SOFT_MASK_SOFT && range >= kNoRange) {
    a->lo = lo;
    a->inverse = 1.0f / range;
  }
  return ITA_OK;
}

SoftMask arguments_of(const ita_soft_mask* op) {
  return {*op, divide_up(op->shape.cols, op->span), nullptr, 0.0f, 0.0f};
}

}  // namespace

ita_status soft_mask_forward(ita_context* ctx, const ita_soft_mask* op) {
  SoftMask a = arguments_of(op);
  const ita_status status = find_range(ctx, &a);
  if (status != ITA_OK) return status;
  const int64_t words = op->shape.rows * words_of(op->shape.cols);
  ITA_CUDA_TRY(launch(ctx, soft_mask_forward_kernel, blocks_for(words, kThreads), a));
  if (!op->factors) return ITA_OK;
  ITA_CUDA_TRY(launch(ctx, soft_mask_factors_kernel,
                      blocks_for(op->shape.rows * a.units, kThreads), a));
  return ITA_OK;
}

ita_status soft_mask_backward(ita_context* ctx, const ita_soft_mask* op) {
  const SoftMask a = arguments_of(op);
  ITA_CUDA_TRY(launch(ctx, soft_mask_backward_kernel,
                      blocks_for(op->shape.rows * a.units, kThreads), a));
  return ITA_OK;
}

}  // namespace cuda
