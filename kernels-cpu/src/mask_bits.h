// SPDX-License-Identifier: Apache-2.0
// Walks of a mask row: by its set bits, and by the 3x3 kernels that have one, eight at a time.
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

// The places of the set bits of a byte, in order, as 16-bit numbers.
struct PlacesOfBits {
  uint64_t of[256][2];

  constexpr PlacesOfBits() : of() {
    for (uint32_t byte = 0; byte < 256; byte++) {
      int count = 0;
      for (int place = 0; place < 8; place++) {
        if (byte >> place & 1) {
          of[byte][count / 4] |= uint64_t(place) << count % 4 * 16;
          count++;
        }
      }
    }
  }
};
constexpr PlacesOfBits kPlacesOfBits;

// Writes first + place for each set bit of a byte and returns behind the last. Always writes eight:
// a branch on the bits would be mispredicted every few kernels.
inline uint16_t* append_places(uint32_t byte, int64_t first, uint16_t* to) {
  const uint64_t add = static_cast<uint64_t>(first) * 0x0001000100010001;
  const uint64_t places[2] = {kPlacesOfBits.of[byte][0] + add, kPlacesOfBits.of[byte][1] + add};
  memcpy(to, places, sizeof places);
  return to + __builtin_popcount(byte);
}

// Bit i of byte j becomes bit j of byte i.
inline uint64_t transpose_bits(uint64_t x) {
  uint64_t t = (x ^ x >> 7) & 0x00AA00AA00AA00AA;
  x ^= t ^ t << 7;
  t = (x ^ x >> 14) & 0x0000CCCC0000CCCC;
  x ^= t ^ t << 14;
  t = (x ^ x >> 28) & 0x00000000F0F0F0F0;
  return x ^ t ^ t << 28;
}

// The bits of eight 3x3 kernels: seven of them, the lowest bit of the last, and all of the last.
struct EightKernels {
  uint64_t bits;
  uint32_t last;

  // Of the first seven, bit 9 j says that kernel j has a live weight.
  uint64_t live_seven() const {
    uint64_t any = bits | bits >> 1;
    any |= any >> 2;
    any |= any >> 4 | bits >> 8;
    return any & 0x0040201008040201;
  }
  // One bit each: those with a live weight. The product gathers seven in its upper byte.
  uint32_t live() const {
    return static_cast<uint32_t>(live_seven() * 0x0101010101010100 >> 56) |
           (last + 0x1FF) >> 9 << 7;
  }
  uint32_t kernel(int at) const {
    return at < 7 ? static_cast<uint32_t>(bits >> at * 9) & 0x1FF : last;
  }
  int64_t kernels() const { return __builtin_popcountll(live_seven()) + (last != 0); }
  int64_t weights() const { return __builtin_popcountll(bits) + __builtin_popcount(last >> 1); }
};

// Eight kernels are nine bytes.
inline EightKernels eight_kernels(const void* bytes) {
  uint64_t bits;
  uint8_t ninth;
  memcpy(&bits, bytes, 8);
  memcpy(&ninth, static_cast<const char*>(bytes) + 8, 1);
  return {bits, static_cast<uint32_t>(bits >> 63) | uint32_t(ninth) << 1};
}

// Less than eight, from their first byte.
inline EightKernels few_kernels(const void* bytes, int64_t count) {
  uint64_t bits = 0;
  memcpy(&bits, bytes, static_cast<size_t>(divide_up(count * 9, 8)));
  return {bits & ((uint64_t(1) << count * 9) - 1), 0};
}

// Calls body(kernel, eight) for each eight kernels of [first, last). first is a multiple of 8, and
// so is last but for the row's end: then eight kernels are nine bytes.
template <class Body>
inline void for_eight_kernels(const uint32_t* row, int64_t first, int64_t last, const Body& body) {
  const char* bytes = reinterpret_cast<const char*>(row) + first / 8 * 9;
  int64_t k = first;
  for (; k + 8 <= last; k += 8, bytes += 9) body(k, eight_kernels(bytes));
  if (k < last) body(k, few_kernels(bytes, last - k));
}

// The nine bits of one kernel.
inline uint32_t kernel_bits(const uint32_t* row, int64_t kernel) {
  const int64_t word = kernel * 9 / 32;
  const int shift = static_cast<int>(kernel * 9 % 32);
  uint32_t bits = row[word] >> shift;
  if (shift > 23) bits |= row[word + 1] << (32 - shift);
  return bits & 0x1FF;
}

inline void count_kernels(const uint32_t* row, int64_t all, int64_t* kernels, int64_t* weights) {
  int64_t live = 0, bits = 0;
  for_eight_kernels(row, 0, all, [&](int64_t, EightKernels eight) {
    live += eight.kernels();
    bits += eight.weights();
  });
  *kernels += live;
  *weights += bits;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_MASK_BITS_H_
