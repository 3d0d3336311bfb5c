// SPDX-License-Identifier: Apache-2.0
// Where a weight gradient goes when it leaves the registers: runs of a row, in L1, are added under
// the mask, or split into the gradients of weights, scores and kernels, in whole vectors and
// without a branch on a mask bit (at half density every second one would be mispredicted: 3.2 times
// the time of the dense gradient at 512@4x4, N = 16).
//
// The sign of a score is taken from its bits: a comparison would see a denormal as zero, since
// calls run with denormals off.
#ifndef INTARSIA_GRADIENT_SINK_H_
#define INTARSIA_GRADIENT_SINK_H_

#include "plane.h"

namespace ITA_ISA {

// value * sign(score), sign(0) = 0.
inline V times_sign(V value, V score) {
  U bits = FloatToBits(score);
  V signed_value = BitsToFloat(XorU(FloatToBits(value), AndU(bits, SetU(0x80000000u))));
  M zero = EqU(AndU(bits, SetU(0x7FFFFFFFu)), SetU(0));
  return IfThenElse(zero, Zero(), signed_value);
}

struct GradientSink {
  int64_t cols, words, taps;  // of a row; weights of a kernel
  const float* weights;       // [rows, cols]
  const uint32_t* mask;       // [rows, words] or NULL
  float* diff_weights;        // [rows, cols]
  ita_gradient_epilogue to;

  bool has_epilogue() const { return to.diff_scores || to.diff_kernels; }
  // What may be skipped because nobody gets it.
  const uint32_t* live_mask() const { return has_epilogue() ? nullptr : mask; }

  // Takes g[count], the gradients of weights first .. of row o: whole kernels. g may be read,
  // not used, to the end of its last vector. Thread-safe for different weights.
  void give(int64_t o, int64_t first, int64_t count, const float* g) const {
    const bool splits = has_epilogue();
    int64_t k = 0;
    for (; k + kLanes <= count; k += kLanes) {
      give_vector(AllLanes{}, splits, o, first + k, 0xFFFF, LoadU(g + k));
    }
    if (k < count) {
      const uint32_t here = (1u << (count - k)) - 1;
      give_vector(SomeLanes{FromBits(here)}, splits, o, first + k, here, LoadU(g + k));
    }
    if (to.diff_kernels) add_kernels(o, first, count, g);
  }

  // Fetches what give() will read and write: four short pieces far apart, which the hardware does
  // not foresee.
  void prefetch(int64_t o, int64_t first, int64_t count) const {
    const int64_t at = o * cols + first;
    for (int64_t k = 0; k < count; k += 64 / 4) {
      if (diff_weights) __builtin_prefetch(diff_weights + at + k, 1, 2);
      if (has_epilogue()) __builtin_prefetch(weights + at + k, 0, 2);
      if (to.scores) __builtin_prefetch(to.scores + at + k, 0, 2);
      if (to.diff_scores) __builtin_prefetch(to.diff_scores + at + k, 1, 2);
    }
  }

 private:
  // Sixteen bits of a plane from column k on; those past the end of the row mean nothing.
  uint32_t bits(const uint32_t* plane, int64_t o, int64_t k) const {
    const uint32_t* word = plane + o * words + k / 32;
    const uint64_t high = k % 32 > 32 - kLanes && k / 32 + 1 < words ? word[1] : 0;
    return static_cast<uint32_t>((high << 32 | word[0]) >> k % 32) & 0xFFFF;
  }

  template <class Lanes>
  void give_vector(Lanes lanes, bool splits, int64_t o, int64_t k, uint32_t here, V g) const {
    const int64_t at = o * cols + k;
    const uint32_t live = mask ? bits(mask, o, k) & here : here;
    if (splits) {
      split(lanes, o, k, live, Add(g, Zero()), at);  // as added to a gradient of zeros
    } else if (live) {
      const V old = lanes.load(diff_weights + at);
      lanes.store(IfThenElse(FromBits(live), Add(old, g), old), diff_weights + at);
    }
  }

  // As score_epilogue.cpp, of which every operation has one rounding: the same bits.
  template <class Lanes>
  void split(Lanes lanes, int64_t o, int64_t k, uint32_t live, V g, int64_t at) const {
    if (diff_weights) {
      const uint32_t trained = to.frozen ? live & ~bits(to.frozen, o, k) : live;
      lanes.store(IfThenElseZero(FromBits(trained), g), diff_weights + at);
    }
    if (to.diff_scores) {
      const uint32_t scored = to.candidates ? bits(to.candidates, o, k) : 0xFFFF;
      V s = Mul(g, lanes.load(weights + at));
      if (to.scores) s = times_sign(s, lanes.load(to.scores + at));
      lanes.store(IfThenElseZero(FromBits(scored), s), to.diff_scores + at);
    }
  }

  void add_kernels(int64_t o, int64_t first, int64_t count, const float* g) const {
    const float* w = weights + o * cols + first;
    float* kernel = to.diff_kernels + (o * cols + first) / taps;
    for (int64_t k = 0; k < count; k += taps) {
      float sum = 0;
      for (int64_t t = 0; t < taps; t++) sum += g[k + t] * w[k + t];
      *kernel++ = sum;
    }
  }
};

}  // namespace ITA_ISA

#endif  // INTARSIA_GRADIENT_SINK_H_
