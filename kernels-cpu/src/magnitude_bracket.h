// SPDX-License-Identifier: Apache-2.0
// The rank-th smallest magnitude in one pass: a sample brackets it, the pass counts what lies below
// the bracket and collects what lies inside, a bisection over bits finds it there.
//
// The bracket [low, high] holds the rank but for bad luck (four standard deviations of the sample
// on either side); its own two values are only counted, so that a value that many weights share is
// never collected. The sample's places are a hash of their number: nothing here depends on time or
// threads, and the answer is exact whatever the sample said, or there is none.
#ifndef INTARSIA_MAGNITUDE_BRACKET_H_
#define INTARSIA_MAGNITUDE_BRACKET_H_

#include <string.h>

#include "cut.h"

namespace ITA_ISA {

constexpr int64_t kBracketElements = 16384;  // a smaller plane has too small a sample
constexpr int64_t kSampleLeast = 256;
constexpr int64_t kSampleMost = 16384;
constexpr uint32_t kInfinity = 0x7F800000u;

inline uint32_t magnitude_at(const float* p) {
  uint32_t bits;
  memcpy(&bits, p, sizeof bits);
  return bits & kMagnitude;
}

// Of `count` magnitudes, padded to a whole vector with the largest integer: how many are below a
// bound.
inline int64_t count_below(const uint32_t* magnitudes, int64_t count, uint32_t bound) {
  int64_t below = 0;
  for (int64_t i = 0; i < count; i += kLanes) {
    below += __builtin_popcount(ToBits(GtU(SetU(bound), LoadInts(magnitudes + i))));
  }
  return below;
}

// The rank-th smallest, rank from 1: the largest number that fewer than `rank` are below.
inline uint32_t select_by_bits(const uint32_t* magnitudes, int64_t count, int64_t rank) {
  uint32_t found = 0;
  for (uint32_t bit = 1u << 30; bit; bit >>= 1) {
    if (count_below(magnitudes, count, found | bit) < rank) found |= bit;
  }
  return found;
}

inline void pad_to_vector(uint32_t* magnitudes, int64_t count) {
  for (int64_t i = count; i < round_up(count, kLanes); i++) magnitudes[i] = kMagnitude;
}

// Magnitudes of candidates at hashed places, one from each stretch of the plane.
inline int64_t draw_sample(const ita_magnitude_threshold* op, uint32_t* sample) {
  const int64_t cols = op->shape.cols;
  const int64_t elements = op->shape.rows * cols;
  int64_t draws = elements / 32 < kSampleMost ? elements / 32 : kSampleMost;
  const int64_t stretch = elements / draws;
  int64_t count = 0;
  for (int64_t i = 0; i < draws; i++) {
    const uint32_t hash = static_cast<uint32_t>(i) * 0x9E3779B9u;  // Fibonacci hashing
    const int64_t at =
        i * stretch + (static_cast<uint64_t>(hash) * static_cast<uint64_t>(stretch) >> 32);
    if (op->candidates) {
      const int64_t row = at / cols, col = at - row * cols;
      if (!(op->candidates[row * words_of(cols) + col / kWordColumns] >> (col % kWordColumns) & 1))
        continue;
    }
    sample[count++] = magnitude_at(op->values + at);
  }
  pad_to_vector(sample, count);
  return count;
}

inline int64_t count_candidates(const ita_magnitude_threshold* op) {
  int64_t count = int64_t{op->shape.rows} * op->shape.cols;
  if (!op->candidates) return count;
  count = 0;
  const int64_t words = op->shape.rows * words_of(op->shape.cols);
  for (int64_t i = 0; i < words; i++) count += __builtin_popcount(op->candidates[i]);
  return count;
}

struct Bracket {
  uint32_t low, high;
};

inline Bracket bracket_of(const uint32_t* sample, int64_t count, int64_t rank, int64_t candidates) {
  const double place =
      static_cast<double>(rank) / static_cast<double>(candidates) * static_cast<double>(count);
  const double margin = 2 * __builtin_sqrt(static_cast<double>(count)) + 2;
  const int64_t first = static_cast<int64_t>(place - margin);
  const int64_t last = static_cast<int64_t>(place + margin) + 1;
  return {first < 1 ? 0 : select_by_bits(sample, count, first),
          last > count ? kInfinity : select_by_bits(sample, count, last)};
}

// What one worker has seen.
struct Seen {
  int64_t from_low, above_low, from_high, above_high;  // candidates at or above, above
  int64_t nan;                                         // not 0: some
  int64_t apart[3];                                    // a cache line of its own
};

// What lies strictly inside the bracket, of all workers, in any order.
struct Inside {
  uint32_t* magnitudes;
  int64_t room;
  int64_t count;  // atomic; beyond `room` nothing was kept

  void append(const uint32_t* from, int64_t many) {
    const int64_t at = __atomic_fetch_add(&count, many, __ATOMIC_RELAXED);
    if (at + many <= room) memcpy(magnitudes + at, from, static_cast<size_t>(many) * sizeof *from);
  }
};

// Counts a run of words; what it collects waits in L1 until there is enough of it.
class Collector {
 public:
  Collector(const ita_magnitude_threshold* op, Bracket bracket, Inside* inside)
      : values_(op->values),
        candidates_(op->candidates),
        bracket_(bracket),
        inside_(inside),
        seen_{},
        waiting_(0) {}

  void add(const Word& word) {
    Bits bits = {0, 0, 0, 0, 0};
    if (word.live == ~0u) {
      compare(LoadU(values_ + word.at), 0, &bits);
      compare(LoadU(values_ + word.at + kLanes), kLanes, &bits);
    } else {
      for_each_half(word.live, word.at, [&](auto lanes, int64_t at) {
        compare(lanes.load(values_ + at), static_cast<int>(at - word.at), &bits);
      });
    }
    const uint32_t selected = word.bits(candidates_);
    seen_.from_low += __builtin_popcount(bits.from_low & selected);
    seen_.above_low += __builtin_popcount(bits.above_low & selected);
    seen_.from_high += __builtin_popcount(bits.from_high & selected);
    seen_.above_high += __builtin_popcount(bits.above_high & selected);
    seen_.nan |= bits.nan & selected;
    uint32_t in = bits.above_low & ~bits.from_high & selected;
    for (int i = 0; i < 2; i++) {  // a branch on about every second word would be mispredicted
      const int any = in != 0;
      const int column = __builtin_ctz(in | 1u << 31) & -any;
      wait_[waiting_] = magnitude_at(values_ + word.at + column);
      waiting_ += any;
      in &= in - 1;
    }
    for (; in; in &= in - 1) {
      wait_[waiting_++] = magnitude_at(values_ + word.at + __builtin_ctz(in));
    }
    if (waiting_ > kWait - kWordColumns) flush();
  }

  void finish(Seen* seen) {
    flush();
    seen->from_low += seen_.from_low;
    seen->above_low += seen_.above_low;
    seen->from_high += seen_.from_high;
    seen->above_high += seen_.above_high;
    seen->nan |= seen_.nan;
  }

 private:
  static constexpr int64_t kWait = 1024;

  struct Bits {
    uint32_t from_low, above_low, from_high, above_high, nan;
  };

  void compare(V values, int shift, Bits* bits) const {
    const U magnitude = AndU(FloatToBits(values), SetU(kMagnitude));
    bits->from_low |= ToBits(GtU(magnitude, SetU(bracket_.low - 1))) << shift;  // signed: -1 fits
    bits->above_low |= ToBits(GtU(magnitude, SetU(bracket_.low))) << shift;
    bits->from_high |= ToBits(GtU(magnitude, SetU(bracket_.high - 1))) << shift;
    bits->above_high |= ToBits(GtU(magnitude, SetU(bracket_.high))) << shift;
    bits->nan |= ToBits(GtU(magnitude, SetU(kInfinity))) << shift;
  }

  void flush() {
    inside_->append(wait_, waiting_);
    waiting_ = 0;
  }

  const float* values_;
  const uint32_t* candidates_;
  Bracket bracket_;
  Inside* inside_;
  Seen seen_;
  int64_t waiting_;
  uint32_t wait_[kWait];
};

inline Seen count_sides(ita_context* ctx, const ita_magnitude_threshold* op, Bracket bracket,
                        Inside* inside, Seen* seen) {
  const Plane plane(op->shape);
  memset(seen, 0, static_cast<size_t>(ctx->threads) * sizeof(Seen));
  parallel_for(ctx, plane.segments(), plane.grain(),
               [&](int64_t begin, int64_t end, int32_t worker) {
                 Collector own(op, bracket, inside);
                 for (int64_t segment = begin; segment < end; segment++) {
                   plane.walk(segment, [&](const Word& word) { own.add(word); });
                 }
                 own.finish(seen + worker);
               });
  for (int32_t worker = 1; worker < ctx->threads; worker++) {
    seen[0].from_low += seen[worker].from_low;
    seen[0].above_low += seen[worker].above_low;
    seen[0].from_high += seen[worker].from_high;
    seen[0].above_high += seen[worker].above_high;
    seen[0].nan |= seen[worker].nan;
  }
  return seen[0];
}

// The threshold and its counts; equal 0: not found, or nothing to be found.
struct Found {
  uint32_t magnitude;
  int64_t below, equal;
};

inline Found find_inside(Inside* inside, int64_t below, int64_t rank) {
  pad_to_vector(inside->magnitudes, inside->count);
  const uint32_t magnitude = select_by_bits(inside->magnitudes, inside->count, rank - below);
  const int64_t less = count_below(inside->magnitudes, inside->count, magnitude);
  return {magnitude, below + less,
          count_below(inside->magnitudes, inside->count, magnitude + 1) - less};
}

inline Found select_by_bracket(ita_context* ctx, const ita_magnitude_threshold* op) {
  const Found nothing = {0, 0, 0};
  const int64_t elements = int64_t{op->shape.rows} * op->shape.cols;
  const int64_t candidates = count_candidates(op);
  if (elements < kBracketElements || op->rank < 1 || op->rank > candidates) return nothing;

  Cutter cutter;
  const int64_t room = elements / 4;
  const int64_t seen_at = cutter.take<Seen>(ctx->threads);
  const int64_t sample_at = cutter.take<uint32_t>(kSampleMost + kLanes);
  const int64_t inside_at = cutter.take<uint32_t>(room + kLanes);
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cutter.size()));
  if (!scratch) return nothing;
  uint32_t* sample = reinterpret_cast<uint32_t*>(scratch + sample_at);
  const int64_t drawn = draw_sample(op, sample);
  if (drawn < kSampleLeast) return nothing;

  const Bracket bracket = bracket_of(sample, drawn, op->rank, candidates);
  Inside inside = {reinterpret_cast<uint32_t*>(scratch + inside_at), room, 0};
  const Seen seen =
      count_sides(ctx, op, bracket, &inside, reinterpret_cast<Seen*>(scratch + seen_at));
  const int64_t below_low = candidates - seen.from_low, upto_low = candidates - seen.above_low;
  const int64_t below_high = candidates - seen.from_high, upto_high = candidates - seen.above_high;
  if (seen.nan || inside.count > room || op->rank <= below_low || op->rank > upto_high)
    return nothing;
  if (op->rank <= upto_low) return {bracket.low, below_low, upto_low - below_low};
  if (op->rank > below_high) return {bracket.high, below_high, upto_high - below_high};
  return find_inside(&inside, upto_low, op->rank);
}

}  // namespace ITA_ISA

#endif  // INTARSIA_MAGNITUDE_BRACKET_H_
