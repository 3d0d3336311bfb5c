// SPDX-License-Identifier: Apache-2.0
// Normalisation of each image by the statistics of groups of its channels.
//
// Blocked, a lane is an image, so all statistics are vertical: one per lane. Row-major, a group is
// one run of one image with one statistic. The channels of a group are contiguous, and a group of
// one block is an item, whose values stay in cache from the first pass to the last. Gradients of
// scale and shift meet across blocks: partial sums per block are added in their order.
#include "moments.h"

namespace ITA_ISA {

namespace {

// One block of images, 16 or one, and one group of channels.
struct Group {
  int64_t first;    // element of its first value
  int64_t channel;  // its first channel
  int64_t channels;
  int64_t pixels;
  int64_t block;
  int lanes;       // statistics of the item: one per image and pad lane of the block
  int images;      // of the block
  int64_t floats;  // of a channel

  Group(const ita_group_norm* op, int64_t item) {
    const ita_activation_shape& s = op->shape;
    block = item / op->groups;
    channels = s.c / op->groups;
    channel = (item - block * op->groups) * channels;
    pixels = int64_t{s.h} * s.w;
    lanes = s.block;
    floats = pixels * lanes;
    first = (block * s.c + channel) * floats;
    const int64_t left = s.n - block * lanes;
    images = left < lanes ? static_cast<int>(left) : lanes;
  }

  // The statistics of an item as a vector for its values.
  V spread(const float* statistics) const {
    return lanes == 1 ? Set(statistics[0]) : LoadU(statistics);
  }

  double count() const { return static_cast<double>(channels) * static_cast<double>(pixels); }
};

inline float inverse_root(const Moments& moments, float epsilon) {
  return static_cast<float>(1 / __builtin_sqrt(moments.m2 / moments.count + epsilon));
}

// Pad lanes get mean 0 and rstd 0: they stay finite whatever they hold.
void save_moments(const ita_group_norm* op, const Group& group, int64_t item) {
  float* mean = op->saved_mean + item * group.lanes;  // saved_mean[n/16, group, :]
  float* rstd = op->saved_rstd + item * group.lanes;  // saved_rstd[n/16, group, :]
  if (group.lanes == 1) {
    Moments moments = {0, 0, 0};
    add_rows(&moments, op->src + group.first, 1, 0, group.channels * group.floats);
    *mean = static_cast<float>(moments.mean);
    *rstd = inverse_root(moments, op->epsilon);
    return;
  }
  LaneMoments moments;
  moments.add(op->src + group.first, group.channels * group.pixels);
  for (int i = 0; i < kLanes; i++) {
    const bool image = i < group.images;
    mean[i] = image ? static_cast<float>(moments.mean[i]) : 0.0f;
    rstd[i] = image ? inverse_root(moments.lane(i), op->epsilon) : 0.0f;
  }
}

template <class End>
void normalise(const ita_group_norm* op, const Group& group, int64_t item, End end) {
  const V mean = group.spread(op->saved_mean + item * group.lanes);
  const V rstd = group.spread(op->saved_rstd + item * group.lanes);
  for (int64_t c = 0; c < group.channels; c++) {
    const V scale = Mul(rstd, Set(or_else(op->scale, group.channel + c, 1.0f)));
    const V shift = Set(or_else(op->shift, group.channel + c, 0.0f));
    const int64_t at = group.first + c * group.floats;
    const float* src = op->src;  // src[n/16, c, :, :]
    float* dst = op->dst;        // dst[n/16, c, :, :]
    for_each_vector(at, at + group.floats, [=](auto vector, int64_t p) {
      V y = MulAdd(Sub(vector.load(src + p), mean), scale, shift);
      vector.store(end.apply(vector, y, p), dst + p);
    });
  }
}

// Contribution of one block to the gradients of scale and shift of one channel.
struct Share {
  double scale, shift;
};

// Sums of diff * scale and diff * scale * (src - mean) over the group; shares per channel.
LaneSums sum_group(const ita_group_norm* op, const Group& group, int64_t item, Share* shares) {
  const float* rstd = op->saved_rstd + item * group.lanes;
  const V mean = group.spread(op->saved_mean + item * group.lanes);
  const Incoming incoming = Incoming::of(op);
  LaneSums all;
  for (int64_t c = 0; c < group.channels; c++) {
    const int64_t at = group.first + c * group.floats;
    const float scale = or_else(op->scale, group.channel + c, 1.0f);
    LaneSums sums;
    sums.add(incoming.at(at), op->src + at, mean, group.floats, group.lanes);
    Share share = {0, total(sums.diff)};
    for (int i = 0; i < group.lanes; i++) {
      share.scale += sums.product[i] * rstd[i];
      all.diff[i] += sums.diff[i] * scale;
      all.product[i] += sums.product[i] * scale;
    }
    shares[group.block * op->shape.c + group.channel + c] = share;
  }
  return all;
}

// diff_src = rstd * (diff_dst * scale - mean_diff - (src - mean) * mean_product)
void propagate(const ita_group_norm* op, const Group& group, int64_t item, const LaneSums& sums) {
  const float* rstds = op->saved_rstd + item * group.lanes;
  float mean_diffs[kLanes], mean_products[kLanes];
  for (int i = 0; i < group.lanes; i++) {
    const double variance_inverse = static_cast<double>(rstds[i]) * rstds[i];
    mean_diffs[i] = static_cast<float>(sums.diff[i] / group.count());
    mean_products[i] = static_cast<float>(sums.product[i] * variance_inverse / group.count());
  }
  const Incoming incoming = Incoming::of(op).settled();
  const V mean = group.spread(op->saved_mean + item * group.lanes);
  const V rstd = group.spread(rstds);
  const V mean_diff = group.spread(mean_diffs);
  const V mean_product = group.spread(mean_products);
  for (int64_t c = 0; c < group.channels; c++) {
    const V scale = Set(or_else(op->scale, group.channel + c, 1.0f));
    const int64_t at = group.first + c * group.floats;
    for_each_run(group.floats, [&](int64_t first, int64_t floats) {
      alignas(64) float buffer[kRunFloats];
      const float* src = op->src + at + first;  // src[n/16, c, :, :]
      const float* diff_dst = incoming.at(at + first).settle(floats, buffer);
      float* diff_src = op->diff_src + at + first;  // diff_src[n/16, c, :, :]
      for_each_vector(0, floats, [=](auto vector, int64_t p) {
        V centred = Sub(Mul(vector.load(diff_dst + p), scale), mean_diff);
        V diff = NegMulAdd(Sub(vector.load(src + p), mean), mean_product, centred);
        vector.store(Mul(rstd, diff), diff_src + p);
      });
    });
  }
}

void add_shares(const ita_group_norm* op, const Share* shares) {
  const int64_t channels = op->shape.c;
  for (int64_t c = 0; c < channels; c++) {
    Share sum = {0, 0};
    for (int64_t b = 0; b < divide_up(op->shape.n, op->shape.block); b++) {
      sum.scale += shares[b * channels + c].scale;
      sum.shift += shares[b * channels + c].shift;
    }
    if (op->diff_scale) op->diff_scale[c] += static_cast<float>(sum.scale);
    if (op->diff_shift) op->diff_shift[c] += static_cast<float>(sum.shift);
  }
}

// A group is read twice and written once.
Grain grain_of(const ita_group_norm* op) {
  const ita_activation_shape& s = op->shape;
  return grain_for(12 * s.c / op->groups * divide_up(int64_t{s.h} * s.w * s.block, kLanes));
}

}  // namespace

ita_status group_norm_forward(ita_context* ctx, const ita_group_norm* op) {
  ITA_ASSERT(op->src && op->dst && op->saved_mean && op->saved_rstd);
  ITA_ASSERT(op->groups > 0 && op->shape.c % op->groups == 0);
  const int64_t items = divide_up(op->shape.n, op->shape.block) * op->groups;
  with_epilogue(op, [=](auto end) {
    parallel_for(ctx, items, grain_of(op), [=](int64_t first, int64_t last, int32_t) {
      for (int64_t item = first; item < last; item++) {
        const Group group(op, item);
        save_moments(op, group, item);
        normalise(op, group, item, end);
      }
    });
  });
  return ITA_OK;
}

ita_status group_norm_backward(ita_context* ctx, const ita_group_norm* op) {
  ITA_ASSERT(!op->relu || op->dst);
  ITA_ASSERT(op->src && op->diff_dst && op->diff_src && op->saved_mean && op->saved_rstd);
  const int64_t blocks = divide_up(op->shape.n, op->shape.block);
  const int64_t bytes = blocks * op->shape.c * static_cast<int64_t>(sizeof(Share));
  Share* shares = static_cast<Share*>(ita_core_scratch(ctx, bytes));  // [N/16, C]
  if (!shares) return ITA_OUT_OF_MEMORY;
  parallel_for(ctx, blocks * op->groups, grain_of(op), [=](int64_t begin, int64_t end, int32_t) {
    for (int64_t item = begin; item < end; item++) {
      const Group group(op, item);
      propagate(op, group, item, sum_group(op, group, item, shares));
    }
  });
  add_shares(op, shares);
  return ITA_OK;
}

}  // namespace ITA_ISA
