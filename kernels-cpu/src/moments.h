// SPDX-License-Identifier: Apache-2.0
// Sums over runs of vectors that the norms share. Blocked, a lane is an image and every sum is
// vertical; row-major, the lanes are parts of one sum, and a run ends in part of a vector.
//
// Runs of at most 256 vectors (16 KB, they stay in L1) are summed in float, then merged in double:
// long reductions lose nothing, and memory is read once.
#ifndef INTARSIA_MOMENTS_H_
#define INTARSIA_MOMENTS_H_

#include "norm_epilogue.h"

namespace ITA_ISA {

constexpr int64_t kRun = 256;  // vectors
constexpr int64_t kRunFloats = kRun * kLanes;

// Calls body(first, floats) for the runs of [0, count).
template <class Body>
inline void for_each_run(int64_t count, const Body& body) {
  for (int64_t first = 0; first < count; first += kRunFloats) {
    body(first, count - first < kRunFloats ? count - first : kRunFloats);
  }
}

// Sum of term(i) over [0, count) by four accumulators.
template <class Term>
inline V sum_terms(int64_t count, const Term& term) {
  V a = Zero(), b = Zero(), c = Zero(), d = Zero();
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    a = Add(a, term(i));
    b = Add(b, term(i + 1));
    c = Add(c, term(i + 2));
    d = Add(d, term(i + 3));
  }
  for (; i < count; i++) a = Add(a, term(i));
  return Add(Add(a, b), Add(c, d));
}

struct Two {
  V first, second;
};

// Two sums of what one load gives.
template <class Term>
inline Two sum_two(int64_t count, const Term& term) {
  Two a = {Zero(), Zero()}, b = a, c = a, d = a;
  const auto add = [&term](Two* sums, int64_t i) {
    const Two terms = term(i);
    sums->first = Add(sums->first, terms.first);
    sums->second = Add(sums->second, terms.second);
  };
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    add(&a, i);
    add(&b, i + 1);
    add(&c, i + 2);
    add(&d, i + 3);
  }
  for (; i < count; i++) add(&a, i);
  return {Add(Add(a.first, b.first), Add(c.first, d.first)),
          Add(Add(a.second, b.second), Add(c.second, d.second))};
}

// The same over a run of floats: term(vector, at) is zero in the lanes that a part lacks.
template <class Term>
inline V sum_floats(int64_t count, const Term& term) {
  const int64_t whole = count / kLanes;
  V sum = sum_terms(whole, [&](int64_t i) { return term(Whole(), i * kLanes); });
  const int rest = static_cast<int>(count - whole * kLanes);
  return rest ? Add(sum, term(Part{FirstN(rest)}, whole * kLanes)) : sum;
}

// Mean and sum of squared distances from it, of `count` values.
struct Moments {
  double count, mean, m2;
};

// Chan, Golub and LeVeque 1979, eq. 2.1: moments of two sets together.
inline void merge(Moments* into, const Moments& other) {
  double count = into->count + other.count;
  double delta = other.mean - into->mean;
  into->mean += delta * (other.count / count);
  into->m2 += other.m2 + delta * delta * (into->count * other.count / count);
  into->count = count;
}

// Adds the moments of row-major floats: `rows` of `count` each, together at most kRun vectors. Two
// passes; the second also finds what rounding left in the mean of the first.
inline void add_run(Moments* moments, const float* src, int64_t rows, int64_t stride,
                    int64_t count) {
  const float n = static_cast<float>(rows * count);
  V sum = Zero(), rest = Zero(), squares = Zero();
  for (int64_t r = 0; r < rows; r++) {
    const float* row = src + r * stride;
    sum = Add(sum, sum_floats(count, [=](auto v, int64_t at) { return v.load(row + at); }));
  }
  const float centre = ReduceSum(sum) / n;
  const V mean = Set(centre);
  for (int64_t r = 0; r < rows; r++) {
    const float* row = src + r * stride;
    const auto distance = [=](auto v, int64_t at) { return v.only(Sub(v.load(row + at), mean)); };
    rest = Add(rest, sum_floats(count, distance));
    squares = Add(squares, sum_floats(count, [=](auto v, int64_t at) {
                    return Mul(distance(v, at), distance(v, at));
                  }));
  }
  const float left = ReduceSum(rest);
  const double correction = static_cast<double>(left) / n;
  merge(moments, {n, centre + correction, ReduceSum(squares) - correction * left});
}

// Adds the moments of `rows` row-major rows of `count` floats, `stride` apart.
inline void add_rows(Moments* moments, const float* src, int64_t rows, int64_t stride,
                     int64_t count) {
  constexpr int64_t kFloats = kRun * kLanes;
  const int64_t together = count < kFloats ? kFloats / count : 1;  // rows of a run
  for (int64_t r = 0; r < rows; r += together) {
    const int64_t here = rows - r < together ? rows - r : together;
    for (int64_t first = 0; first < count; first += kFloats) {
      add_run(moments, src + r * stride + first, here, stride,
              count - first < kFloats ? count - first : kFloats);
    }
  }
}

// Moments of each lane; the lanes have seen equally many values.
struct LaneMoments {
  double count = 0;
  double mean[kLanes] = {};
  double m2[kLanes] = {};

  void add(const float* src, int64_t vectors) {
    for (int64_t first = 0; first < vectors; first += kRun) {
      add_run(src + first * kLanes, vectors - first < kRun ? vectors - first : kRun);
    }
  }

  Moments lane(int i) const { return {count, mean[i], m2[i]}; }

 private:
  // Two passes; the second also finds what rounding left in the mean of the first.
  void add_run(const float* src, int64_t vectors) {
    const float n = static_cast<float>(vectors);
    V centre =
        Mul(sum_terms(vectors, [=](int64_t i) { return Load(src + i * kLanes); }), Set(1 / n));
    const Two sums = sum_two(vectors, [=](int64_t i) {
      V distance = Sub(Load(src + i * kLanes), centre);
      return Two{distance, Mul(distance, distance)};
    });
    float centres[kLanes], rests[kLanes], squares[kLanes];
    StoreU(centre, centres);
    StoreU(sums.first, rests);
    StoreU(sums.second, squares);
    const double all = count + n, share = n / all, weight = count * n / all;  // merge, by lanes
    for (int i = 0; i < kLanes; i++) {
      const double correction = static_cast<double>(rests[i]) / n;
      const double delta = centres[i] + correction - mean[i];
      mean[i] += delta * share;
      m2[i] += squares[i] - correction * rests[i] + delta * delta * weight;
    }
    count += n;
  }
};

// Sums of each lane that the gradients of a norm need: diff, and diff * (src - mean). Of row-major
// floats, lanes 1, there is one sum, that of lane 0.
struct LaneSums {
  double diff[kLanes] = {};
  double product[kLanes] = {};

  void add(const Incoming& incoming, const float* src, V mean, int64_t count, int lanes) {
    for_each_run(count, [&](int64_t first, int64_t floats) {
      alignas(64) float buffer[kRunFloats];
      add_run(incoming.at(first).settle(floats, buffer), src + first, mean, floats, lanes);
    });
  }

 private:
  void add_run(const float* diff_dst, const float* src, V mean, int64_t count, int lanes) {
    V diffs = sum_floats(count, [=](auto v, int64_t at) { return v.load(diff_dst + at); });
    V products = sum_floats(count, [=](auto v, int64_t at) {
      return Mul(v.load(diff_dst + at), Sub(v.load(src + at), mean));
    });
    if (lanes == 1) {
      diff[0] += ReduceSum(diffs);
      product[0] += ReduceSum(products);
      return;
    }
    float d[kLanes], p[kLanes];
    StoreU(diffs, d);
    StoreU(products, p);
    for (int i = 0; i < kLanes; i++) {
      diff[i] += d[i];
      product[i] += p[i];
    }
  }
};

// An element of a tensor that may be NULL.
inline float or_else(const float* values, int64_t i, float otherwise) {
  return values ? values[i] : otherwise;
}

inline double total(const double lanes[kLanes]) {
  double sum = 0;
  for (int i = 0; i < kLanes; i++) sum += lanes[i];
  return sum;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_MOMENTS_H_
