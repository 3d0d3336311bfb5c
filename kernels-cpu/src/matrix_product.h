// SPDX-License-Identifier: Apache-2.0
// A matrix of masked weights, or its transpose, times activations: linear layers and 1x1
// convolutions.
//
// Two ways, chosen by the live count alone: panels (matrix_panels.h), the dense speed whatever the
// mask, and lists of live weights (matrix_lists.h). Either reads weights and mask, or what
// pack_matrix made of them.
#ifndef INTARSIA_MATRIX_PRODUCT_H_
#define INTARSIA_MATRIX_PRODUCT_H_

#include "matrix_lists.h"
#include "matrix_panels.h"

namespace ITA_ISA {

inline ita_status multiply_matrix(ita_context* ctx, const MatrixProduct& p) {
  int64_t live;
  bool lists;
  if (p.packed) {
    ita_status status = check_packed(ctx, p);
    if (status != ITA_OK) return status;
    lists = reinterpret_cast<const PackedHeader*>(p.packed)->kind == kPackedLists;
    live = lists ? packed_starts(p.packed)[p.rows()] : p.o * p.i;
  } else {
    live = live_weights(p);
    lists = takes_lists(p, live);
  }
  return lists ? multiply_lists(ctx, p, live) : multiply_panels(ctx, p);
}

// Writes into `packed` what multiply_matrix reads in place of weights and mask.
inline void pack_matrix(ita_context* ctx, const MatrixProduct& p, float* packed) {
  const int64_t live = live_weights(p);
  const bool lists = takes_lists(p, live);
  *reinterpret_cast<PackedHeader*>(packed) = {kPackedMagic,
                                              lists ? kPackedLists : kPackedPanels,
                                              static_cast<int32_t>(p.o),
                                              static_cast<int32_t>(p.i),
                                              p.transposed,
                                              {}};
  if (lists) {
    pack_lists(ctx, p, packed);
  } else {
    pack_panels(ctx, p, packed + kHeaderFloats);
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_MATRIX_PRODUCT_H_
