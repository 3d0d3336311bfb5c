// SPDX-License-Identifier: Apache-2.0
// One step of SGD on the trainable elements.
//
// One pass, bound by memory: 12 bytes read and 8 written per weight with momentum. An empty half of
// a mask word costs one test, any other half whole vectors: a frozen element is stored back with
// its own bits (plane.h says why). A mask to be cut from the new weights is written in the same
// pass, 1/8 byte more instead of another 4 read.
//
// Ladder, 12.6 M weights from DRAM, half of them trainable, one thread of a Zen 5, GB/s of fields
// (triad 41): stores with holes 31, whole vectors 59 (no mask: 61); with a cut 56.
#include "cut.h"

namespace ITA_ISA {

ita_status masked_sgd_step(ita_context* ctx, const ita_masked_sgd* op) {
  ITA_ASSERT(op->gradient && op->weights && (op->velocity || op->momentum == 0));
  ITA_ASSERT(!op->mask || (op->threshold && op->ties != ITA_TIES_EXACT));
  const float* gradient = op->gradient;
  float* weights = op->weights;
  float* velocity = op->velocity;
  const V rate = Set(op->learning_rate);
  const V momentum = Set(op->momentum);
  const V decay = Set(op->weight_decay);
  const bool nesterov = op->nesterov != 0;

  step_plane(ctx, op->shape, op->trainable, cut_of(op), [=](auto lanes, int64_t at) {
    V w = lanes.load(weights + at);
    V g = MulAdd(decay, w, lanes.load(gradient + at));
    V step = g;
    if (velocity) {
      V v = MulAdd(momentum, lanes.load(velocity + at), g);
      lanes.store(v, velocity + at);
      step = nesterov ? MulAdd(momentum, v, g) : v;
    }
    lanes.store(NegMulAdd(rate, step, w), weights + at);
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
