// SPDX-License-Identifier: Apache-2.0
// Walks of a mask row: by its set bits, and by the 3x3 kernels that have one.
#ifndef INTARSIA_MASK_BITS_H_
#define INTARSIA_MASK_BITS_H_

#include "parallel.h"

namespace ITA_ISA {

// Calls body(bit) for the set bits of [begin, end), in order.
template <class Body>
inline void for_each_bit(const uint32_t* row, int64_t begin, int64_t end, const Body& body) {
  for (int64_t word = begin / 32; word * 32 < end; word++) {
    uint32_t bits = row[word];
    if (word * 32 < begin) bits &= ~0u << begin % 32;
    if (end - word * 32 < 32) bits &= (1u << (end - word * 32)) - 1;
    for (; bits; bits &= bits - 1) body(word * 32 + __builtin_ctz(bits));
  }
}

// The first bits of seven kernels.
constexpr uint64_t kKernelBits = 0x0040201008040201;

// Calls body(kernel, bits, live) for each seven 3x3 kernels of [first, last): their 63 bits, and
// those folded onto the first of each nine.
template <class Body>
inline void for_seven_kernels(const uint32_t* row, int64_t first, int64_t last, const Body& body) {
  const int64_t end_word = divide_up(last * 9, 32);
  for (int64_t kernel = first; kernel < last; kernel += 7) {
    const int64_t word = kernel * 9 / 32;
    const int shift = static_cast<int>(kernel * 9 % 32);
    uint64_t bits = row[word];
    if (word + 1 < end_word) bits |= uint64_t(row[word + 1]) << 32;
    bits >>= shift;
    if (shift && word + 2 < end_word) bits |= uint64_t(row[word + 2]) << (64 - shift);
    if (last - kernel < 7) bits &= (uint64_t(1) << (last - kernel) * 9) - 1;
    uint64_t any = bits | bits >> 1;
    any |= any >> 2;
    any |= any >> 4;
    any |= bits >> 8;
    body(kernel, bits, any & kKernelBits);
  }
}

// Of seven kernels, those with all nine bits set.
inline uint64_t whole_kernels(uint64_t bits) {
  uint64_t all = bits & bits >> 1;
  all &= all >> 2;
  all &= all >> 4;
  return all & bits >> 8 & kKernelBits;
}

inline int64_t count_kernels(const uint32_t* row, int64_t kernels) {
  int64_t count = 0;
  for_seven_kernels(row, 0, kernels,
                    [&](int64_t, uint64_t, uint64_t live) { count += __builtin_popcountll(live); });
  return count;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_MASK_BITS_H_
