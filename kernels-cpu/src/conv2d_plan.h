// SPDX-License-Identifier: Apache-2.0
// Which algorithm a masked convolution takes: a pure function of shape, live weights and kernels
// and the op's own wishes. Never of a measured time, the number of threads or the size of the
// batch: an image's result does not depend on the batch it is in.
//
// A cost is the time of a nominal multiply-add (rows * cols * taps * pixels of them, dead or alive)
// in units of the machine's peak. The constants were fitted to medians measured with AVX-512 on one
// thread of an AMD EPYC (Zen 5), 16 to 512 channels, maps from 4x4 to 56x56; they decide which
// algorithm is taken, nothing else.
#ifndef INTARSIA_CONV2D_PLAN_H_
#define INTARSIA_CONV2D_PLAN_H_

#include "conv2d_gradient_outputs.h"
#include "conv3x3.h"
#include "mask_bits.h"

namespace ITA_ISA {

// What the mask leaves of a convolution.
struct Live {
  int64_t weights, kernels;  // set bits; (o, i) pairs with at least one
  int64_t all_weights, all_kernels;

  double density() const { return static_cast<double>(weights) / static_cast<double>(all_weights); }
  double kernel_density() const {
    return static_cast<double>(kernels) / static_cast<double>(all_kernels);
  }
};

inline Live count_live(const ita_conv2d_shape& s, const uint32_t* mask) {
  const int64_t i = s.c / s.groups;
  const int64_t taps = int64_t(s.kh) * s.kw;
  Live live = {s.o * i * taps, s.o * i, s.o * i * taps, s.o * i};
  if (!mask) return live;
  const int64_t words = words_of(i * taps);
  live.weights = 0;
  if (!has_3x3_kernels(s)) {
    for (int64_t word = 0; word < s.o * words; word++) {
      live.weights += __builtin_popcount(mask[word]);
    }
    return live;
  }
  live.kernels = 0;
  for (int64_t o = 0; o < s.o; o++) {
    count_kernels(mask + o * words, i, &live.kernels, &live.weights);
  }
  return live;
}

inline bool is_pointwise(const ita_conv2d_shape& s) {
  return s.kh == 1 && s.kw == 1 && s.stride_h == 1 && s.stride_w == 1 && s.groups == 1 &&
         s.pad_h == 0 && s.pad_w == 0;
}

inline bool fits(const ita_conv2d_shape& s, ita_conv2d_algorithm algorithm,
                 ita_direction direction) {
  if (algorithm == ITA_CONV2D_TAPS || algorithm == ITA_CONV2D_DENSE) return true;
  if (algorithm == ITA_CONV2D_KERNELS && direction == ITA_BACKWARD_WEIGHTS) {
    return has_3x3_kernels(s);
  }
  return algorithm == ITA_CONV2D_POINTWISE ? is_pointwise(s) : is_3x3(s);
}

// Row-major activations have lists alone, of kernels or of weights: Winograd's tiles and the matrix
// product want the batch in the vector.
inline bool rows_fit(const ita_conv2d_shape& s, ita_conv2d_algorithm algorithm) {
  return algorithm == ITA_CONV2D_TAPS || (algorithm == ITA_CONV2D_KERNELS && is_3x3(s));
}

struct Plan {
  ita_conv2d_algorithm algorithm;
  double cost;
  double exact_cost;  // of the cheapest that is a sum of products
};

// What the costs of Winograd depend on.
struct Extent {
  double channels;  // harmonic mean of source and result: transforms are shared by the other side
  double waste;     // pixels of all 4x4 tiles over pixels of the map, at least 1
  bool one_tile;    // per image: weights are used once each time they are transformed
};

inline Extent extent_of(const ita_conv2d_shape& s, ita_direction direction) {
  const bool back = direction == ITA_BACKWARD_DATA;
  const int64_t h = back ? s.h : s.oh;
  const int64_t w = back ? s.w : s.ow;
  const int64_t tiles = divide_up(h, 4) * divide_up(w, 4);
  return {2.0 / (1.0 / s.c + 1.0 / s.o),
          16.0 * static_cast<double>(tiles) / static_cast<double>(h * w), tiles == 1};
}

inline double winograd_cost(const Extent& e) {
  return (0.29 + 3.4 / e.channels) * e.waste * (e.one_tile ? 1.15 : 1.0);
}
inline double winograd_skip_cost(const Extent& e, double kernels) {
  return (0.42 * kernels + 5.5 / e.channels + 0.045) * e.waste * (e.one_tile ? 1.6 : 1.0);
}

// Every weight is multiplied, by panels of 4 rows.
inline double dense_cost(const ita_conv2d_shape& s, ita_direction direction, const Extent& e) {
  const int64_t rows = (direction == ITA_BACKWARD_DATA ? s.c : s.o) / s.groups;
  const double panels = static_cast<double>(round_up(rows, 4)) / static_cast<double>(rows);
  return 1.05 * panels * (e.one_tile ? 1.06 : 1.0);
}

// Multiply-adds of a 3x3 filter that do not fall on padding of one pixel; kernels3x3.h leaves the
// others out.
inline double inside_of(const ita_conv2d_shape& s) {
  const auto share = [](int64_t size, int64_t pad) {
    return pad == 1 ? 1.0 - 2.0 / (3.0 * static_cast<double>(size)) : 1.0;
  };
  return share(s.h, s.pad_h) * share(s.w, s.pad_w);
}

inline Plan plan_product(const ita_masked_conv2d* op, ita_direction direction, const Live& live) {
  const Extent e = extent_of(op->shape, direction);
  const double taps = (live.density() / 0.60 + 0.12) * (e.one_tile ? 1.3 : 1.0);
  Plan plan = {ITA_CONV2D_TAPS, taps, taps};
  if (is_pointwise(op->shape)) {
    const double lists = 3.0 * live.density();  // as matrix_product.h chooses
    const double matrix = (lists < 1.0 ? lists : 1.0) / 0.92;
    return {ITA_CONV2D_POINTWISE, matrix, matrix};
  }
  const double all = dense_cost(op->shape, direction, e);
  if (all < plan.cost) plan = {ITA_CONV2D_DENSE, all, all};
  if (!is_3x3(op->shape)) return plan;
  const double kernel_density = live.kernel_density();
  // On one tile the lists, which are used once for each block of images, count for more.
  const double kernels = kernel_density * inside_of(op->shape) / 0.88 + (e.one_tile ? 0.10 : 0.06);
  if (kernels < plan.cost) plan = {ITA_CONV2D_KERNELS, kernels, kernels};
  if (op->exact) return plan;
  const double dense = winograd_cost(e);
  const double skip = winograd_skip_cost(e, kernel_density);
  if (dense < plan.cost) plan = {ITA_CONV2D_WINOGRAD, dense, plan.exact_cost};
  if (skip < plan.cost) plan = {ITA_CONV2D_WINOGRAD_SKIP, skip, plan.exact_cost};
  return plan;
}

// The direct gradient with images as the vector skips blocks of 24 weights without a live one;
// Winograd's computes all. A live kernel costs its products and, on small maps, its sums of lanes.
inline Plan plan_gradient(const ita_masked_conv2d* op, const Live& live) {
  const ita_conv2d_shape& s = op->shape;
  const double blocks = 24.0 * live.density() < 1.0 ? 24.0 * live.density() : 1.0;
  const double direct = 1.18 * (fills_outputs(Geometry(s)) ? 1.0 : blocks);
  Plan plan = {ITA_CONV2D_TAPS, direct, direct};
  if (!has_3x3_kernels(s)) return plan;
  const double pixels = static_cast<double>(s.oh) * s.ow;
  const double kernels = live.kernel_density() * (1.35 + 20.0 / pixels) + 0.01;
  if (kernels < plan.cost) plan = {ITA_CONV2D_KERNELS, kernels, kernels};
  if (op->exact || !is_3x3(s)) return plan;
  const Extent e = extent_of(s, ITA_FORWARD);
  const double winograd = (0.30 + 8.0 / e.channels) * e.waste * (e.one_tile ? 1.2 : 1.0);
  if (winograd < plan.cost) plan = {ITA_CONV2D_WINOGRAD, winograd, plan.exact_cost};
  return plan;
}

// Pixels are the lanes: a weight of a list costs about 1.6 of a kernel's nine, whatever the map.
// backward_weights computes every tile of weights that has a live one.
inline Plan plan_rows(const ita_masked_conv2d* op, ita_direction direction, const Live& live) {
  const double taps = 1.6 * live.density();
  const double kernels = live.kernel_density();
  if (direction == ITA_BACKWARD_WEIGHTS || !is_3x3(op->shape) || taps <= kernels) {
    return {ITA_CONV2D_TAPS, taps, taps};
  }
  return {ITA_CONV2D_KERNELS, kernels, kernels};
}

inline Plan plan_conv2d(const ita_masked_conv2d* op, ita_direction direction, const Live& live) {
  Plan plan = op->shape.block == 1                ? plan_rows(op, direction, live)
              : direction == ITA_BACKWARD_WEIGHTS ? plan_gradient(op, live)
                                                  : plan_product(op, direction, live);
  if (op->algorithm != ITA_CONV2D_AUTO) plan.algorithm = op->algorithm;
  return plan;
}

// The multiply-adds an algorithm makes for one nominal one.
inline double work_of(ita_conv2d_algorithm algorithm, const ita_conv2d_shape& s,
                      ita_direction direction, const Live& live) {
  const double waste = extent_of(s, direction).waste;
  const bool all = direction == ITA_BACKWARD_WEIGHTS;
  switch (algorithm) {
    case ITA_CONV2D_KERNELS:
      return all ? 1.0 : live.kernel_density() * inside_of(s);
    case ITA_CONV2D_WINOGRAD:
      return 0.25 * waste;
    case ITA_CONV2D_WINOGRAD_SKIP:
      return 0.25 * waste * (all ? 1.0 : live.kernel_density());
    case ITA_CONV2D_DENSE:
      return 1.0;
    case ITA_CONV2D_POINTWISE:
      return 3.0 * live.density() < 1.0 ? live.density() : 1.0;
    default:
      return all && 24.0 * live.density() >= 1.0 ? 1.0 : live.density();
  }
}

// What an algorithm holds in registers.
inline const char* tile_name(ita_conv2d_algorithm algorithm, ita_direction direction) {
  const bool many = kAccumulators >= 16;
  if (algorithm == ITA_CONV2D_WINOGRAD || algorithm == ITA_CONV2D_WINOGRAD_SKIP) {
    return "4x4 pixels";
  }
  if (direction == ITA_BACKWARD_WEIGHTS) return many ? "24 weights" : "6 weights";
  if (algorithm == ITA_CONV2D_DENSE) return many ? "4 rows x 6 pixels" : "2 rows x 3 pixels";
  if (algorithm == ITA_CONV2D_POINTWISE) return many ? "4x4 pixels" : "2x2 pixels";
  return many ? "16 pixels" : "4 pixels";
}

inline const char* algorithm_name(ita_conv2d_algorithm algorithm) {
  switch (algorithm) {
    case ITA_CONV2D_KERNELS:
      return "kernels";
    case ITA_CONV2D_WINOGRAD:
      return "winograd";
    case ITA_CONV2D_WINOGRAD_SKIP:
      return "winograd-skip";
    case ITA_CONV2D_POINTWISE:
      return "pointwise";
    case ITA_CONV2D_DENSE:
      return "dense";
    default:
      return "taps";
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_PLAN_H_
