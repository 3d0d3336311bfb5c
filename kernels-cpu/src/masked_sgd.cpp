// SPDX-License-Identifier: Apache-2.0
// One step of SGD on the trainable elements.
//
// One pass: every tensor is read and written once. An empty mask word costs one test, a full half
// word plain loads and stores, and anything between masked ones, so that a frozen element is not
// even rewritten with its own value.
#include "plane.h"

namespace ITA_ISA {

ita_status masked_sgd_step(ita_context* ctx, const ita_masked_sgd* op) {
  ITA_ASSERT(op->gradient && op->weights && (op->velocity || op->momentum == 0));
  const float* gradient = op->gradient;
  float* weights = op->weights;
  float* velocity = op->velocity;
  const V rate = Set(op->learning_rate);
  const V momentum = Set(op->momentum);
  const V decay = Set(op->weight_decay);
  const bool nesterov = op->nesterov != 0;

  for_each_selected(ctx, op->shape, op->trainable, [=](auto lanes, int64_t at) {
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
