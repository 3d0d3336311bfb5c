// SPDX-License-Identifier: Apache-2.0
// Sixteen rows of floats into the lanes of vectors, and back, by tiles of 16 rows and 16 elements.
#ifndef INTARSIA_LANES_H_
#define INTARSIA_LANES_H_

#include "rows.h"

namespace ITA_ISA {

// to[e][lane] = from[lane * stride + e] for `elements` 1 .. 16; lanes from `rows` on get zero.
inline void tile_to_lanes(const float* from, int64_t stride, int rows, int elements, float* to) {
  const M inside = FirstN(elements);
  V v[kLanes];  // [row][element]
  for (int n = 0; n < kLanes; n++) {
    v[n] = n < rows ? MaskedLoad(inside, from + n * stride) : Zero();
  }
  Transpose(v);  // [element][row]
  for (int e = 0; e < elements; e++) Store(v[e], to + e * kLanes);
}

// to[lane * stride + e] = from[e][lane], of the first `rows` lanes.
inline void tile_to_rows(const float* from, int64_t stride, int rows, int elements, float* to) {
  const M inside = FirstN(elements);
  V v[kLanes];  // [element][row]
  for (int e = 0; e < kLanes; e++) v[e] = e < elements ? Load(from + e * kLanes) : Zero();
  Transpose(v);  // [row][element]
  for (int n = 0; n < rows; n++) MaskedStore(inside, v[n], to + n * stride);
}

inline int tile_width(int64_t left) { return left < kLanes ? static_cast<int>(left) : kLanes; }

// The same for rows of any number of elements, which follow each other.
inline void to_lanes(const float* from, int64_t elements, int rows, float* to) {
  for (int64_t e = 0; e < elements; e += kLanes) {
    tile_to_lanes(from + e, elements, rows, tile_width(elements - e), to + e * kLanes);
  }
}

inline void to_rows(const float* from, int64_t elements, int rows, float* to) {
  for (int64_t e = 0; e < elements; e += kLanes) {
    tile_to_rows(from + e * kLanes, elements, rows, tile_width(elements - e), to + e);
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_LANES_H_
