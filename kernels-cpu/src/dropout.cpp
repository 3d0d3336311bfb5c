// SPDX-License-Identifier: Apache-2.0
// Inverted dropout with a counter-based generator.
//
// Philox4x32-10 (Salmon et al. 2011) runs on vectors. Blocked: the 16 lanes are 16 images, whose
// numbers are one counter word, so one block of four words serves the elements e .. e+3 of all of
// them. Row-major: the lanes are 16 counters of one image, 64 elements in a row. The counter of an
// element is the same in both. There is no state; backward draws the same numbers again.
//
// Bound by the multiplier and the shifts of Philox: 80 products and 80 shifts for 64 elements,
// which share three ports of a Zen 5. Ladder, one thread, AVX-512, GB/s of fields in L3 (triad
// 122): high and low products apart 22; one product for both, chains one after the other 29; side
// by side 36; rounds unrolled: the same. AVX2 does not gain (10 to 11): its XOR takes two operands.
#include "rows.h"

namespace ITA_ISA {

namespace {

constexpr int kWords = 4;   // of a Philox block
constexpr int kBlocks = 2;  // drawn at a time
constexpr int kChains = 2 * kBlocks;
constexpr int kGroup = kBlocks * kWords;

struct Block {
  U word[kWords];
};

struct Key {
  uint32_t low, high;
};

// One round on half of the lanes, each in the low half of 64 bits: a product then holds both its
// halves, and what stands in the high half of the other words is ignored by the next product.
inline void one_round(U& a, U& b, U& c, U& d, Key key) {
  const U product0 = MulWideU(SetU(0xD2511F53u), a);
  const U product1 = MulWideU(SetU(0xCD9E8D57u), c);
  a = XorU(OddU(product1), XorU(b, SetU(key.low)));
  b = product1;
  c = XorU(OddU(product0), XorU(d, SetU(key.high)));
  d = product0;
}

inline Key next(Key key) { return {key.low + 0x9E3779B9u, key.high + 0xBB67AE85u}; }

// Ten rounds of each chain: side by side, as a round waits for its products; one after the other
// where registers are few.
inline void rounds(Block chains[kChains], Key key) {
  if (kAccumulators >= 24) {
    for (int round = 0; round < 10; round++, key = next(key)) {
      for (int i = 0; i < kChains; i++) {
        U* c = chains[i].word;
        one_round(c[0], c[1], c[2], c[3], key);
      }
    }
    return;
  }
  for (int i = 0; i < kChains; i++) {
    U* word = chains[i].word;
    U a = word[0], b = word[1], c = word[2], d = word[3];
    Key own = key;
    for (int round = 0; round < 10; round++, own = next(own)) one_round(a, b, c, d, own);
    chains[i] = {{a, b, c, d}};
  }
}

// Even and odd lanes apart.
inline void philox(Block random[kBlocks], Key key) {
  Block chains[kChains];
  for (int i = 0; i < kBlocks; i++) {
    chains[2 * i] = random[i];
    for (int w = 0; w < kWords; w++) chains[2 * i + 1].word[w] = OddU(random[i].word[w]);
  }
  rounds(chains, key);
  for (int i = 0; i < kBlocks; i++) {
    for (int w = 0; w < kWords; w++) {
      random[i].word[w] = MergeU(chains[2 * i].word[w], chains[2 * i + 1].word[w]);
    }
  }
}

// The chance and the factor of an op, its key, and its draw.
struct Odds {
  U limit;  // u >= rate on integers: the 24 bits of u are above limit
  V scale;
  Key key;
  U draw_low, draw_high;

  explicit Odds(const ita_dropout* op)
      : limit(SetU(limit_of(op->rate))),
        scale(Set(static_cast<float>(1 / (1 - static_cast<double>(op->rate))))),
        key{static_cast<uint32_t>(op->seed), static_cast<uint32_t>(op->seed >> 32)},
        draw_low(SetU(static_cast<uint32_t>(op->draw))),
        draw_high(SetU(static_cast<uint32_t>(op->draw >> 32))) {}

  // The least multiple of 2^-24 at or above the rate, less one; -1 at rate 0.
  static uint32_t limit_of(float rate) {
    const double wanted = static_cast<double>(rate) * 0x1p24;
    const uint32_t whole = static_cast<uint32_t>(wanted);
    return whole - (static_cast<double>(whole) < wanted ? 0 : 1);
  }

  Block counter(U quarter, U image) const { return {{quarter, image, draw_low, draw_high}}; }
  M kept(U word) const { return GtU(ShiftRightU<8>(word), limit); }
};

void apply_blocked(ita_context* ctx, const ita_dropout* op, const float* from, float* to) {
  const ita_activation_shape& s = op->shape;
  const int64_t elements = int64_t{s.c} * s.h * s.w;   // of an image
  const int64_t groups = divide_up(elements, kGroup);  // of an image
  const Odds odds(op);

  parallel_for(ctx, blocks_of(s.n) * groups, 256, [=](int64_t begin, int64_t end, int32_t) {
    for (int64_t item = begin; item < end; item++) {
      const int64_t block = item / groups;
      const int64_t first = (item - block * groups) * kGroup;
      const U images = IotaU(static_cast<uint32_t>(block * kLanes));
      Block random[kBlocks];
      for (int i = 0; i < kBlocks; i++) {
        random[i] = odds.counter(SetU(static_cast<uint32_t>(first / kWords + i)), images);
      }
      philox(random, odds.key);
      const int64_t at = (block * elements + first) * kLanes;
      const int64_t left = elements - first;
      auto apply_one = [&](int e) {
        V value = Mul(Load(from + at + e * kLanes), odds.scale);
        M kept = odds.kept(random[e / kWords].word[e % kWords]);
        Store(IfThenElseZero(kept, value), to + at + e * kLanes);
      };
      if (left >= kGroup) {
        for (int e = 0; e < kGroup; e++) apply_one(e);
      } else {
        for (int e = 0; e < left; e++) apply_one(e);
      }
    }
  });
}

void apply_row_major(ita_context* ctx, const ita_dropout* op, const float* from, float* to) {
  constexpr int64_t kStep = kGroup * kLanes;  // elements of an item
  const ita_activation_shape& s = op->shape;
  const int64_t elements = int64_t{s.c} * s.h * s.w;  // of an image
  const int64_t steps = divide_up(elements, kStep);   // of an image
  const Odds odds(op);

  parallel_for(ctx, s.n * steps, 64, [=](int64_t begin, int64_t end, int32_t) {
    for (int64_t item = begin; item < end; item++) {
      const int64_t image = item / steps;
      const int64_t first = (item - image * steps) * kStep;
      Block random[kBlocks];
      for (int i = 0; i < kBlocks; i++) {
        const int64_t quarter = first / kWords + i * kLanes;
        random[i] =
            odds.counter(IotaU(static_cast<uint32_t>(quarter)), SetU(static_cast<uint32_t>(image)));
      }
      philox(random, odds.key);
      float drawn[kGroup][kLanes], in_order[kStep];  // 1 where kept; of element lane * 4 + word
      for (int g = 0; g < kGroup; g++) {
        M kept = odds.kept(random[g / kWords].word[g % kWords]);
        StoreU(IfThenElseZero(kept, Set(1)), drawn[g]);
      }
      for (int e = 0; e < kStep; e++) {
        const int in_block = e % (kWords * kLanes);
        in_order[e] = drawn[e / (kWords * kLanes) * kWords + e % kWords][in_block / kWords];
      }
      const int64_t row = image * elements + first;
      const int64_t left = elements - first;
      for_each_vector(0, left < kStep ? left : kStep, [&](auto vector, int64_t e) {
        V value = Mul(vector.load(from + row + e), odds.scale);
        M kept = Gt(LoadU(in_order + e), Zero());
        vector.store(IfThenElseZero(kept, value), to + row + e);
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
