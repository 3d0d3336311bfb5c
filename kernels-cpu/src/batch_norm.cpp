// SPDX-License-Identifier: Apache-2.0
// Normalisation of each channel by the batch's or by running statistics.
//
// A channel is an item from its statistics to its last store, so that what the first pass read is
// still in cache for the second. Statistics are exact two-pass moments of short runs, merged in
// double in a fixed order; pad lanes of the last block do not count. A channel is one run of floats
// per block, or row-major per image: what reads and writes it is the same.
//
// Bound by memory. Passes of forward: src twice, dst, addend; of backward: src twice, diff_dst
// twice (with relu dst beside it, with diff_addend that one instead the second time), diff_src.
// GB/s of all these against the triad of the same run, one thread of a Zen 5: see
// docs/ops/batch_norm.md.
#include "moments.h"

namespace ITA_ISA {

namespace {

// One channel: runs of floats, one per block or row-major image, `stride` floats apart.
struct Channel {
  int64_t pixels;
  int64_t floats;  // of a run
  int64_t first;   // element of the first run in the tensor
  int64_t stride;
  int64_t runs;
  int64_t n;
  bool row_major;

  Channel(const ita_activation_shape& s, int64_t c)
      : pixels(int64_t{s.h} * s.w),
        floats(pixels * s.block),
        first(c * floats),
        stride(s.c * floats),
        runs(divide_up(s.n, s.block)),
        n(s.n),
        row_major(s.block == 1) {}

  int64_t run(int64_t index) const { return first + index * stride; }
  // The lanes of a run's vectors that are values, not pad lanes.
  int lanes(int64_t index) const {
    return row_major || index + 1 < runs ? kLanes : static_cast<int>(n - index * kLanes);
  }
  double count() const { return static_cast<double>(pixels) * static_cast<double>(n); }
};

inline double inverse_root(double variance, float epsilon) {
  return 1 / __builtin_sqrt(variance + static_cast<double>(epsilon));
}

Moments moments_of(const float* src, const Channel& channel) {
  if (channel.row_major) {
    Moments all = {0, 0, 0};
    add_rows(&all, src + channel.first, channel.runs, channel.stride, channel.floats);
    return all;
  }
  LaneMoments whole, last;
  for (int64_t r = 0; r + 1 < channel.runs; r++) whole.add(src + channel.run(r), channel.pixels);
  last.add(src + channel.run(channel.runs - 1), channel.pixels);
  Moments all = last.lane(0);
  for (int i = 1; i < channel.lanes(channel.runs - 1); i++) merge(&all, last.lane(i));
  for (int i = 0; whole.count > 0 && i < kLanes; i++) merge(&all, whole.lane(i));
  return all;
}

void move_running(const ita_batch_norm* op, int64_t c, const Moments& batch) {
  const float keep = static_cast<float>(1.0 - op->momentum);
  const double unbiased = batch.m2 / (batch.count > 1 ? batch.count - 1 : 1);
  if (op->running_mean) {
    op->running_mean[c] =
        keep * op->running_mean[c] + op->momentum * static_cast<float>(batch.mean);
  }
  if (op->running_var) {
    op->running_var[c] = keep * op->running_var[c] + op->momentum * static_cast<float>(unbiased);
  }
}

// What a channel is normalised by.
struct Normal {
  float mean, rstd;
};

Normal batch_normal(const ita_batch_norm* op, const Channel& channel, int64_t c) {
  Moments batch = moments_of(op->src, channel);
  double rstd = inverse_root(batch.m2 / batch.count, op->epsilon);
  op->saved_mean[c] = static_cast<float>(batch.mean);
  op->saved_rstd[c] = static_cast<float>(rstd);
  move_running(op, c, batch);
  return {op->saved_mean[c], op->saved_rstd[c]};
}

Normal running_normal(const ita_batch_norm* op, int64_t c) {
  return {op->running_mean[c], static_cast<float>(inverse_root(op->running_var[c], op->epsilon))};
}

template <class End>
void normalise(const ita_batch_norm* op, const Channel& channel, int64_t c, Normal normal,
               End end) {
  const V mean = Set(normal.mean);
  const V scale = Set(normal.rstd * or_else(op->scale, c, 1.0f));
  const V shift = Set(or_else(op->shift, c, 0.0f));
  for (int64_t r = 0; r < channel.runs; r++) {
    const float* src = op->src;  // src[n/16, c, :, :]
    float* dst = op->dst;        // dst[n/16, c, :, :]
    for_each_vector(channel.run(r), channel.run(r) + channel.floats, [=](auto vector, int64_t at) {
      V y = MulAdd(Sub(vector.load(src + at), mean), scale, shift);
      vector.store(end.apply(vector, y, at), dst + at);
    });
  }
}

// diff_src = slope * (diff_dst - mean_diff - (src - mean) * mean_product)
struct Gradient {
  double slope, mean_diff, mean_product;
};

void propagate(const ita_batch_norm* op, const Channel& channel, float channel_mean,
               const Gradient& gradient, const Incoming& incoming) {
  const V mean = Set(channel_mean);
  const V slope = Set(static_cast<float>(gradient.slope));
  const V mean_diff = Set(static_cast<float>(gradient.mean_diff));
  const V mean_product = Set(static_cast<float>(gradient.mean_product));
  for (int64_t r = 0; r < channel.runs; r++) {
    const M values = FirstN(channel.lanes(r));
    for_each_run(channel.floats, [&](int64_t first, int64_t floats) {
      alignas(64) float buffer[kRunFloats];
      const int64_t at = channel.run(r) + first;
      const float* src = op->src + at;  // src[n/16, c, :, :]
      const float* diff_dst = incoming.at(at).settle(floats, buffer);
      float* diff_src = op->diff_src + at;  // diff_src[n/16, c, :, :]
      for_each_vector(0, floats, [=](auto vector, int64_t p) {
        V centred = Sub(vector.load(diff_dst + p), mean_diff);
        V diff = NegMulAdd(Sub(vector.load(src + p), mean), mean_product, centred);
        vector.store(IfThenElseZero(values, Mul(slope, diff)), diff_src + p);
      });
    });
  }
}

void backward_channel(const ita_batch_norm* op, int64_t c) {
  const Channel channel(op->shape, c);
  const bool batch = op->batch_statistics != 0;
  const Normal normal =
      batch ? Normal{op->saved_mean[c], op->saved_rstd[c]} : running_normal(op, c);
  Gradient gradient = {static_cast<double>(normal.rstd) * or_else(op->scale, c, 1.0f), 0, 0};

  Incoming incoming = Incoming::of(op);
  if (batch || op->diff_scale || op->diff_shift) {
    LaneSums sums;
    for (int64_t r = 0; r < channel.runs; r++) {
      sums.add(incoming.at(channel.run(r)), op->src + channel.run(r), Set(normal.mean),
               channel.floats, channel.row_major ? 1 : kLanes);
    }
    incoming = incoming.settled();
    const double diff = total(sums.diff);
    const double product = total(sums.product);
    if (op->diff_scale) op->diff_scale[c] += static_cast<float>(product * normal.rstd);
    if (op->diff_shift) op->diff_shift[c] += static_cast<float>(diff);
    if (batch) {
      const double variance_inverse = static_cast<double>(normal.rstd) * normal.rstd;
      gradient.mean_diff = diff / channel.count();
      gradient.mean_product = product * variance_inverse / channel.count();
    }
  }
  propagate(op, channel, normal.mean, gradient, incoming);
}

// A channel is read twice and written once.
Grain grain_of(const ita_activation_shape& s) {
  return grain_for(12 * divide_up(s.n, s.block) * divide_up(int64_t{s.h} * s.w * s.block, kLanes));
}

}  // namespace

ita_status batch_norm_forward(ita_context* ctx, const ita_batch_norm* op) {
  ITA_ASSERT(op->src && op->dst);
  ITA_ASSERT(op->batch_statistics ? op->saved_mean && op->saved_rstd
                                  : op->running_mean && op->running_var);
  with_epilogue(op, [=](auto end) {
    parallel_for(ctx, op->shape.c, grain_of(op->shape), [=](int64_t first, int64_t last, int32_t) {
      for (int64_t c = first; c < last; c++) {
        const Channel channel(op->shape, c);
        normalise(op, channel, c,
                  op->batch_statistics ? batch_normal(op, channel, c) : running_normal(op, c), end);
      }
    });
  });
  return ITA_OK;
}

ita_status batch_norm_backward(ita_context* ctx, const ita_batch_norm* op) {
  ITA_ASSERT(!op->relu || op->dst);
  ITA_ASSERT(op->src && op->diff_dst && op->diff_src);
  ITA_ASSERT(op->batch_statistics ? op->saved_mean && op->saved_rstd
                                  : op->running_mean && op->running_var);
  parallel_for(ctx, op->shape.c, grain_of(op->shape), [=](int64_t begin, int64_t end, int32_t) {
    for (int64_t c = begin; c < end; c++) backward_channel(op, c);
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
