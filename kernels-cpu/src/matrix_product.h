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
// Ladder (f32, one thread, AVX-512, Zen 5; 4096 x 4096 at batch 16 unless said otherwise):
//   1  panel of 16 rows over all k, gathered per call ............. 5.9 ms
//   2  1, in chunks of k that fit the caches ...................... 16 ms   short runs from memory
//   3  2, eight panels gathered together, next ones prefetched .... 7.2 ms
//   4  3, prefetched while the chunk before is multiplied ......... 3.7 ms  not packed
//   5  4, packed panels ........................................... 3.0 ms
//   6  5, each panel fetches the one that is read after it ........ 2.3 ms  packed, 239 GFLOP/s
// and 1x1, 256 to 256 channels on 8x8 maps at batch 16, GFLOP/s:
//   4x4 tiles on the source where it is, weights gathered a panel . 209     (1024 to 256 on 14x14)
//   tiles copied, weights packed for the call ..................... 227
//   tile in the L1 cache for eight panels, no division per tile ... 234     of about 250
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
