// SPDX-License-Identifier: Apache-2.0
// Inverted dropout with a counter-based generator.
//
// Philox4x32-10 (Salmon et al. 2011) runs on vectors. Blocked: the 16 lanes are 16 images, whose
// numbers are one counter word, so one block of four words serves the elements e .. e+3 of all of
// them. Row-major: the lanes are 16 counters of one image, 64 elements in a row. The counter of an
// element is the same in both. There is no state; backward draws the same numbers again.
#include "rows.h"

namespace ITA_ISA {

namespace {

constexpr int kWords = 4;  // of a Philox block

struct Block {
  U word[kWords];
};

struct Key {
  uint32_t low, high;
};

inline Block philox(Block counter, Key key) {
  const U multiplier0 = SetU(0xD2511F53u);
  const U multiplier1 = SetU(0xCD9E8D57u);
  U* c = counter.word;
  for (int round = 0; round < 10; round++) {
    U high0 = MulHiU(multiplier0, c[0]);
    U low0 = MulLoU(multiplier0, c[0]);
    U high1 = MulHiU(multiplier1, c[2]);
    U low1 = MulLoU(multiplier1, c[2]);
    c[0] = XorU(XorU(high1, c[1]), SetU(key.low));
    c[1] = low1;
    c[2] = XorU(XorU(high0, c[3]), SetU(key.high));
    c[3] = low0;
    key.low += 0x9E3779B9u;
    key.high += 0xBB67AE85u;
  }
  return counter;
}

// The chance and the factor of an op, its key, and its draw.
struct Odds {
  V rate, scale;
  Key key;
  U draw_low, draw_high;

  explicit Odds(const ita_dropout* op)
      : rate(Set(op->rate)),
        scale(Set(static_cast<float>(1 / (1 - static_cast<double>(op->rate))))),
        key{static_cast<uint32_t>(op->seed), static_cast<uint32_t>(op->seed >> 32)},
        draw_low(SetU(static_cast<uint32_t>(op->draw))),
        draw_high(SetU(static_cast<uint32_t>(op->draw >> 32))) {}

  // Numbers in [0, 1) of the counters (quarter, image) of each lane.
  void draw(U quarter, U image, V u[kWords]) const {
    const Block random = philox({{quarter, image, draw_low, draw_high}}, key);
    for (int w = 0; w < kWords; w++) {
      u[w] = Mul(ToFloat(ShiftRightU<8>(random.word[w])), Set(0x1p-24f));
    }
  }

  V apply(V u, V value) const { return IfThenElseZero(Ge(u, rate), Mul(value, scale)); }
};

void apply_blocked(ita_context* ctx, const ita_dropout* op, const float* from, float* to) {
  const ita_activation_shape& s = op->shape;
  const int64_t elements = int64_t{s.c} * s.h * s.w;  // of an image
  const int64_t draws = divide_up(elements, kWords);  // Philox blocks of an image
  const Odds odds(op);

  parallel_for(ctx, blocks_of(s.n) * draws, 256, [=](int64_t begin, int64_t end, int32_t) {
    for (int64_t item = begin; item < end; item++) {
      const int64_t block = item / draws;
      const int64_t draw = item - block * draws;
      V u[kWords];
      odds.draw(SetU(static_cast<uint32_t>(draw)), IotaU(static_cast<uint32_t>(block * kLanes)), u);
      const int64_t first = draw * kWords;
      const int64_t last = first + kWords < elements ? first + kWords : elements;
      for (int64_t e = first; e < last; e++) {
        const int64_t at = (block * elements + e) * kLanes;
        Store(odds.apply(u[e - first], Load(from + at)), to + at);
      }
    }
  });
}

void apply_row_major(ita_context* ctx, const ita_dropout* op, const float* from, float* to) {
  constexpr int64_t kStep = kWords * kLanes;  // elements of an item
  const ita_activation_shape& s = op->shape;
  const int64_t elements = int64_t{s.c} * s.h * s.w;  // of an image
  const int64_t steps = divide_up(elements, kStep);   // of an image
  const Odds odds(op);

  parallel_for(ctx, s.n * steps, 256, [=](int64_t begin, int64_t end, int32_t) {
    for (int64_t item = begin; item < end; item++) {
      const int64_t image = item / steps;
      const int64_t step = item - image * steps;
      V u[kWords];
      odds.draw(IotaU(static_cast<uint32_t>(step * kLanes)), SetU(static_cast<uint32_t>(image)), u);
      float drawn[kWords][kLanes], in_order[kStep];  // of element lane * 4 + word
      for (int w = 0; w < kWords; w++) StoreU(u[w], drawn[w]);
      for (int e = 0; e < kStep; e++) in_order[e] = drawn[e % kWords][e / kWords];
      const int64_t row = image * elements + step * kStep;
      const int64_t left = elements - step * kStep;
      for_each_vector(0, left < kStep ? left : kStep, [&](auto vector, int64_t e) {
        V value = vector.load(from + row + e);
        vector.store(odds.apply(LoadU(in_order + e), value), to + row + e);
      });
    }
  });
}

// from and to are [N, C, H, W] activations and may be the same.
void apply(ita_context* ctx, const ita_dropout* op, const float* from, float* to) {
  if (op->shape.block == 1) {
    apply_row_major(ctx, op, from, to);
  } else {
    apply_blocked(ctx, op, from, to);
  }
}

}  // namespace

ita_status dropout_forward(ita_context* ctx, const ita_dropout* op) {
  ITA_ASSERT(op->src && op->dst && op->rate >= 0 && op->rate < 1);
  apply(ctx, op, op->src, op->dst);
  return ITA_OK;
}

ita_status dropout_backward_data(ita_context* ctx, const ita_dropout* op) {
  ITA_ASSERT(op->diff_dst && op->diff_src && op->rate >= 0 && op->rate < 1);
  apply(ctx, op, op->diff_dst, op->diff_src);
  return ITA_OK;
}

}  // namespace ITA_ISA
