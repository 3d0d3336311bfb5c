// SPDX-License-Identifier: Apache-2.0
// A mask as kernels read it: rows of words, one bit per weight; NULL means that all are inside.
#ifndef INTARSIA_MASK_CUH_
#define INTARSIA_MASK_CUH_

#include "launch.cuh"

namespace cuda {

constexpr int kWordBits = 32;

__host__ __device__ constexpr int64_t words_of(int64_t cols) { return divide_up(cols, kWordBits); }

// One word of a row. Pad bits are zero, also when there is no mask.
__device__ inline uint32_t mask_word(const uint32_t* mask, int64_t row, int64_t cols,
                                     int64_t word) {
  if (mask) return mask[row * words_of(cols) + word];
  const int64_t left = cols - word * kWordBits;
  return left >= kWordBits ? 0xffffffffu : (1u << left) - 1u;
}

__device__ inline bool has_bit(uint32_t word, int bit) { return (word >> bit & 1u) != 0; }

// The weights of a masked layer, one at a time.
struct MaskedWeights {
  const float* weights;  // (rows, cols)
  const uint32_t* mask;
  int64_t cols;

  // False, and nothing is written, outside the mask.
  __device__ bool read(int64_t row, int32_t col, float* weight) const {
    if (mask && !has_bit(mask[row * words_of(cols) + col / kWordBits], col % kWordBits)) {
      return false;
    }
    *weight = weights[row * cols + col];
    return true;
  }
};

}  // namespace cuda

#endif  // INTARSIA_MASK_CUH_
