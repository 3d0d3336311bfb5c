// SPDX-License-Identifier: Apache-2.0
// The vocabulary of scalar.h in AVX2 and FMA: two registers a vector, a mask as two lane masks.
#ifndef INTARSIA_SIMD_AVX2_H_
#define INTARSIA_SIMD_AVX2_H_

#include <immintrin.h>
#include <stdint.h>

namespace ITA_ISA {

constexpr int kLanes = 16;
constexpr int kAccumulators = 6;  // 12 of 16 registers

struct V {
  __m256 lo, hi;
};
struct U {
  __m256i lo, hi;
};
struct M {
  __m256 lo, hi;  // all ones or all zeros a lane
};

inline V Set(float x) {
  __m256 v = _mm256_set1_ps(x);
  return {v, v};
}
inline V Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
inline V Load(const float* p) { return {_mm256_load_ps(p), _mm256_load_ps(p + 8)}; }
inline void Store(V v, float* p) {
  _mm256_store_ps(p, v.lo);
  _mm256_store_ps(p + 8, v.hi);
}
inline V LoadU(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void StoreU(V v, float* p) {
  _mm256_storeu_ps(p, v.lo);
  _mm256_storeu_ps(p + 8, v.hi);
}

inline V Add(V a, V b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
inline V Sub(V a, V b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
inline V Mul(V a, V b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
inline V Div(V a, V b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
inline V MulAdd(V a, V b, V c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
inline V NegMulAdd(V a, V b, V c) {
  return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
inline V Max(V a, V b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
inline V Min(V a, V b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
inline V Sqrt(V a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
inline V Abs(V a) {
  __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}

inline V MulAddAt(const float* p, V w, V acc) {
  return {_mm256_fmadd_ps(_mm256_load_ps(p), w.lo, acc.lo),
          _mm256_fmadd_ps(_mm256_load_ps(p + 8), w.hi, acc.hi)};
}

inline V Held(V v) { return v; }  // too few registers

template <int kFirst>
inline V Joined(V a, V b) {
  static_assert(kFirst % 4 == 0, "halves of registers");
  if (kFirst == 0) return a;
  if (kFirst == 8) return {a.hi, b.lo};
  const __m256 ends = _mm256_permute2f128_ps(a.hi, b.lo, 0x21);
  if (kFirst == 4) return {_mm256_permute2f128_ps(a.lo, a.hi, 0x21), ends};
  return {ends, _mm256_permute2f128_ps(b.lo, b.hi, 0x21)};
}

inline float ReduceSum(V v) {
  __m256 half = _mm256_add_ps(v.lo, v.hi);
  __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

// 8x8: pairs, then quarters, then the two halves of 128 bits change places.
inline void Transpose8(__m256 r[8]) {
  __m256 pairs[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  __m256 quarters[8];  // [4 * g + e]: rows 4g .. 4g+3 of columns e and e+4
  for (int g = 0; g < 2; g++) {
    const __m256* p = pairs + 4 * g;
    quarters[4 * g + 0] = _mm256_shuffle_ps(p[0], p[2], 0x44);
    quarters[4 * g + 1] = _mm256_shuffle_ps(p[0], p[2], 0xEE);
    quarters[4 * g + 2] = _mm256_shuffle_ps(p[1], p[3], 0x44);
    quarters[4 * g + 3] = _mm256_shuffle_ps(p[1], p[3], 0xEE);
  }
  for (int e = 0; e < 4; e++) {
    r[e] = _mm256_permute2f128_ps(quarters[e], quarters[4 + e], 0x20);
    r[4 + e] = _mm256_permute2f128_ps(quarters[e], quarters[4 + e], 0x31);
  }
}
inline void Transpose(V v[kLanes]) {
  __m256 tile[2][2][8];  // [row half][column half][row]
  for (int i = 0; i < kLanes; i++) {
    tile[i / 8][0][i % 8] = v[i].lo;
    tile[i / 8][1][i % 8] = v[i].hi;
  }
  for (int half = 0; half < 2; half++) {
    Transpose8(tile[half][0]);
    Transpose8(tile[half][1]);
  }
  for (int i = 0; i < kLanes; i++) v[i] = {tile[0][i / 8][i % 8], tile[1][i / 8][i % 8]};
}

inline void TransposeQuads(V v[4]) {
  const V a = v[0], b = v[1], c = v[2], d = v[3];
  v[0] = {_mm256_permute2f128_ps(a.lo, b.lo, 0x20), _mm256_permute2f128_ps(c.lo, d.lo, 0x20)};
  v[1] = {_mm256_permute2f128_ps(a.lo, b.lo, 0x31), _mm256_permute2f128_ps(c.lo, d.lo, 0x31)};
  v[2] = {_mm256_permute2f128_ps(a.hi, b.hi, 0x20), _mm256_permute2f128_ps(c.hi, d.hi, 0x20)};
  v[3] = {_mm256_permute2f128_ps(a.hi, b.hi, 0x31), _mm256_permute2f128_ps(c.hi, d.hi, 0x31)};
}

// ---- masks

inline __m256 LaneMask8(uint32_t bits) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  __m256i set = _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits)), bit);
  return _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, bit));
}
inline M FromBits(uint32_t bits) { return {LaneMask8(bits & 0xFF), LaneMask8(bits >> 8 & 0xFF)}; }
inline M LoadBits(const uint16_t* bits) { return FromBits(*bits); }
inline void LoadBitsPair(const uint16_t* bits, M pair[2]) {
  pair[0] = FromBits(bits[0]);
  pair[1] = FromBits(bits[1]);
}
inline uint32_t ToBits(M m) {
  return static_cast<uint32_t>(_mm256_movemask_ps(m.lo)) |
         static_cast<uint32_t>(_mm256_movemask_ps(m.hi)) << 8;
}
inline M FirstN(int n) { return FromBits(n >= kLanes ? 0xFFFFu : (1u << n) - 1); }
inline M And(M a, M b) { return {_mm256_and_ps(a.lo, b.lo), _mm256_and_ps(a.hi, b.hi)}; }
inline M AndNot(M a, M b) { return {_mm256_andnot_ps(b.lo, a.lo), _mm256_andnot_ps(b.hi, a.hi)}; }
inline M Or(M a, M b) { return {_mm256_or_ps(a.lo, b.lo), _mm256_or_ps(a.hi, b.hi)}; }
inline M Lt(V a, V b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
}
inline M Gt(V a, V b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_GT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_GT_OQ)};
}
inline M Ge(V a, V b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_GE_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_GE_OQ)};
}
inline M Eq(V a, V b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_EQ_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_EQ_OQ)};
}
inline V IfThenElse(M m, V yes, V no) {
  return {_mm256_blendv_ps(no.lo, yes.lo, m.lo), _mm256_blendv_ps(no.hi, yes.hi, m.hi)};
}
inline V IfThenElseZero(M m, V yes) {
  return {_mm256_and_ps(m.lo, yes.lo), _mm256_and_ps(m.hi, yes.hi)};
}

inline V MaskedLoad(M m, const float* p) {
  return {_mm256_maskload_ps(p, _mm256_castps_si256(m.lo)),
          _mm256_maskload_ps(p + 8, _mm256_castps_si256(m.hi))};
}
inline void MaskedStore(M m, V v, float* p) {
  _mm256_maskstore_ps(p, _mm256_castps_si256(m.lo), v.lo);
  _mm256_maskstore_ps(p + 8, _mm256_castps_si256(m.hi), v.hi);
}

// For each eight bits: which lane comes first, second, ...; and of which rank each lane's value is.
struct EightLanes {
  uint8_t compress[256][8];
  uint8_t expand[256][8];

  constexpr EightLanes() : compress(), expand() {
    for (int bits = 0; bits < 256; bits++) {
      int rank = 0;
      for (int lane = 0; lane < 8; lane++) {
        expand[bits][lane] = static_cast<uint8_t>(rank);
        if (bits >> lane & 1) compress[bits][rank++] = static_cast<uint8_t>(lane);
      }
    }
  }
};
constexpr EightLanes kEightLanes;

inline __m256 Permuted8(__m256 v, const uint8_t* lanes) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(lanes));
  return _mm256_permutevar8x32_ps(v, _mm256_cvtepu8_epi32(bytes));
}
inline void CompressBlendedStore(V v, uint32_t bits, float* p) {
  float lane[kLanes];
  StoreU(v, lane);
  for (; bits; bits &= bits - 1) *p++ = lane[__builtin_ctz(bits)];
}
inline void CompressStore(V v, uint32_t bits, float* p) {
  const uint32_t low = bits & 0xFF, high = bits >> 8 & 0xFF;
  _mm256_storeu_ps(p, Permuted8(v.lo, kEightLanes.compress[low]));
  _mm256_storeu_ps(p + __builtin_popcount(low), Permuted8(v.hi, kEightLanes.compress[high]));
}
inline __m256 LoadExpand8(uint32_t bits, const float* p) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i exists = _mm256_cmpgt_epi32(_mm256_set1_epi32(__builtin_popcount(bits)), lane);
  return _mm256_and_ps(LaneMask8(bits),
                       Permuted8(_mm256_maskload_ps(p, exists), kEightLanes.expand[bits]));
}
inline V LoadExpand(uint32_t bits, const float* p) {
  const uint32_t low = bits & 0xFF, high = bits >> 8 & 0xFF;
  return {LoadExpand8(low, p), LoadExpand8(high, p + __builtin_popcount(low))};
}

// ---- integers

inline U SetU(uint32_t x) {
  __m256i v = _mm256_set1_epi32(static_cast<int>(x));
  return {v, v};
}
inline U AddU(U a, U b) { return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)}; }
inline U IotaU(uint32_t first) {
  return AddU(SetU(first), {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                            _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15)});
}
inline U LoadInts(const void* p) {
  const __m256i* q = static_cast<const __m256i*>(p);
  return {_mm256_loadu_si256(q), _mm256_loadu_si256(q + 1)};
}
inline U XorU(U a, U b) { return {_mm256_xor_si256(a.lo, b.lo), _mm256_xor_si256(a.hi, b.hi)}; }
inline U AndU(U a, U b) { return {_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi)}; }
inline U MulWideU(U a, U b) { return {_mm256_mul_epu32(a.lo, b.lo), _mm256_mul_epu32(a.hi, b.hi)}; }
inline U OddU(U a) { return {_mm256_srli_epi64(a.lo, 32), _mm256_srli_epi64(a.hi, 32)}; }
inline U MergeU(U even, U odd) {
  return {_mm256_blend_epi32(even.lo, _mm256_slli_epi64(odd.lo, 32), 0xAA),
          _mm256_blend_epi32(even.hi, _mm256_slli_epi64(odd.hi, 32), 0xAA)};
}
template <int kBits>
inline U ShiftRightU(U a) {
  return {_mm256_srli_epi32(a.lo, kBits), _mm256_srli_epi32(a.hi, kBits)};
}
template <int kBits>
inline U ShiftLeftU(U a) {
  return {_mm256_slli_epi32(a.lo, kBits), _mm256_slli_epi32(a.hi, kBits)};
}
inline U ShiftRightBy(U a, int bits) {
  const __m128i count = _mm_cvtsi32_si128(bits);
  return {_mm256_srl_epi32(a.lo, count), _mm256_srl_epi32(a.hi, count)};
}
template <int kBits>
inline __m256 Lookup8(const float* table, __m256i i) {
  if constexpr (kBits <= 3) {
    return _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), i);
  } else if constexpr (kBits == 4) {
    const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), i);
    const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), i);
    return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(i, 28)));
  } else {
    const __m256i code = _mm256_and_si256(i, _mm256_set1_epi32((1 << kBits) - 1));
    return _mm256_i32gather_ps(table, code, 4);
  }
}
template <int kBits>
inline V Lookup(const float* table, U index) {
  return {Lookup8<kBits>(table, index.lo), Lookup8<kBits>(table, index.hi)};
}
inline M EqU(U a, U b) {
  return {_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.lo, b.lo)),
          _mm256_castsi256_ps(_mm256_cmpeq_epi32(a.hi, b.hi))};
}
inline M GtU(U a, U b) {
  return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(a.lo, b.lo)),
          _mm256_castsi256_ps(_mm256_cmpgt_epi32(a.hi, b.hi))};
}
inline V BitsToFloat(U a) { return {_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi)}; }
inline U FloatToBits(V a) { return {_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)}; }
inline V ToFloat(U a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }
inline U ToNearest(V a) { return {_mm256_cvtps_epi32(a.lo), _mm256_cvtps_epi32(a.hi)}; }

// ---- bytes, four a lane

inline void StoreInts(U a, void* p) {
  __m256i* q = static_cast<__m256i*>(p);
  _mm256_storeu_si256(q, a.lo);
  _mm256_storeu_si256(q + 1, a.hi);
}
template <int kBits>
inline __m256i LookupBytes32(const uint8_t* table, __m256i i) {
  if constexpr (kBits <= 4) {
    const __m128i entries = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(entries), i);
  } else {
    constexpr int kHalf = 1 << (kBits - 1);
    const __m256i rest = _mm256_and_si256(i, _mm256_set1_epi8(kHalf - 1));
    return _mm256_blendv_epi8(LookupBytes32<kBits - 1>(table, rest),
                              LookupBytes32<kBits - 1>(table + kHalf, rest),
                              _mm256_slli_epi16(i, 8 - kBits));
  }
}
template <int kBits>
inline U LookupBytes(const uint8_t* table, U index) {
  return {LookupBytes32<kBits>(table, index.lo), LookupBytes32<kBits>(table, index.hi)};
}
// The bytes of the columns for rows 0 to 7 go to the low half, then each lane tests its bit.
template <int kStep, int kColumns>
inline U SelectBytes(const uint16_t* columns, int count, int first) {
  uint64_t four = 0;
  for (int t = 0; t < 4; t++) {
    const int c = first + kStep * t;
    if (c < count) four |= static_cast<uint64_t>(columns[c]) << 16 * t;
  }
  const __m256i all = _mm256_set1_epi64x(static_cast<int64_t>(four));
  const __m256i bit = _mm256_setr_epi32(0x01010101, 0x02020202, 0x04040404, 0x08080808, 0x10101010,
                                        0x20202020, 0x40404040, -0x7F7F7F80);
  const __m256i lo = _mm256_shuffle_epi8(all, _mm256_set1_epi32(0x06040200));
  const __m256i hi = _mm256_shuffle_epi8(all, _mm256_set1_epi32(0x07050301));
  return {_mm256_cmpeq_epi8(_mm256_and_si256(lo, bit), bit),
          _mm256_cmpeq_epi8(_mm256_and_si256(hi, bit), bit)};
}
// The sign goes to the other side: two products of at most 127^2 fit 16 bits.
struct ByteFactor {
  static constexpr uint32_t kOffset = 0;
  U w, size;
  explicit ByteFactor(U bytes)
      : w(bytes), size{_mm256_abs_epi8(bytes.lo), _mm256_abs_epi8(bytes.hi)} {}
  static __m256i Add(__m256i w, __m256i size, __m256i x, __m256i acc) {
    const __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(x, w));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  U DotAdd(U x, U acc) const {
    return {Add(w.lo, size.lo, x.lo, acc.lo), Add(w.hi, size.hi, x.hi, acc.hi)};
  }
};
typedef ByteFactor FastByteFactor;
inline bool HasByteDot() { return false; }

}  // namespace ITA_ISA

#endif  // INTARSIA_SIMD_AVX2_H_
