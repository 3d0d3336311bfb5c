// SPDX-License-Identifier: Apache-2.0
// One vocabulary, three dictionaries. Kernels are written once over these verbs (Highway's names)
// and compiled once per instruction set into the namespace ITA_ISA.
#ifndef INTARSIA_SIMD_SIMD_H_
#define INTARSIA_SIMD_SIMD_H_

#if defined(__AVX512F__)
#include "simd/avx512.h"
#elif defined(__AVX2__)
#include "simd/avx2.h"
#else
#include "simd/scalar.h"
#endif

namespace ITA_ISA {

constexpr bool kManyRegisters = kAccumulators >= 24;

}  // namespace ITA_ISA

#endif  // INTARSIA_SIMD_SIMD_H_
