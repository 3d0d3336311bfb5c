// SPDX-License-Identifier: Apache-2.0
// Reductions over a warp and over a block, each in one fixed order: same input, same bits.
#ifndef INTARSIA_WARP_CUH_
#define INTARSIA_WARP_CUH_

#include "launch.cuh"

namespace cuda {

constexpr unsigned kAllLanes = 0xffffffffu;

// Sum over the 32 lanes; every lane gets it.
template <class T>
__device__ inline T warp_sum(T value) {
#pragma unroll
  for (int step = kWarp / 2; step > 0; step /= 2) {
    value += __shfl_xor_sync(kAllLanes, value, step);
  }
  return value;
}

// One step of warp_sum_each: the lanes that differ in bit kStep share out kStep values each. A
// template, so that every index is a constant and the values stay in registers.
template <int kStep>
__device__ inline void fold_values(float (&values)[kWarp]) {
  const bool upper = (lane_index() & kStep) != 0;
#pragma unroll
  for (int t = 0; t < kStep; ++t) {
    const float kept = upper ? values[t + kStep] : values[t];
    const float given = upper ? values[t] : values[t + kStep];
    values[t] = kept + __shfl_xor_sync(kAllLanes, given, kStep);
  }
}

// Thirty-two sums at once: lane t gets the sum over the lanes of values[t]. Each step halves what a
// lane still carries, so that 31 shuffles do what 32 calls of warp_sum do with 160. Destroys
// values.
__device__ inline float warp_sum_each(float (&values)[kWarp]) {
  fold_values<16>(values);
  fold_values<8>(values);
  fold_values<4>(values);
  fold_values<2>(values);
  fold_values<1>(values);
  return values[0];
}

// Adds up one value per warp, for each lane on its own: warp 0 gets the sums, the others get 0.
// s_sums is (kWarps, kWarp). Called by the whole block, which must not touch s_sums before a
// __syncthreads of its own.
__device__ inline float sum_over_warps(float value, float (&s_sums)[kWarps][kWarp]) {
  s_sums[warp_index()][lane_index()] = value;
  __syncthreads();
  float sum = 0;
  if (warp_index() == 0) {
    for (int warp = 0; warp < kWarps; ++warp) sum += s_sums[warp][lane_index()];
  }
  return sum;
}

}  // namespace cuda

#endif  // INTARSIA_WARP_CUH_
