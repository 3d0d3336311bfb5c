// SPDX-License-Identifier: Apache-2.0
// The vocabulary of scalar.h in AVX-512 F, BW, DQ, VL: one register a vector, one k register a
// mask.
#ifndef INTARSIA_SIMD_AVX512_H_
#define INTARSIA_SIMD_AVX512_H_

#include <immintrin.h>
#include <stdint.h>

namespace ITA_ISA {

constexpr int kLanes = 16;
constexpr int kAccumulators = 24;

typedef __m512 V;
typedef __mmask16 M;
struct U {
  __m512i v;
};

inline V Set(float x) { return _mm512_set1_ps(x); }
inline V Zero() { return _mm512_setzero_ps(); }
inline V Load(const float* p) { return _mm512_load_ps(p); }
inline void Store(V v, float* p) { _mm512_store_ps(p, v); }
inline V LoadU(const float* p) { return _mm512_loadu_ps(p); }
inline void StoreU(V v, float* p) { _mm512_storeu_ps(p, v); }

inline V Add(V a, V b) { return _mm512_add_ps(a, b); }
inline V Sub(V a, V b) { return _mm512_sub_ps(a, b); }
inline V Mul(V a, V b) { return _mm512_mul_ps(a, b); }
inline V Div(V a, V b) { return _mm512_div_ps(a, b); }
inline V MulAdd(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
inline V NegMulAdd(V a, V b, V c) { return _mm512_fnmadd_ps(a, b, c); }
inline V Max(V a, V b) { return _mm512_max_ps(a, b); }
inline V Min(V a, V b) { return _mm512_min_ps(a, b); }
inline V Sqrt(V a) { return _mm512_sqrt_ps(a); }
inline V Abs(V a) { return _mm512_abs_ps(a); }

inline V MulAddAt(const float* p, V w, V acc) { return _mm512_fmadd_ps(_mm512_load_ps(p), w, acc); }

inline V Held(V v) {
  asm("" : "+v"(v));
  return v;
}

template <int kFirst>
inline V Joined(V a, V b) {
  const __m512i v = _mm512_alignr_epi32(_mm512_castps_si512(b), _mm512_castps_si512(a), kFirst);
  return _mm512_castsi512_ps(v);
}

inline float ReduceSum(V v) {
  __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
  return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

// Pairs, then quarters, then twice the parts of 128 bits change places.
inline void Transpose(V v[kLanes]) {
  V pairs[kLanes];
  for (int i = 0; i < kLanes; i += 2) {
    pairs[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
  }
  V quarters[4][4];  // [g][e]: rows 4g .. 4g+3 of columns e, e+4, e+8, e+12
  for (int g = 0; g < 4; g++) {
    const V* p = pairs + 4 * g;
    quarters[g][0] = _mm512_shuffle_ps(p[0], p[2], 0x44);
    quarters[g][1] = _mm512_shuffle_ps(p[0], p[2], 0xEE);
    quarters[g][2] = _mm512_shuffle_ps(p[1], p[3], 0x44);
    quarters[g][3] = _mm512_shuffle_ps(p[1], p[3], 0xEE);
  }
  for (int e = 0; e < 4; e++) {
    V even01 = _mm512_shuffle_f32x4(quarters[0][e], quarters[1][e], 0x88);  // columns e, e+8
    V odd01 = _mm512_shuffle_f32x4(quarters[0][e], quarters[1][e], 0xDD);   // columns e+4, e+12
    V even23 = _mm512_shuffle_f32x4(quarters[2][e], quarters[3][e], 0x88);
    V odd23 = _mm512_shuffle_f32x4(quarters[2][e], quarters[3][e], 0xDD);
    v[e] = _mm512_shuffle_f32x4(even01, even23, 0x88);
    v[e + 4] = _mm512_shuffle_f32x4(odd01, odd23, 0x88);
    v[e + 8] = _mm512_shuffle_f32x4(even01, even23, 0xDD);
    v[e + 12] = _mm512_shuffle_f32x4(odd01, odd23, 0xDD);
  }
}

inline void TransposeQuads(V v[4]) {
  const V low01 = _mm512_shuffle_f32x4(v[0], v[1], 0x44);
  const V high01 = _mm512_shuffle_f32x4(v[0], v[1], 0xEE);
  const V low23 = _mm512_shuffle_f32x4(v[2], v[3], 0x44);
  const V high23 = _mm512_shuffle_f32x4(v[2], v[3], 0xEE);
  v[0] = _mm512_shuffle_f32x4(low01, low23, 0x88);
  v[1] = _mm512_shuffle_f32x4(low01, low23, 0xDD);
  v[2] = _mm512_shuffle_f32x4(high01, high23, 0x88);
  v[3] = _mm512_shuffle_f32x4(high01, high23, 0xDD);
}

// ---- masks

inline M FromBits(uint32_t bits) { return static_cast<M>(bits); }
// Straight from memory: compilers take the way through a general register.
inline M LoadBits(const uint16_t* bits) {
  M m;
  asm("kmovw %1, %0" : "=k"(m) : "m"(*bits));
  return m;
}
// Two neighbours by one load: loads are what masked products run out of.
inline void LoadBitsPair(const uint16_t* bits, M pair[2]) {
  __mmask32 both, high;
  asm("kmovd %1, %0" : "=k"(both) : "m"(*reinterpret_cast<const uint16_t(*)[2]>(bits)));
  asm("kshiftrd $16, %1, %0" : "=k"(high) : "k"(both));
  pair[0] = static_cast<M>(both);
  pair[1] = static_cast<M>(high);
}

// Into a general register at once. GCC 12 may leave the wider value in a mask register, store its
// sixteen bits in a slot of thirty-two and read all of them back: seen in accuracy.cpp at -O1 under
// the thread sanitizer, where the upper half was counted too.
inline uint32_t ToBits(M m) {
#if defined(__GNUC__) && !defined(__clang__)
  uint32_t bits;
  asm("kmovw %1, %0" : "=r"(bits) : "k"(m));
  return bits;
#else
  return m;
#endif
}
inline M FirstN(int n) { return static_cast<M>(n >= kLanes ? 0xFFFFu : (1u << n) - 1); }
inline M And(M a, M b) { return static_cast<M>(a & b); }
inline M AndNot(M a, M b) { return static_cast<M>(a & ~b); }
inline M Or(M a, M b) { return static_cast<M>(a | b); }
inline M Lt(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
inline M Gt(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
inline M Ge(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
inline M Eq(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
inline V IfThenElse(M m, V yes, V no) { return _mm512_mask_blend_ps(m, no, yes); }
inline V IfThenElseZero(M m, V yes) { return _mm512_maskz_mov_ps(m, yes); }

inline V MaskedLoad(M m, const float* p) { return _mm512_maskz_loadu_ps(m, p); }
inline void MaskedStore(M m, V v, float* p) { _mm512_mask_storeu_ps(p, m, v); }

// In registers: the instruction's store is microcode on Zen.
inline void CompressBlendedStore(V v, uint32_t bits, float* p) {
  const V front = _mm512_maskz_compress_ps(static_cast<M>(bits), v);
  MaskedStore(FirstN(__builtin_popcount(bits)), front, p);
}
inline void CompressStore(V v, uint32_t bits, float* p) {
  StoreU(_mm512_maskz_compress_ps(static_cast<M>(bits), v), p);
}
inline V LoadExpand(uint32_t bits, const float* p) {
  const V front = MaskedLoad(FirstN(__builtin_popcount(bits)), p);
  return _mm512_maskz_expand_ps(static_cast<M>(bits), front);
}

// ---- integers

inline U SetU(uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
inline U AddU(U a, U b) { return {_mm512_add_epi32(a.v, b.v)}; }
inline U IotaU(uint32_t first) {
  return AddU(SetU(first),
              {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)});
}
inline U LoadInts(const void* p) { return {_mm512_loadu_si512(p)}; }
inline U XorU(U a, U b) { return {_mm512_xor_si512(a.v, b.v)}; }
inline U AndU(U a, U b) { return {_mm512_and_si512(a.v, b.v)}; }
inline U MulWideU(U a, U b) { return {_mm512_mul_epu32(a.v, b.v)}; }
inline U OddU(U a) { return {_mm512_srli_epi64(a.v, 32)}; }
inline U MergeU(U even, U odd) {
  return {_mm512_mask_blend_epi32(0xAAAA, even.v, _mm512_slli_epi64(odd.v, 32))};
}
template <int kBits>
inline U ShiftRightU(U a) {
  return {_mm512_srli_epi32(a.v, kBits)};
}
template <int kBits>
inline U ShiftLeftU(U a) {
  return {_mm512_slli_epi32(a.v, kBits)};
}
inline U ShiftRightBy(U a, int bits) { return {_mm512_srlv_epi32(a.v, _mm512_set1_epi32(bits))}; }
template <int kBits>
inline V Lookup(const float* table, U index) {
  const __m512i i = index.v;
  if constexpr (kBits <= 4) {
    return _mm512_permutexvar_ps(i, _mm512_loadu_ps(table));
  } else if constexpr (kBits == 5) {
    return _mm512_permutex2var_ps(_mm512_loadu_ps(table), i, _mm512_loadu_ps(table + 16));
  } else if constexpr (kBits == 8) {
    return _mm512_i32gather_ps(_mm512_and_si512(i, _mm512_set1_epi32(0xFF)), table, 4);
  } else {
    const __mmask16 high = _mm512_test_epi32_mask(i, _mm512_set1_epi32(1 << (kBits - 1)));
    return _mm512_mask_blend_ps(high, Lookup<kBits - 1>(table, index),
                                Lookup<kBits - 1>(table + (1 << (kBits - 1)), index));
  }
}
inline M EqU(U a, U b) { return _mm512_cmpeq_epi32_mask(a.v, b.v); }
inline M GtU(U a, U b) { return _mm512_cmpgt_epi32_mask(a.v, b.v); }
inline V BitsToFloat(U a) { return _mm512_castsi512_ps(a.v); }
inline U FloatToBits(V a) { return {_mm512_castps_si512(a)}; }
inline V ToFloat(U a) { return _mm512_cvtepi32_ps(a.v); }
inline U ToNearest(V a) { return {_mm512_cvtps_epi32(a)}; }

// ---- bytes, four a lane

inline void StoreInts(U a, void* p) { _mm512_storeu_si512(p, a.v); }
template <int kBits>
inline U LookupBytes(const uint8_t* table, U index) {
  const __m512i i = index.v;
  if constexpr (kBits <= 4) {
    const __m128i entries = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
    return {_mm512_shuffle_epi8(_mm512_broadcast_i32x4(entries), i)};
  } else {
    constexpr int kHalf = 1 << (kBits - 1);
    const __mmask64 high = _mm512_test_epi8_mask(i, _mm512_set1_epi8(static_cast<char>(kHalf)));
    const U rest = {_mm512_and_si512(i, _mm512_set1_epi8(kHalf - 1))};
    return {_mm512_mask_blend_epi8(high, LookupBytes<kBits - 1>(table, rest).v,
                                   LookupBytes<kBits - 1>(table + kHalf, rest).v)};
  }
}
// The four columns' bits to every 64 bits, their bytes for rows 0 to 7 to the low half; then each
// lane tests its bit.
template <int kStep, int kColumns>
inline U SelectBytes(const uint16_t* columns, int count, int first) {
  __m512i bits;
  if constexpr (kColumns <= 8) {
    bits = _mm512_castsi128_si512(
        _mm_maskz_loadu_epi16(static_cast<__mmask8>((1u << count) - 1), columns));
  } else if constexpr (kColumns <= 16) {
    bits = _mm512_castsi256_si512(
        _mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << count) - 1), columns));
  } else {
    bits = _mm512_maskz_loadu_epi16(static_cast<__mmask32>((uint64_t{1} << count) - 1), columns);
  }
  const __m512i four = _mm512_set1_epi64(static_cast<int64_t>(
      uint64_t(first) * 0x0001000100010001u + uint64_t(kStep) * 0x0003000200010000u));
  const __m512i all = _mm512_permutexvar_epi16(four, bits);
  const int lo = 0x06040200, hi = 0x07050301;
  const __m512i half =
      _mm512_setr_epi32(lo, lo, lo, lo, lo, lo, lo, lo, hi, hi, hi, hi, hi, hi, hi, hi);
  const int top = -0x7F7F7F80;
  const __m512i bit = _mm512_setr_epi32(
      0x01010101, 0x02020202, 0x04040404, 0x08080808, 0x10101010, 0x20202020, 0x40404040, top,
      0x01010101, 0x02020202, 0x04040404, 0x08080808, 0x10101010, 0x20202020, 0x40404040, top);
  const __mmask64 set = _mm512_test_epi8_mask(_mm512_shuffle_epi8(all, half), bit);
  return {_mm512_movm_epi8(set)};
}
// The sign goes to the other side: two products of at most 127^2 fit 16 bits.
struct ByteFactor {
  static constexpr uint32_t kOffset = 0;
  __m512i size;
  __mmask64 negative;
  explicit ByteFactor(U bytes)
      : size(_mm512_abs_epi8(bytes.v)), negative(_mm512_movepi8_mask(bytes.v)) {}
  U DotAdd(U x, U acc) const {
    const __m512i signed_x = _mm512_mask_sub_epi8(x.v, negative, _mm512_setzero_si512(), x.v);
    const __m512i pairs = _mm512_maddubs_epi16(size, signed_x);
    return {_mm512_add_epi32(acc.v, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))};
  }
};
// VNNI multiplies unsigned bytes with signed ones. Written as assembly, since this table also runs
// where VNNI is absent and may not be compiled for it: ask HasByteDot() first.
struct FastByteFactor {
  static constexpr uint32_t kOffset = 128;
  __m512i w;
  explicit FastByteFactor(U bytes) : w(bytes.v) {}
  U DotAdd(U x, U acc) const {
    asm("vpdpbusd %2, %1, %0" : "+v"(acc.v) : "v"(w), "v"(x.v));
    return acc;
  }
};
inline bool HasByteDot() { return __builtin_cpu_supports("avx512vnni"); }

}  // namespace ITA_ISA

#endif  // INTARSIA_SIMD_AVX512_H_
