// SPDX-License-Identifier: Apache-2.0
// The rank-th smallest magnitude among the candidates, exactly.
//
// One pass by a bracket from a sample; by digits, in three passes, where that has no answer: a
// small plane, few candidates, a rank or a value to be refused, bad luck.
//
// Bound: one read of the weights, 0.10 ns each from DRAM. Ladder, ns a weight of 2.4 M, one thread
// of a Zen 5, over twelve distributions: digits alone 0.6 (wide) to 2.7 (all equal, two values, a
// tiny range); bracket 0.16 (all equal) to 0.52 (uniform). What is left is collecting what is
// inside: without a branch on the first two of a word, 4.2 M scores of a layer of AlexNet take 1.2
// ms for 1.8. Counting the first digit inside the optimiser instead would cost it 0.5 ns a weight:
// more than the whole pass here.
#include "magnitude_bracket.h"
#include "magnitude_digits.h"

namespace ITA_ISA {

ita_status magnitude_threshold_select(ita_context* ctx, const ita_magnitude_threshold* op) {
  ITA_ASSERT(op->values && op->threshold && op->counts);
  const Found found = select_by_bracket(ctx, op);
  if (found.equal == 0) return select_by_digits(ctx, op);
  memcpy(op->threshold, &found.magnitude, sizeof found.magnitude);
  op->counts[0] = found.below;
  op->counts[1] = found.equal;
  return ITA_OK;
}

}  // namespace ITA_ISA
