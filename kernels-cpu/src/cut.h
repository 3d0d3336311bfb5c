// SPDX-License-Identifier: Apache-2.0
// Bits of a mask from magnitudes and a threshold, a word at a time.
//
// Magnitudes are compared as integers, as magnitude_threshold ranks them: a float comparison would
// see denormals as zero.
#ifndef INTARSIA_CUT_H_
#define INTARSIA_CUT_H_

#include <string.h>

#include "plane.h"

namespace ITA_ISA {

constexpr uint32_t kMagnitude = 0x7FFFFFFFu;

// The bits of a threshold; those of a zero of either sign are those of zero.
inline uint32_t threshold_bits(const float* threshold) {
  uint32_t bits;
  memcpy(&bits, threshold, sizeof bits);
  return bits & kMagnitude ? bits : 0;
}

// The columns whose magnitude passes a threshold, all ties or none: one comparison a vector, since
// magnitude >= t is magnitude > t - 1 on signed integers.
struct Cut {
  const float* values;
  const uint32_t* candidates;
  uint32_t* mask;
  uint32_t bound;  // magnitudes above it pass

  static uint32_t bound_of(const float* threshold, ita_ties ties) {
    return threshold_bits(threshold) - (ties == ITA_TIES_KEPT ? 1 : 0);
  }

  // Writes a word of the mask and returns it.
  uint32_t apply(const Word& word) const {
    const uint32_t bits = above(word) & word.bits(candidates);
    mask[word.index] = bits;
    return bits;
  }

 private:
  uint32_t above(const Word& word) const {
    if (word.live == ~0u) {
      return half(LoadU(values + word.at)) | half(LoadU(values + word.at + kLanes)) << kLanes;
    }
    uint32_t bits = 0;
    for_each_half(word.live, word.at, [&](auto lanes, int64_t at) {
      bits |= half(lanes.load(values + at)) << (at - word.at);
    });
    return bits;
  }

  uint32_t half(V v) const {
    return ToBits(GtU(AndU(FloatToBits(v), SetU(kMagnitude)), SetU(bound)));
  }
};

// Steps the columns that a mask selects (NULL: all) by step(lanes, at), on the context's threads;
// with cut.mask, each word's new mask is cut while its weights are still in L1.
template <class Step>
inline void step_plane(ita_context* ctx, const ita_plane_shape& shape, const uint32_t* trainable,
                       const Cut& cut, const Step& step) {
  if (cut.mask) {
    for_each_word(ctx, shape, [=](const Word& word) {
      update_word(word, word.bits(trainable), step);
      cut.apply(word);
    });
  } else {
    for_each_word(ctx, shape,
                  [=](const Word& word) { update_word(word, word.bits(trainable), step); });
  }
}

// What an optimiser's struct says of the mask to be cut from its weights.
template <class Op>
inline Cut cut_of(const Op* op) {
  if (!op->mask) return {op->weights, nullptr, nullptr, 0};
  return {op->weights, op->candidates, op->mask, Cut::bound_of(op->threshold, op->ties)};
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CUT_H_
