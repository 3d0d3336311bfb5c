// SPDX-License-Identifier: Apache-2.0
// The transforms of Winograd's F(4x4, 3x3) and of its transpose F(3x3, 4x4), on vectors: of sixteen
// images for activations, of sixteen kernels for weights. No lane ever meets another.
//
// Points 0, 1, -1, 2, -2, infinity (Lavin and Gray, 2016):
//   B^T = 4  0 -5  0  1  0    G =   1/4     0     0    A^T = 1  1  1  1  1  0
//         0 -4 -4  1  1  0        -1/6  -1/6  -1/6          0  1 -1  2 -2  0
//         0  4 -4 -1  1  0        -1/6   1/6  -1/6          0  1  1  4  4  0
//         0 -2 -1  2  1  0        1/24  1/12   1/6          0  1 -1  8 -8  1
//         0  2 -1 -2  1  0        1/24 -1/12   1/6
//         0  4  0 -5  0  1           0     0     1
#ifndef INTARSIA_WINOGRAD_TRANSFORM_H_
#define INTARSIA_WINOGRAD_TRANSFORM_H_

#include "conv3x3.h"
#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {
namespace winograd {

constexpr int kPoints = 36;
constexpr int kSide = 4;  // output pixels of a tile, each way
constexpr int kSpan = 6;  // source pixels of a tile, each way

// One line more than the data, so that the 36 points do not fall into one set of the cache.
constexpr int64_t kStagger = ITA_BLOCK;

// The tiles of all blocks of images, and the place of one.
struct Tiles {
  int64_t down, across, count;
  Tiles(int64_t blocks, int64_t h, int64_t w)
      : down(divide_up(h, kSide)), across(divide_up(w, kSide)), count(blocks * down * across) {}
};
struct Tile {
  int64_t block, y, x;  // y, x: of its first output pixel
  Tile(const Tiles& tiles, int64_t index)
      : block(index / tiles.across / tiles.down),
        y(index / tiles.across % tiles.down * kSide),
        x(index % tiles.across * kSide) {}
};

// Stands in for a row outside the image.
alignas(64) constexpr float kZeros[kSpan * ITA_BLOCK] = {};

// The kSize x kSize pixels from (y, x) of a plane [h, w, 16]; pixels outside it are zero.
template <int kSize>
struct Window {
  const float* row[kSize];
  M inside[kSize];  // all or nothing of a column
  bool whole;

  Window(const float* plane, int64_t h, int64_t w, int64_t y, int64_t x) {
    whole = y >= 0 && x >= 0 && y + kSize <= h && x + kSize <= w;
    for (int k = 0; k < kSize; k++) {
      row[k] = y + k >= 0 && y + k < h ? plane + ((y + k) * w + x) * ITA_BLOCK : kZeros;
      inside[k] = FromBits(x + k >= 0 && x + k < w ? 0xFFFF : 0);
    }
  }
  template <bool kWhole>
  V at(int r, int c) const {
    return kWhole ? Load(row[r] + c * ITA_BLOCK) : MaskedLoad(inside[c], row[r] + c * ITA_BLOCK);
  }
};

// The same window of a plane `distance` floats on: a new plane is a new page, which the hardware
// does not foresee. The pixels shared with the neighbours are left to them.
template <int kSize>
inline void prefetch(const Window<kSize>& window, int64_t distance) {
  constexpr int kShared = (kSize - kSide) / 2;
  for (int r = 0; r < kSize; r++) {
    for (int c = kShared; c < kShared + kSide; c++) {
      __builtin_prefetch(window.row[r] + distance + c * ITA_BLOCK);
    }
  }
}

// One line of B^T d B from one line of B^T d: times B.
inline void source_line(const V d[6], float* to, int64_t point) {
  const V two = Set(2), four = Set(4), five = Set(5);
  const V a = NegMulAdd(four, d[2], d[4]), b = NegMulAdd(four, d[1], d[3]);
  const V e = Sub(d[4], d[2]), f = Sub(d[3], d[1]);
  Store(MulAdd(four, d[0], NegMulAdd(five, d[2], d[4])), to);
  Store(Add(a, b), to + point);
  Store(Sub(a, b), to + 2 * point);
  Store(MulAdd(two, f, e), to + 3 * point);
  Store(NegMulAdd(two, f, e), to + 4 * point);
  Store(MulAdd(four, d[1], NegMulAdd(five, d[3], d[5])), to + 5 * point);
}

// to[36 points] = B^T d B. Two lines of B^T d at a time, so that all of them stay in registers.
template <bool kWhole>
inline void transform_source(const Window<6>& d, float* to, int64_t point) {
  const V two = Set(2), four = Set(4), five = Set(5);
  V s[6], t[6];
#pragma GCC unroll 6
  for (int c = 0; c < 6; c++) {
    const V low = NegMulAdd(five, d.at<kWhole>(2, c), d.at<kWhole>(4, c));
    s[c] = MulAdd(four, d.at<kWhole>(0, c), low);
  }
  source_line(s, to, point);
#pragma GCC unroll 6
  for (int c = 0; c < 6; c++) {
    const V a = NegMulAdd(four, d.at<kWhole>(2, c), d.at<kWhole>(4, c));
    const V b = NegMulAdd(four, d.at<kWhole>(1, c), d.at<kWhole>(3, c));
    s[c] = Add(a, b);
    t[c] = Sub(a, b);
  }
  source_line(s, to + 6 * point, point);
  source_line(t, to + 12 * point, point);
#pragma GCC unroll 6
  for (int c = 0; c < 6; c++) {
    const V e = Sub(d.at<kWhole>(4, c), d.at<kWhole>(2, c));
    const V f = Sub(d.at<kWhole>(3, c), d.at<kWhole>(1, c));
    s[c] = MulAdd(two, f, e);
    t[c] = NegMulAdd(two, f, e);
  }
  source_line(s, to + 18 * point, point);
  source_line(t, to + 24 * point, point);
#pragma GCC unroll 6
  for (int c = 0; c < 6; c++) {
    const V low = NegMulAdd(five, d.at<kWhole>(3, c), d.at<kWhole>(5, c));
    s[c] = MulAdd(four, d.at<kWhole>(1, c), low);
  }
  source_line(s, to + 30 * point, point);
}

inline void transform_source(const Window<6>& d, float* to, int64_t point) {
  if (d.whole) {
    transform_source<true>(d, to, point);
  } else {
    transform_source<false>(d, to, point);
  }
}

// A^T of one line.
inline void sum_line(const V m[6], V y[4]) {
  const V two = Set(2), four = Set(4), eight = Set(8);
  const V p = Add(m[1], m[2]), q = Sub(m[1], m[2]), r = Add(m[3], m[4]), s = Sub(m[3], m[4]);
  y[0] = Add(Add(m[0], p), r);
  y[1] = MulAdd(two, s, q);
  y[2] = MulAdd(four, r, p);
  y[3] = Add(MulAdd(eight, s, q), m[5]);
}

// y[4][4] = A^T m A + bias. Point (1, 1) reaches every pixel with factor 1 and carries the bias.
inline void transform_sums(const float* m, int64_t point, float bias, V y[4][4]) {
  V lines[6][4];
#pragma GCC unroll 6
  for (int r = 0; r < 6; r++) {
    V d[6];
#pragma GCC unroll 6
    for (int c = 0; c < 6; c++) d[c] = Load(m + (r * 6 + c) * point);
    if (r == 1) d[1] = Add(d[1], Set(bias));
    sum_line(d, lines[r]);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    V d[6], out[4];
#pragma GCC unroll 6
    for (int r = 0; r < 6; r++) d[r] = lines[r][c];
    sum_line(d, out);
#pragma GCC unroll 4
    for (int r = 0; r < 4; r++) y[r][c] = out[r];
  }
}

// G of one line.
inline void weight_line(V a, V b, V c, V t[6]) {
  const V sum = Mul(Set(-1.0f / 6), Add(a, c));
  const V far = MulAdd(Set(1.0f / 6), c, Mul(Set(1.0f / 24), a));
  t[0] = Mul(Set(0.25f), a);
  t[1] = NegMulAdd(Set(1.0f / 6), b, sum);
  t[2] = MulAdd(Set(1.0f / 6), b, sum);
  t[3] = MulAdd(Set(1.0f / 12), b, far);
  t[4] = NegMulAdd(Set(1.0f / 12), b, far);
  t[5] = c;
}

// A of one line of four.
inline void gradient_line(V a, V b, V c, V d, V t[6]) {
  const V even = Add(a, c), odd = Add(b, d);
  const V far_even = MulAdd(Set(4), c, a), far_odd = MulAdd(Set(8), d, Mul(Set(2), b));
  t[0] = a;
  t[1] = Add(even, odd);
  t[2] = Sub(even, odd);
  t[3] = Add(far_even, far_odd);
  t[4] = Sub(far_even, far_odd);
  t[5] = d;
}

// to[36 points] = A d A^T.
template <bool kWhole>
inline void transform_gradient(const Window<4>& d, float* to, int64_t point) {
  V lines[6][4];
#pragma GCC unroll 4
  for (int c = 0; c < 4; c++) {
    V t[6];
    gradient_line(d.at<kWhole>(0, c), d.at<kWhole>(1, c), d.at<kWhole>(2, c), d.at<kWhole>(3, c),
                  t);
#pragma GCC unroll 6
    for (int r = 0; r < 6; r++) lines[r][c] = t[r];
  }
#pragma GCC unroll 6
  for (int r = 0; r < 6; r++) {
    V t[6];
    gradient_line(lines[r][0], lines[r][1], lines[r][2], lines[r][3], t);
#pragma GCC unroll 6
    for (int c = 0; c < 6; c++) Store(t[c], to + (r * 6 + c) * point);
  }
}

// G^T of one line of six.
inline void tap_line(const V m[6], V y[3]) {
  const V sixth = Set(1.0f / 6);
  const V s = Add(m[1], m[2]), d = Sub(m[2], m[1]), q = Add(m[3], m[4]), r = Sub(m[3], m[4]);
  y[0] = MulAdd(Set(0.25f), m[0], NegMulAdd(sixth, s, Mul(Set(1.0f / 24), q)));
  y[1] = MulAdd(sixth, d, Mul(Set(1.0f / 12), r));
  y[2] = MulAdd(sixth, Sub(q, s), m[5]);
}

// taps[9] = G^T m G of sixteen kernels.
inline void transform_taps(const float* m, int64_t point, V taps[9]) {
  V lines[6][3];
#pragma GCC unroll 6
  for (int r = 0; r < 6; r++) {
    V d[6];
#pragma GCC unroll 6
    for (int c = 0; c < 6; c++) d[c] = Load(m + (r * 6 + c) * point);
    tap_line(d, lines[r]);
  }
#pragma GCC unroll 3
  for (int c = 0; c < 3; c++) {
    V d[6], out[3];
#pragma GCC unroll 6
    for (int r = 0; r < 6; r++) d[r] = lines[r][c];
    tap_line(d, out);
#pragma GCC unroll 3
    for (int r = 0; r < 3; r++) taps[r * 3 + c] = out[r];
  }
}

// to[36 points] = G g G^T of sixteen kernels. tap(t): a tap of all of them.
template <class Taps>
inline void transform_kernels(const Taps& tap, float* to, int64_t point) {
  V lines[6][3];
  for (int c = 0; c < 3; c++) {
    V t[6];
    weight_line(tap(c), tap(3 + c), tap(6 + c), t);
    for (int r = 0; r < 6; r++) lines[r][c] = t[r];
  }
  for (int r = 0; r < 6; r++) {
    V t[6];
    weight_line(lines[r][0], lines[r][1], lines[r][2], t);
    for (int c = 0; c < 6; c++) Store(t[c], to + (r * 6 + c) * point);
  }
}

// Sixteen kernels at a time: a masked load each, a transpose, G g G^T on vectors of kernels.
struct Kernels {
  const Conv3x3& conv;
  V lane[kLanes];
  int count = 0;

  explicit Kernels(const Conv3x3& c) : conv(c) {}

  void add(int64_t row, int64_t col) {
    const int64_t o = conv.transposed ? col : row;
    const int64_t i = conv.transposed ? row : col;
    lane[count++] = MaskedLoad(FromBits(conv.live(row, col)), conv.kernel_at(o, i));
  }
  void add_none() { lane[count++] = Zero(); }

  // to[36 points][16 kernels], in the order of add().
  void transform(float* to, int64_t point) {
    while (count < kLanes) add_none();
    count = 0;
    Transpose(lane);
    // Tap t of a kernel turned by 180 degrees is tap 8 - t.
    transform_kernels([&](int t) { return lane[conv.transposed ? 8 - t : t]; }, to, point);
  }
};

}  // namespace winograd
}  // namespace ITA_ISA

#endif  // INTARSIA_WINOGRAD_TRANSFORM_H_
