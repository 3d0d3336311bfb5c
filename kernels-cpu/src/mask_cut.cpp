// SPDX-License-Identifier: Apache-2.0
// Cuts a mask from magnitudes by a threshold.
//
// Bound by memory: 4 bytes read and 1/8 written per weight, one comparison a vector (cut.h). With
// exact ties a first pass counts per segment, a prefix over segments deals out the room for ties in
// index order, and a second pass writes.
#include "cut.h"

namespace ITA_ISA {

namespace {

// The candidates of a word above and at the threshold.
struct Sides {
  uint32_t above;
  uint32_t equal;
};

struct Comparison {
  const float* values;
  const uint32_t* candidates;
  uint32_t threshold;  // bits

  Sides operator()(const Word& word) const {
    Sides sides = {0, 0};
    for_each_half(word.bits(candidates), word.at, [&](auto lanes, int64_t at) {
      U magnitude = AndU(FloatToBits(lanes.load(values + at)), SetU(kMagnitude));
      uint32_t shift = static_cast<uint32_t>(at - word.at);
      sides.above |= ToBits(GtU(magnitude, SetU(threshold))) << shift;
      sides.equal |= ToBits(EqU(magnitude, SetU(threshold))) << shift;
    });
    uint32_t selected = word.bits(candidates);
    return {sides.above & selected, sides.equal & selected};
  }
};

// The `limit` lowest of the set bits.
uint32_t lowest(uint32_t bits, int64_t limit) {
  if (limit <= 0) return 0;
  for (int excess = __builtin_popcount(bits); excess > limit; excess--) {
    bits &= ~(0x80000000u >> __builtin_clz(bits));
  }
  return bits;
}

// Keeps all ties or none; counts are kept per worker, a cache line apart.
ita_status cut_alike(ita_context* ctx, const ita_mask_cut* op, const Plane& plane) {
  constexpr int64_t kApart = 8;
  const int64_t bytes = ctx->threads * kApart * static_cast<int64_t>(sizeof(int64_t));
  int64_t* kept = static_cast<int64_t*>(ita_core_scratch(ctx, bytes));
  if (!kept) return ITA_OUT_OF_MEMORY;
  memset(kept, 0, static_cast<size_t>(bytes));

  const Cut cut = {op->values, op->candidates, op->mask, Cut::bound_of(op->threshold, op->ties)};
  const int64_t segments = plane.segments();
  parallel_for(ctx, segments, plane.grain(), [&](int64_t begin, int64_t end, int32_t worker) {
    const Cut own = cut;  // a copy that no store can alias
    int64_t count = 0;
    for (int64_t segment = begin; segment < end; segment++) {
      plane.walk(segment,
                 [own, &count](const Word& word) { count += __builtin_popcount(own.apply(word)); });
    }
    kept[worker * kApart] += count;
  });
  op->kept[0] = 0;
  for (int32_t worker = 0; worker < ctx->threads; worker++) op->kept[0] += kept[worker * kApart];
  return ITA_OK;
}

// Counts of a segment; `equal` becomes the ties that it may keep.
struct Tally {
  int64_t above;
  int64_t equal;
};

void count_sides(ita_context* ctx, const Plane& plane, Comparison sides_of, Tally* tally) {
  parallel_for(ctx, plane.segments(), plane.grain(), [&](int64_t begin, int64_t end, int32_t) {
    for (int64_t segment = begin; segment < end; segment++) {
      Tally counts = {0, 0};
      plane.walk(segment, [&](const Word& word) {
        Sides sides = sides_of(word);
        counts.above += __builtin_popcount(sides.above);
        counts.equal += __builtin_popcount(sides.equal);
      });
      tally[segment] = counts;
    }
  });
}

// Lowest index first. Returns the bits that the mask will have.
int64_t deal_out_ties(int64_t keep, int64_t segments, Tally* tally) {
  int64_t kept = 0;
  for (int64_t i = 0; i < segments; i++) kept += tally[i].above;
  for (int64_t i = 0; i < segments; i++) {
    int64_t room = keep > kept ? keep - kept : 0;
    if (tally[i].equal > room) tally[i].equal = room;
    kept += tally[i].equal;
  }
  return kept;
}

ita_status cut_exact(ita_context* ctx, const ita_mask_cut* op, const Plane& plane,
                     Comparison sides_of) {
  const int64_t bytes = plane.segments() * static_cast<int64_t>(sizeof(Tally));
  Tally* tally = static_cast<Tally*>(ita_core_scratch(ctx, bytes));
  if (!tally) return ITA_OUT_OF_MEMORY;

  count_sides(ctx, plane, sides_of, tally);
  op->kept[0] = deal_out_ties(op->keep, plane.segments(), tally);

  uint32_t* mask = op->mask;
  parallel_for(ctx, plane.segments(), plane.grain(), [&](int64_t begin, int64_t end, int32_t) {
    for (int64_t segment = begin; segment < end; segment++) {
      int64_t room = tally[segment].equal;
      plane.walk(segment, [&](const Word& word) {
        Sides sides = sides_of(word);
        uint32_t ties = lowest(sides.equal, room);
        room -= __builtin_popcount(ties);
        mask[word.index] = sides.above | ties;
      });
    }
  });
  return ITA_OK;
}

}  // namespace

ita_status mask_cut_apply(ita_context* ctx, const ita_mask_cut* op) {
  ITA_ASSERT(op->values && op->threshold && op->mask && op->kept);
  const Plane plane(op->shape);
  if (op->ties != ITA_TIES_EXACT) return cut_alike(ctx, op, plane);
  return cut_exact(ctx, op, plane, {op->values, op->candidates, threshold_bits(op->threshold)});
}

}  // namespace ITA_ISA
