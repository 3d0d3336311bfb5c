// SPDX-License-Identifier: Apache-2.0
// The vocabulary in plain C++: what every verb means. V is 16 floats, U 16 uint32, M 16 booleans.
#ifndef INTARSIA_SIMD_SCALAR_H_
#define INTARSIA_SIMD_SCALAR_H_

#include <stdint.h>
#include <string.h>

namespace ITA_ISA {

constexpr int kLanes = 16;
constexpr int kAccumulators = 8;  // vectors a kernel may hold besides its operands

struct V {
  float lane[kLanes];
};
struct U {
  uint32_t lane[kLanes];
};
struct M {
  uint32_t bits;  // lane i is bit i
};

#define ITA_LANES(expression)                              \
  for (int i = 0; i < kLanes; i++) r.lane[i] = expression; \
  return r

inline V Set(float x) {
  V r;
  ITA_LANES(x);
}
inline V Zero() { return Set(0.0f); }
inline V Load(const float* p) {
  V r;
  ITA_LANES(p[i]);
}
inline void Store(V v, float* p) {
  for (int i = 0; i < kLanes; i++) p[i] = v.lane[i];
}
inline V LoadU(const float* p) { return Load(p); }
inline void StoreU(V v, float* p) { Store(v, p); }

inline V Add(V a, V b) {
  V r;
  ITA_LANES(a.lane[i] + b.lane[i]);
}
inline V Sub(V a, V b) {
  V r;
  ITA_LANES(a.lane[i] - b.lane[i]);
}
inline V Mul(V a, V b) {
  V r;
  ITA_LANES(a.lane[i] * b.lane[i]);
}
inline V Div(V a, V b) {
  V r;
  ITA_LANES(a.lane[i] / b.lane[i]);
}
inline V MulAdd(V a, V b, V c) {
  V r;
  ITA_LANES(a.lane[i] * b.lane[i] + c.lane[i]);
}
inline V NegMulAdd(V a, V b, V c) {
  V r;
  ITA_LANES(c.lane[i] - a.lane[i] * b.lane[i]);
}
inline V Max(V a, V b) {
  V r;
  ITA_LANES(a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]);
}
inline V Min(V a, V b) {
  V r;
  ITA_LANES(a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]);
}
inline V Sqrt(V a) {
  V r;
  ITA_LANES(__builtin_sqrtf(a.lane[i]));
}
inline V Abs(V a) {
  V r;
  ITA_LANES(__builtin_fabsf(a.lane[i]));
}

// acc + p[0..15] * w: the one verb that the inner loops live on.
inline V MulAddAt(const float* p, V w, V acc) { return MulAdd(Load(p), w, acc); }

// v, in a register where there are many: a compiler may repeat a load for every use.
inline V Held(V v) { return v; }

// Lanes from kFirst on of a followed by b.
template <int kFirst>
inline V Joined(V a, V b) {
  V r;
  ITA_LANES(i + kFirst < kLanes ? a.lane[i + kFirst] : b.lane[i + kFirst - kLanes]);
}

inline float ReduceSum(V v) {  // a fixed tree: the same on every tier
  for (int step = 8; step > 0; step /= 2) {
    for (int i = 0; i < step; i++) v.lane[i] += v.lane[i + step];
  }
  return v.lane[0];
}

// v[i].lane[j] and v[j].lane[i] change places.
inline void Transpose(V v[kLanes]) {
  for (int i = 0; i < kLanes; i++) {
    for (int j = 0; j < i; j++) {
      float swapped = v[i].lane[j];
      v[i].lane[j] = v[j].lane[i];
      v[j].lane[i] = swapped;
    }
  }
}

// The same with parts of four lanes of four vectors.
inline void TransposeQuads(V v[4]) {
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < i; j++) {
      for (int lane = 0; lane < 4; lane++) {
        float swapped = v[i].lane[4 * j + lane];
        v[i].lane[4 * j + lane] = v[j].lane[4 * i + lane];
        v[j].lane[4 * i + lane] = swapped;
      }
    }
  }
}

// ---- masks

#define ITA_MASK(condition)                                            \
  M r = {0};                                                           \
  for (int i = 0; i < kLanes; i++) r.bits |= uint32_t(condition) << i; \
  return r

inline M FromBits(uint32_t bits) { return {bits & 0xFFFF}; }
inline M LoadBits(const uint16_t* bits) { return FromBits(*bits); }
inline void LoadBitsPair(const uint16_t* bits, M pair[2]) {
  pair[0] = FromBits(bits[0]);
  pair[1] = FromBits(bits[1]);
}
inline uint32_t ToBits(M m) { return m.bits; }
inline M FirstN(int n) { return {n >= kLanes ? 0xFFFFu : (1u << n) - 1}; }
inline M And(M a, M b) { return {a.bits & b.bits}; }
inline M AndNot(M a, M b) { return {a.bits & ~b.bits}; }
inline M Or(M a, M b) { return {a.bits | b.bits}; }
inline M Lt(V a, V b) { ITA_MASK(a.lane[i] < b.lane[i]); }
inline M Gt(V a, V b) { ITA_MASK(a.lane[i] > b.lane[i]); }
inline M Ge(V a, V b) { ITA_MASK(a.lane[i] >= b.lane[i]); }
inline M Eq(V a, V b) { ITA_MASK(a.lane[i] == b.lane[i]); }
inline V IfThenElse(M m, V yes, V no) {
  V r;
  ITA_LANES((m.bits >> i & 1) ? yes.lane[i] : no.lane[i]);
}
inline V IfThenElseZero(M m, V yes) { return IfThenElse(m, yes, Zero()); }

// Lanes outside the mask read as zero and are not written; memory there is not touched.
inline V MaskedLoad(M m, const float* p) {
  V r;
  ITA_LANES((m.bits >> i & 1) ? p[i] : 0.0f);
}
inline void MaskedStore(M m, V v, float* p) {
  for (int i = 0; i < kLanes; i++) {
    if (m.bits >> i & 1) p[i] = v.lane[i];
  }
}

// The lanes whose bits are set, side by side from p on; CompressStore may write all of p[0 .. 15].
inline void CompressBlendedStore(V v, uint32_t bits, float* p) {
  for (; bits; bits &= bits - 1) *p++ = v.lane[__builtin_ctz(bits)];
}
inline void CompressStore(V v, uint32_t bits, float* p) {
  for (int i = 0; i < kLanes; i++) {
    *p = v.lane[i];  // the last one that is set stays
    p += bits >> i & 1;
  }
}

// The other way: p[0], p[1], ... in the lanes whose bits are set, zero in the others.
inline V LoadExpand(uint32_t bits, const float* p) {
  const float zero = 0;
  V r;
  for (int i = 0; i < kLanes; i++) {
    const uint32_t set = bits >> i & 1;
    r.lane[i] = *(set ? p : &zero);
    p += set;
  }
  return r;
}

// ---- integers

inline U SetU(uint32_t x) {
  U r;
  ITA_LANES(x);
}
inline U IotaU(uint32_t first) {
  U r;
  ITA_LANES(first + uint32_t(i));
}
inline U LoadInts(const void* p) {
  U r;
  memcpy(r.lane, p, sizeof r.lane);
  return r;
}
inline U AddU(U a, U b) {
  U r;
  ITA_LANES(a.lane[i] + b.lane[i]);
}
inline U XorU(U a, U b) {
  U r;
  ITA_LANES(a.lane[i] ^ b.lane[i]);
}
inline U AndU(U a, U b) {
  U r;
  ITA_LANES(a.lane[i] & b.lane[i]);
}
// Two lanes as one number of 64 bits, the even one its low half: the product of two even lanes.
inline U MulWideU(U a, U b) {
  U r;
  for (int i = 0; i < kLanes; i += 2) {
    const uint64_t product = uint64_t(a.lane[i]) * b.lane[i];
    r.lane[i] = uint32_t(product);
    r.lane[i + 1] = uint32_t(product >> 32);
  }
  return r;
}
// The odd lanes in the place of the even ones.
inline U OddU(U a) {
  U r;
  ITA_LANES(i % 2 ? 0 : a.lane[i + 1]);
}
// The even lanes of `even`, and those of `odd` in the place of the odd ones.
inline U MergeU(U even, U odd) {
  U r;
  ITA_LANES(i % 2 ? odd.lane[i - 1] : even.lane[i]);
}
template <int kBits>
inline U ShiftRightU(U a) {
  U r;
  ITA_LANES(a.lane[i] >> kBits);
}
template <int kBits>
inline U ShiftLeftU(U a) {
  U r;
  ITA_LANES(a.lane[i] << kBits);
}
inline U ShiftRightBy(U a, int bits) {
  U r;
  ITA_LANES(a.lane[i] >> bits);
}
// table[the low bits of each lane]; what stands above the bits is ignored. The table has 2^kBits
// entries, sixteen at least: a smaller one is repeated.
template <int kBits>
inline V Lookup(const float* table, U index) {
  V r;
  ITA_LANES(table[index.lane[i] & ((1u << kBits) - 1)]);
}
inline M EqU(U a, U b) { ITA_MASK(a.lane[i] == b.lane[i]); }
inline M GtU(U a, U b) { ITA_MASK(int32_t(a.lane[i]) > int32_t(b.lane[i])); }  // signed
inline V BitsToFloat(U a) {
  V r;
  memcpy(r.lane, a.lane, sizeof r.lane);
  return r;
}
inline U FloatToBits(V a) {
  U r;
  memcpy(r.lane, a.lane, sizeof r.lane);
  return r;
}
inline V ToFloat(U a) {
  V r;
  ITA_LANES(float(int32_t(a.lane[i])));
}  // signed
inline U ToNearest(V a) {
  U r;
  ITA_LANES(uint32_t(int32_t(__builtin_rintf(a.lane[i]))));
}  // signed

// ---- bytes, four a lane

inline void StoreInts(U a, void* p) { memcpy(p, a.lane, sizeof a.lane); }
// table[each byte], every one below 2^kBits; the table has 2^kBits bytes, sixteen at least.
template <int kBits>
inline U LookupBytes(const uint8_t* table, U index) {
  U r;
  for (int i = 0; i < kLanes; i++) {
    r.lane[i] = 0;
    for (int t = 0; t < 32; t += 8) r.lane[i] |= uint32_t(table[index.lane[i] >> t & 0xFF]) << t;
  }
  return r;
}
// All bits of byte t of lane r where bit r of columns[first + kStep * t] is set. There are `count`
// columns, up to 32; others are not read.
template <int kStep, int kColumns>
inline U SelectBytes(const uint16_t* columns, int count, int first) {
  U r;
  for (int i = 0; i < kLanes; i++) {
    r.lane[i] = 0;
    for (int t = 0; t < 4; t++) {
      const int c = first + kStep * t;
      if (c < count && (columns[c] >> i & 1)) r.lane[i] |= 0xFFu << 8 * t;
    }
  }
  return r;
}
// One side of a dot product of signed bytes, -127 .. 127. It is made from bytes that are higher by
// kOffset, which then is in the sum: times what the other side's bytes add up to.
struct ByteFactor {
  static constexpr uint32_t kOffset = 0;
  U w;
  explicit ByteFactor(U bytes) : w(bytes) {}
  // acc + the four products of each lane, exactly.
  U DotAdd(U x, U acc) const {
    for (int i = 0; i < kLanes; i++) {
      for (int t = 0; t < 32; t += 8) {
        acc.lane[i] += uint32_t(int8_t(w.lane[i] >> t) * int8_t(x.lane[i] >> t));
      }
    }
    return acc;
  }
};
// The same where the processor has one instruction for it, that is, where HasByteDot().
typedef ByteFactor FastByteFactor;
inline bool HasByteDot() { return false; }

#undef ITA_LANES
#undef ITA_MASK

}  // namespace ITA_ISA

#endif  // INTARSIA_SIMD_SCALAR_H_
