// SPDX-License-Identifier: Apache-2.0
// One step of Adam or AdamW on the trainable elements.
//
// One pass, like masked_sgd: 16 bytes read and 12 written per weight, from DRAM at 60 GB/s where
// the triad has 41 (35 with stores with holes, half of the weights trainable). The bias corrections
// are the same for all elements: they are computed once, in double, and folded into the learning
// rate and the second moment's scale. Division and square root are the exact ones, so that every
// instruction set rounds alike.
#include "cut.h"

namespace ITA_ISA {

namespace {

// base ^ exponent by repeated squaring: no library call, the same bits everywhere.
double power(double base, int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base) {
    if (exponent & 1) result *= base;
  }
  return result;
}

}  // namespace

ita_status masked_adam_step(ita_context* ctx, const ita_masked_adam* op) {
  ITA_ASSERT(op->gradient && op->weights && op->first_moment && op->second_moment && op->step > 0);
  ITA_ASSERT(!op->mask || (op->threshold && op->ties != ITA_TIES_EXACT));
  const float* gradient = op->gradient;
  float* weights = op->weights;
  float* first = op->first_moment;
  float* second = op->second_moment;

  const double rate = op->learning_rate;
  const double decay = op->weight_decay;
  const double correction1 = 1 - power(op->beta1, op->step);
  const double correction2 = 1 - power(op->beta2, op->step);
  const V beta1 = Set(op->beta1);
  const V beta2 = Set(op->beta2);
  const V rest1 = Set(static_cast<float>(1.0 - op->beta1));
  const V rest2 = Set(static_cast<float>(1.0 - op->beta2));
  const V corrected_rate = Set(static_cast<float>(rate / correction1));
  const V corrected_second = Set(static_cast<float>(1 / correction2));
  const V epsilon = Set(op->epsilon);
  const V coupled = Set(op->decoupled ? 0.0f : op->weight_decay);
  const V shrink = Set(op->decoupled ? static_cast<float>(rate * decay) : 0.0f);

  step_plane(ctx, op->shape, op->trainable, cut_of(op), [=](auto lanes, int64_t at) {
    V w = lanes.load(weights + at);
    V g = MulAdd(coupled, w, lanes.load(gradient + at));
    V m = MulAdd(beta1, lanes.load(first + at), Mul(rest1, g));
    V v = MulAdd(beta2, lanes.load(second + at), Mul(rest2, Mul(g, g)));
    lanes.store(m, first + at);
    lanes.store(v, second + at);
    V scale = Add(Sqrt(Mul(v, corrected_second)), epsilon);
    w = NegMulAdd(shrink, w, w);
    lanes.store(Sub(w, Div(Mul(corrected_rate, m), scale)), weights + at);
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
