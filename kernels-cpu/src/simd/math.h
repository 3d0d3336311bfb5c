// SPDX-License-Identifier: Apache-2.0
// Exp and Log over the vocabulary: the same steps on every instruction set.
#ifndef INTARSIA_SIMD_MATH_H_
#define INTARSIA_SIMD_MATH_H_

#include "simd/simd.h"

namespace ITA_ISA {

// ln 2 in two parts: the first has 9 significant bits, so its product with an exponent is exact.
constexpr float kLn2High = 0x1.62p-1f;
constexpr float kLn2Low = 0x1.c85fdep-10f;

// e^x for x <= 88, within 2 ulp; 0 below -87 (the smallest normal number), NaN for NaN.
//
// x = n ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor series to r^7, whose remainder is below
// 6e-9; 2^n by placing n in the exponent.
inline V Exp(V x) {
  const V lowest = Set(-87.0f);
  V bounded = Min(Set(88.0f), Max(lowest, x));  // NaN, the second operand, passes
  U n = ToNearest(Mul(bounded, Set(1.44269504f)));
  V r = NegMulAdd(ToFloat(n), Set(kLn2High), bounded);
  r = NegMulAdd(ToFloat(n), Set(kLn2Low), r);
  V series = Set(1.0f / 5040);
  series = MulAdd(series, r, Set(1.0f / 720));
  series = MulAdd(series, r, Set(1.0f / 120));
  series = MulAdd(series, r, Set(1.0f / 24));
  series = MulAdd(series, r, Set(1.0f / 6));
  series = MulAdd(series, r, Set(0.5f));
  series = MulAdd(Mul(r, r), series, r);  // e^r - 1
  V power = BitsToFloat(ShiftLeftU<23>(AddU(n, SetU(127))));
  return IfThenElse(Lt(x, lowest), Zero(), MulAdd(series, power, power));
}

// ln x for normal positive x, within 2 ulp.
//
// x = m 2^n with m in [0.75, 1.5); ln m = 2 artanh(f), f = (m - 1) / (m + 1), |f| <= 1 / 5, by its
// series to f^13, whose remainder is below 1e-10 of it.
inline V Log(V x) {
  const uint32_t three_quarters = 0x3F400000u;
  U bits = AddU(FloatToBits(x), SetU(0x3F800000u - three_quarters));
  V n = Sub(ToFloat(ShiftRightU<23>(bits)), Set(127.0f));
  V m = BitsToFloat(AddU(AndU(bits, SetU(0x007FFFFFu)), SetU(three_quarters)));
  V f = Div(Sub(m, Set(1.0f)), Add(m, Set(1.0f)));
  V square = Mul(f, f);
  V series = Set(2.0f / 13);
  series = MulAdd(series, square, Set(2.0f / 11));
  series = MulAdd(series, square, Set(2.0f / 9));
  series = MulAdd(series, square, Set(2.0f / 7));
  series = MulAdd(series, square, Set(2.0f / 5));
  series = MulAdd(series, square, Set(2.0f / 3));
  V tail = MulAdd(Mul(f, square), series, Mul(n, Set(kLn2Low)));
  V head = MulAdd(n, Set(kLn2High), Add(f, f));
  return Add(head, tail);
}

}  // namespace ITA_ISA

#endif  // INTARSIA_SIMD_MATH_H_
