// SPDX-License-Identifier: Apache-2.0
// Turns the dense gradient of (weights . mask) into those of weights and scores.
//
// One pass over g, weights and scores; three mask words serve two vectors. backward_weights does
// the same without storing g (gradient_sink.h); this is for a g that is there already.
#include "gradient_sink.h"

namespace ITA_ISA {

ita_status score_epilogue_apply(ita_context* ctx, const ita_score_epilogue* op) {
  ITA_ASSERT(op->weights && op->scores && op->mask && op->diff_weights && op->diff_scores);
  const float* weights = op->weights;
  const float* scores = op->scores;
  const uint32_t* mask = op->mask;
  const uint32_t* frozen = op->frozen;
  const uint32_t* candidates = op->candidates;
  float* diff_weights = op->diff_weights;
  float* diff_scores = op->diff_scores;

  for_each_word(ctx, op->shape, [=](const Word& word) {
    const uint32_t trained = word.bits(mask) & ~(frozen ? frozen[word.index] : 0);
    const uint32_t scored = word.bits(candidates);
    for_each_half(word.live, word.at, [=](auto lanes, int64_t at) {
      const uint32_t shift = static_cast<uint32_t>(at - word.at);
      V g = lanes.load(diff_weights + at);
      V s = times_sign(Mul(g, lanes.load(weights + at)), lanes.load(scores + at));
      lanes.store(IfThenElseZero(FromBits(trained >> shift & 0xFFFF), g), diff_weights + at);
      lanes.store(IfThenElseZero(FromBits(scored >> shift & 0xFFFF), s), diff_scores + at);
    });
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
