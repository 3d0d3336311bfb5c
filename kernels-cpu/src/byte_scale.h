// SPDX-License-Identifier: Apache-2.0
// Floats as signed bytes: q = x * (127 / largest), rounded half to even, for x = q * scale.
#ifndef INTARSIA_BYTE_SCALE_H_
#define INTARSIA_BYTE_SCALE_H_

#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

// Below this the largest magnitude counts as zero, and 127 / largest never overflows.
constexpr float kLeastMagnitude = 0x1p-100f;

// How one set of values is turned to bytes. A set with a value that is not finite has scale NaN.
struct ByteScale {
  float inverse, scale;
  U quantised(V x) const { return ToNearest(Mul(x, Set(inverse))); }
};

// The largest magnitude of values that come a vector at a time, in each lane.
struct Magnitude {
  V largest = Zero();
  V poison = Zero();  // NaN where a value is not finite: zero times such a value

  void add(V x) {
    largest = Max(largest, Abs(x));
    poison = MulAdd(x, Zero(), poison);
  }
  V inverse() const {
    return IfThenElseZero(Ge(largest, Set(kLeastMagnitude)), Div(Set(127.0f), largest));
  }
  V scale() const {
    return Add(IfThenElseZero(Ge(largest, Set(kLeastMagnitude)), Div(largest, Set(127.0f))),
               poison);
  }

  // For one set that is spread over the lanes.
  ByteScale over_lanes() const {
    alignas(64) float each[kLanes];
    Store(largest, each);
    Magnitude all = *this;
    for (float lane : each) all.largest = Max(all.largest, Set(lane));
    Store(all.inverse(), each);
    const float inverse_of_all = each[0];
    all.poison = Set(ReduceSum(poison));
    Store(all.scale(), each);
    return {inverse_of_all, each[0]};
  }
};

}  // namespace ITA_ISA

#endif  // INTARSIA_BYTE_SCALE_H_
