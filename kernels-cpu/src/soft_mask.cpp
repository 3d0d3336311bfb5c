// SPDX-License-Identifier: Apache-2.0
// Factors of frozen weights from real scores, a unit of weights each; and the scores' gradient.
//
// Bound by memory: a score, a word of the mask and a weight's eight bytes. Two passes: the range of
// the dropped scores belongs to the layer, and a NaN is refused before anything is written. Sixty-
// four factors of a row are made at once and spread while they are in L1.
#include "plane.h"
#include "simd/math.h"

namespace ITA_ISA {

namespace {

constexpr float kNoRange = 1e-12f;
constexpr int64_t kUnits = 64;  // whose factors are at hand: their live bits are one word

// Of some scores. A cache line each: workers do not share one.
struct alignas(64) Bounds {
  float lo, hi;  // of the dropped ones, a kept one counts as 0
  uint32_t nan;

  void add(const Bounds& other) {
    lo = other.lo < lo ? other.lo : lo;
    hi = other.hi > hi ? other.hi : hi;
    nan |= other.nan;
  }
};
constexpr Bounds kNothing = {__builtin_inff(), -__builtin_inff(), 0};

struct Kept {
  float threshold;
  bool strict;

  M operator()(V score) const {
    return strict ? Gt(score, Set(threshold)) : Ge(score, Set(threshold));
  }
};

// Sixteen scores; those that do not exist are `pad`.
inline V load_scores(const float* p, int64_t exist, float pad) {
  if (exist >= kLanes) return LoadU(p);
  const M exists = FirstN(static_cast<int>(exist));
  return IfThenElse(exists, MaskedLoad(exists, p), Set(pad));
}

Bounds bounds_of(const float* scores, int64_t count, Kept kept) {
  V lo = Set(kNothing.lo), hi = Set(kNothing.hi);
  uint32_t numbers = 0xFFFF;
  for (int64_t k = 0; k < count; k += kLanes) {
    const V score = load_scores(scores + k, count - k, scores[0]);
    const V dropped = IfThenElse(kept(score), Zero(), score);
    lo = Min(dropped, lo);
    hi = Max(dropped, hi);
    numbers &= ToBits(Eq(score, score));
  }
  float low[kLanes], high[kLanes];
  StoreU(lo, low);
  StoreU(hi, high);
  Bounds bounds = kNothing;
  for (int i = 0; i < kLanes; i++) bounds.add({low[i], high[i], numbers ^ 0xFFFF});
  return bounds;
}

// Minima and maxima have one value, whoever finds them first.
ita_status find_bounds(ita_context* ctx, const ita_soft_mask* op, int64_t scores, Kept kept,
                       Bounds* all) {
  const int64_t bytes = ctx->threads * static_cast<int64_t>(sizeof(Bounds));
  Bounds* each = static_cast<Bounds*>(ita_core_scratch(ctx, bytes));
  if (!each) return ITA_OUT_OF_MEMORY;
  for (int32_t worker = 0; worker < ctx->threads; worker++) each[worker] = kNothing;
  constexpr int64_t kPiece = 1024;
  parallel_for(ctx, divide_up(scores, kPiece), grain_for(kPiece / kLanes * 8),
               [&](int64_t begin, int64_t end, int32_t worker) {
                 const int64_t last = end * kPiece < scores ? end * kPiece : scores;
                 const int64_t first = begin * kPiece;
                 each[worker].add(bounds_of(op->scores + first, last - first, kept));
               });
  *all = kNothing;
  for (int32_t worker = 0; worker < ctx->threads; worker++) all->add(each[worker]);
  return ITA_OK;
}

// What the factor of a score is. Every product has one rounding, and none is followed by a sum.
struct Factor {
  ita_soft_mask_mode mode;
  Kept kept;
  float lo, inverse, scale;  // inverse is 0 without a range

  Factor(const ita_soft_mask* op, const Bounds& bounds)
      : mode(op->mode), kept{op->threshold, op->strict != 0}, lo(0), inverse(0), scale(op->scale) {
    const float range = bounds.hi - bounds.lo;
    if (mode != ITA_SOFT_MASK_SOFT || !(range >= kNoRange)) return;
    lo = bounds.lo;
    inverse = 1.0f / range;
  }

  V operator()(V score) const {
    if (mode == ITA_SOFT_MASK_GIVEN) {
      return IfThenElse(Eq(score, Zero()), Zero(), score);  // a denormal one too
    }
    V otherwise = Zero();
    if (mode == ITA_SOFT_MASK_TERNARY) {
      otherwise = IfThenElseZero(Lt(score, Zero()), Set(-1.0f));
    }
    if (mode == ITA_SOFT_MASK_SOFT) {
      const V position = Mul(Sub(score, Set(lo)), Set(inverse));
      otherwise = IfThenElse(Eq(score, Zero()), Zero(), Mul(Set(scale), position));
    }
    return IfThenElse(kept(score), Set(1.0f), otherwise);
  }
};

void set_bits(uint32_t* row, int64_t begin, int64_t end) {
  while (begin < end) {
    const int64_t border = (begin / 32 + 1) * 32;
    const int64_t stop = end < border ? end : border;
    const uint32_t ones = ~0u >> (32 - (stop - begin));
    row[begin / 32] |= ones << begin % 32;
    begin = stop;
  }
}

// One row: its units' factors, weights and bits.
class Row {
 public:
  Row(const ita_soft_mask* op, const Factor& factor)
      : op_(op),
        factor_(factor),
        cols_(op->shape.cols),
        span_(op->span),
        units_(divide_up(cols_, span_)),
        words_(words_of(cols_)) {}

  void write(int64_t row) const {
    uint32_t* bits = op_->mask + row * words_;
    memset(bits, 0, static_cast<size_t>(words_) * sizeof(uint32_t));
    alignas(64) float factors[kUnits];
    for (int64_t first = 0; first < units_; first += kUnits) {
      const int64_t count = units_ - first < kUnits ? units_ - first : kUnits;
      const uint64_t live = make(row * units_ + first, count, factors);
      if (op_->effective) spread(row * cols_, first, count, factors);
      for (uint64_t rest = live; rest; rest &= rest - 1) {
        const int64_t begin = (first + __builtin_ctzll(rest)) * span_;
        set_bits(bits, begin, end_of(begin));
      }
    }
  }

 private:
  int64_t end_of(int64_t begin) const { return begin + span_ < cols_ ? begin + span_ : cols_; }

  // Factors of consecutive units; returns a bit for each that is not 0.
  uint64_t make(int64_t at, int64_t count, float* factors) const {
    uint64_t live = 0;
    for (int64_t u = 0; u < count; u += kLanes) {
      const int64_t exist = count - u < kLanes ? count - u : kLanes;
      const M exists = FirstN(static_cast<int>(exist));
      const V f = factor_(load_scores(op_->scores + at + u, exist, 0));
      Store(f, factors + u);
      if (op_->factors) MaskedStore(exists, f, op_->factors + at + u);
      const uint32_t here = ToBits(AndNot(exists, Eq(f, Zero())));
      live |= uint64_t{here} << u;
    }
    return live;
  }

  void spread(int64_t row, int64_t first, int64_t count, const float* factors) const {
    const float* weights = op_->weights + row;
    float* effective = op_->effective + row;
    if (span_ == 1) {
      for (int64_t u = 0; u < count; u += kLanes) {
        multiply(weights, effective, first + u, first + count, Load(factors + u));
      }
      return;
    }
    for (int64_t u = 0; u < count; u++) {
      const int64_t begin = (first + u) * span_;
      const int64_t end = end_of(begin);
      const V factor = Set(factors[u]);
      for (int64_t k = begin; k < end; k += kLanes) multiply(weights, effective, k, end, factor);
    }
  }

  // A vector from k on, of which what lies behind `end` is written again, or is not of this row.
  void multiply(const float* weights, float* effective, int64_t k, int64_t end, V factor) const {
    if (k + kLanes <= cols_) {
      StoreU(Mul(LoadU(weights + k), factor), effective + k);
    } else {
      const M exists = FirstN(static_cast<int>(end - k < kLanes ? end - k : kLanes));
      MaskedStore(exists, Mul(MaskedLoad(exists, weights + k), factor), effective + k);
    }
  }

  const ita_soft_mask* op_;
  const Factor factor_;
  const int64_t cols_, span_, units_, words_;
};

// The derivative of what stands for the step at the threshold.
inline V surrogate(const ita_soft_mask* op, V score) {
  if (op->surrogate == ITA_SURROGATE_IDENTITY) return Set(1.0f);
  const V x = Mul(Set(-op->slope), Sub(score, Set(op->threshold)));
  const V s = Div(Set(1.0f), Add(Set(1.0f), Exp(x)));
  return Mul(Mul(Set(op->slope), s), Sub(Set(1.0f), s));
}

}  // namespace

ita_status soft_mask_forward(ita_context* ctx, const ita_soft_mask* op) {
  ITA_ASSERT(op->scores && op->mask && op->span > 0 && (!op->effective || op->weights));
  const int64_t units = divide_up(op->shape.cols, op->span);
  Bounds bounds;
  const ita_status status =
      find_bounds(ctx, op, op->shape.rows * units, {op->threshold, op->strict != 0}, &bounds);
  if (status != ITA_OK) return status;
  if (bounds.nan) {
    return ita_core_fail(ctx, ITA_INVALID_VALUE,
                         "a score is NaN, training diverged; lower the learning rate");
  }
  const Row row_of(op, Factor(op, bounds));
  const int64_t cost = units + (op->effective ? op->shape.cols / kLanes * 8 : 0);
  parallel_for(ctx, op->shape.rows, grain_for(cost), [&](int64_t begin, int64_t end, int32_t) {
    for (int64_t row = begin; row < end; row++) row_of.write(row);
  });
  return ITA_OK;
}

ita_status soft_mask_backward(ita_context* ctx, const ita_soft_mask* op) {
  ITA_ASSERT(op->scores && op->diff_factors && op->diff_scores && op->part > 0);
  const int64_t units = divide_up(op->shape.cols, op->span);
  const int64_t parts = op->shape.cols / op->part, fan = op->span / op->part;
  parallel_for(ctx, op->shape.rows, grain_for(parts), [&](int64_t begin, int64_t end, int32_t) {
    for (int64_t row = begin; row < end; row++) {
      const float* diff = op->diff_factors + row * parts;
      for (int64_t first = 0; first < units; first += kLanes) {
        const int64_t exist = units - first < kLanes ? units - first : kLanes;
        alignas(64) float sums[kLanes] = {};
        for (int64_t u = 0; u < exist; u++) {
          const int64_t from = (first + u) * fan;
          const int64_t to = from + fan < parts ? from + fan : parts;
          for (int64_t k = from; k < to; k++) sums[u] += diff[k];
        }
        const int64_t at = row * units + first;
        const V d = Mul(Load(sums), surrogate(op, load_scores(op->scores + at, exist, 0)));
        MaskedStore(FirstN(static_cast<int>(exist)), d, op->diff_scores + at);
      }
    }
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
