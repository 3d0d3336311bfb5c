// SPDX-License-Identifier: Apache-2.0
// Walks contiguous floats by vectors, the last one in part.
//
// Blocked activations are whole vectors. Row-major ones (block 1) have rows of any length at any
// address, hence unaligned loads, and a masked end: memory beyond a row is not touched. One body
// serves both layouts, a template on whether its vector is whole.
#ifndef INTARSIA_ROWS_H_
#define INTARSIA_ROWS_H_

#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

// A vector of a row: 16 floats.
struct Whole {
  V load(const float* p) const { return LoadU(p); }
  V load_or(const float* p, V) const { return LoadU(p); }
  void store(V v, float* p) const { StoreU(v, p); }
  V only(V v) const { return v; }
};

// The end of a row: the first lanes. Others read as zero and are not written.
struct Part {
  M lanes;

  V load(const float* p) const { return MaskedLoad(lanes, p); }
  V load_or(const float* p, V other) const {
    return IfThenElse(lanes, MaskedLoad(lanes, p), other);
  }
  void store(V v, float* p) const { MaskedStore(lanes, v, p); }
  V only(V v) const { return IfThenElseZero(lanes, v); }
};

// Calls body(Whole or Part, at) for every vector of floats [begin, end) of a row.
template <class Body>
inline void for_each_vector(int64_t begin, int64_t end, const Body& body) {
  int64_t at = begin;
  for (; at + kLanes <= end; at += kLanes) body(Whole(), at);
  if (at < end) body(Part{FirstN(static_cast<int>(end - at))}, at);
}

// Images that the memory of n images holds, pad lanes counted.
inline int64_t images_held(int64_t n, int32_t block) {
  return block == 1 ? n : blocks_of(n) * ITA_BLOCK;
}

// Calls body(Whole or Part, at) for all floats of an activation tensor, on the context's threads.
template <class Body>
inline void for_each_float(ita_context* ctx, const ita_activation_shape& s, const Body& body) {
  const int64_t floats = images_held(s.n, s.block) * s.c * s.h * s.w;
  parallel_for(ctx, divide_up(floats, kLanes), grain_for(12),
               [=](int64_t begin, int64_t end, int32_t) {
                 const int64_t last = end * kLanes < floats ? end * kLanes : floats;
                 for_each_vector(begin * kLanes, last, body);
               });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_ROWS_H_
