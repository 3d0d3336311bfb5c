// SPDX-License-Identifier: Apache-2.0
// Labels of a batch, checked once before a kernel uses them as indices.
#ifndef INTARSIA_LABELS_H_
#define INTARSIA_LABELS_H_

#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

// op has shape, first_class, classes and labels.
template <class Op>
inline ita_status check_labels(ita_context* ctx, const Op* op) {
  for (int32_t n = 0; n < op->shape.n; n++) {
    int32_t label = op->labels[n];
    if (label >= op->first_class && label - op->first_class < op->classes) continue;
    return ita_core_fail(ctx, ITA_INVALID_VALUE,
                         "labels[%d] is %d, expected %d .. %d, the classes asked for; widen the "
                         "class range or correct the label",
                         n, label, op->first_class, op->first_class + op->classes - 1);
  }
  return ITA_OK;
}

// The labels of one block of 16; pad lanes have -1, which is no class.
struct BlockLabels {
  int32_t lane[kLanes];
  int images;

  template <class Op>
  BlockLabels(const Op* op, int64_t block) {
    const int64_t left = op->shape.n - block * kLanes;
    images = left < kLanes ? static_cast<int>(left) : kLanes;
    for (int i = 0; i < kLanes; i++) lane[i] = i < images ? op->labels[block * kLanes + i] : -1;
  }
};

}  // namespace ITA_ISA

#endif  // INTARSIA_LABELS_H_
