// SPDX-License-Identifier: Apache-2.0
// A matrix of masked weights, or its transpose, times activations: linear layers and 1x1
// convolutions.
//
// Two ways, chosen by the live count alone: panels (matrix_panels.h), the dense speed whatever the
// mask, and lists of live weights (matrix_lists.h). Either reads weights and mask, or what
// pack_matrix made of them.
//
// Roofline: a weight is read once and serves 16 images a block. With one block the panels of a
// large layer come from memory (4 bytes for 32 flops: 4096 x 4096 has a floor of 1.7 ms at 40 GB/s,
// 2.1 ms at 250 GFLOP/s); from two blocks on, and in 1x1 convolutions, multiply-adds are the bound.
//
// Ladder (f32, one thread, AVX-512, Zen 5, cores shared with other work, so the fast runs of each
// step: rungs 2 and 3 their lower quartile, from 4 on their minimum). 4096 x 4096, batch 16, ms:
//                                                                   gathered   packed
//   1  panel of 16 rows over all k (median of another run) ........ 5.9        -
//   2  in chunks of k that fit the caches ......................... 15         2.5
//   3  eight panels gathered together, the next prefetched ........ 7.2        2.6
//   4  gathered weights prefetched a chunk ahead .................. 3.8        3.0   a wrong line
//   5  the right line at the end of a group ....................... 3.6        2.25  shipped
// 1x1, 256 to 256 channels on 8x8 maps, batch 16, GFLOP/s, minima of runs beside other work:
//   tiles copied, weights packed for the call ..................... 229
//   tile in the L1 cache for eight panels, no division per tile ... 234              shipped
// Not tried: weights broadcast where they are (sixteen rows a power of two apart share one set of
// the L1 cache, eight rows are bound by loads), weights in lanes and images broadcast.
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
