// SPDX-License-Identifier: Apache-2.0
// Mean cross entropy of a softmax over a class range, and its gradient.
//
// Blocked, sixteen rows are a vector: maximum, sum and gradient are vertical. Row-major, a vector
// is sixteen classes of a row. The maximum is subtracted first, so that no exponential overflows.
// Losses are added in double, in the order of rows.
#include "labels.h"
#include "rows.h"
#include "simd/math.h"

namespace ITA_ISA {

namespace {

// The softmax of 16 rows is exp(src - largest) / sum.
struct Softmax {
  V largest;
  V sum;
};

// range points at the first class of the range, [classes][16].
inline Softmax softmax_of(const float* range, int32_t classes) {
  V largest = Load(range);
  for (int64_t c = 1; c < classes; c++) largest = Max(largest, Load(range + c * kLanes));
  V sum = Zero();
  for (int64_t c = 0; c < classes; c++) {
    sum = Add(sum, Exp(Sub(Load(range + c * kLanes), largest)));
  }
  return {largest, sum};
}

// The same for one row: range is [classes].
inline Softmax softmax_of_row(const float* range, int32_t classes) {
  V best = Set(range[0]);
  for_each_vector(0, classes, [&](auto vector, int64_t c) {
    best = Max(best, vector.load_or(range + c, best));
  });
  float lanes[kLanes];
  StoreU(best, lanes);
  float largest = lanes[0];
  for (int i = 1; i < kLanes; i++) largest = largest > lanes[i] ? largest : lanes[i];
  V sum = Zero();
  for_each_vector(0, classes, [&](auto vector, int64_t c) {
    sum = Add(sum, vector.only(Exp(Sub(vector.load(range + c), Set(largest)))));
  });
  return {Set(largest), Set(ReduceSum(sum))};
}

// Writes the loss of one row-major row.
void row_loss(const ita_softmax_cross_entropy* op, int64_t n, float* losses) {
  const float* src = op->src + n * op->shape.i;  // src[n, :]
  const Softmax softmax = softmax_of_row(src + op->first_class, op->classes);
  float loss[kLanes];  // all the same
  StoreU(Add(Log(softmax.sum), Sub(softmax.largest, Set(src[op->labels[n]]))), loss);
  losses[n] = loss[0];
}

void row_gradient(const ita_softmax_cross_entropy* op, int64_t n) {
  const float* src = op->src + n * op->shape.i;      // src[n, :]
  float* diff_src = op->diff_src + n * op->shape.i;  // diff_src[n, :]
  const int32_t label = op->labels[n];
  const V share = Set(static_cast<float>(1.0 / op->shape.n));
  const Softmax softmax = softmax_of_row(src + op->first_class, op->classes);
  memset(diff_src, 0, sizeof(float) * static_cast<size_t>(op->shape.i));
  for_each_vector(op->first_class, op->first_class + op->classes, [=](auto vector, int64_t c) {
    V p = Div(Exp(Sub(vector.load(src + c), softmax.largest)), softmax.sum);
    U classes = IotaU(static_cast<uint32_t>(c));
    V one_hot = IfThenElseZero(EqU(classes, SetU(static_cast<uint32_t>(label))), Set(1.0f));
    vector.store(Mul(Sub(p, one_hot), share), diff_src + c);
  });
}

// Writes the loss of 16 rows; pad lanes get 0.
void block_losses(const ita_softmax_cross_entropy* op, int64_t block, float* losses) {
  const float* src = op->src + block * op->shape.i * kLanes;  // src[n/16, :, :]
  const BlockLabels labels(op, block);
  float at_label[kLanes] = {};
  for (int i = 0; i < labels.images; i++) {
    at_label[i] = src[int64_t{labels.lane[i]} * kLanes + i];
  }
  Softmax softmax = softmax_of(src + int64_t{op->first_class} * kLanes, op->classes);
  V loss = Add(Log(softmax.sum), Sub(softmax.largest, LoadU(at_label)));
  Store(IfThenElseZero(FirstN(labels.images), loss), losses);
}

// Classes outside the range, and pad lanes, get 0.
void block_gradient(const ita_softmax_cross_entropy* op, int64_t block) {
  const float* src = op->src + block * op->shape.i * kLanes;      // src[n/16, :, :]
  float* diff_src = op->diff_src + block * op->shape.i * kLanes;  // diff_src[n/16, :, :]
  const BlockLabels labels(op, block);
  const U label = LoadInts(labels.lane);
  const M images = FirstN(labels.images);
  const V share = Set(static_cast<float>(1.0 / op->shape.n));
  const Softmax softmax = softmax_of(src + int64_t{op->first_class} * kLanes, op->classes);
  const int32_t last_class = op->first_class + op->classes;

  for (int32_t c = 0; c < op->shape.i; c++) {
    V diff = Zero();
    if (c >= op->first_class && c < last_class) {
      V p = Div(Exp(Sub(Load(src + int64_t{c} * kLanes), softmax.largest)), softmax.sum);
      V one_hot = IfThenElseZero(EqU(label, SetU(static_cast<uint32_t>(c))), Set(1.0f));
      diff = IfThenElseZero(images, Mul(Sub(p, one_hot), share));
    }
    Store(diff, diff_src + int64_t{c} * kLanes);
  }
}

}  // namespace

ita_status softmax_cross_entropy_forward(ita_context* ctx, const ita_softmax_cross_entropy* op) {
  ITA_ASSERT(op->src && op->labels && op->loss && op->classes > 0);
  ITA_ASSERT(op->first_class >= 0 && op->first_class + op->classes <= op->shape.i);
  ita_status status = check_labels(ctx, op);
  if (status != ITA_OK) return status;
  const bool row_major = op->shape.block == 1;
  const int64_t items = row_major ? op->shape.n : blocks_of(op->shape.n);
  const int64_t bytes = round_up(op->shape.n, kLanes) * static_cast<int64_t>(sizeof(float));
  float* losses = static_cast<float*>(ita_core_scratch(ctx, bytes));  // [N/16, 16], or [N]
  if (!losses) return ITA_OUT_OF_MEMORY;

  parallel_for(ctx, items, grain_for(int64_t{op->classes} * 30),
               [=](int64_t begin, int64_t end, int32_t) {
                 for (int64_t at = begin; at < end; at++) {
                   if (row_major) {
                     row_loss(op, at, losses);
                   } else {
                     block_losses(op, at, losses + at * kLanes);
                   }
                 }
               });
  double sum = 0;
  for (int64_t n = 0; n < op->shape.n; n++) sum += losses[n];
  op->loss[0] = static_cast<float>(sum / op->shape.n);
  return ITA_OK;
}

ita_status softmax_cross_entropy_backward_data(ita_context* ctx,
                                               const ita_softmax_cross_entropy* op) {
  ITA_ASSERT(op->src && op->labels && op->diff_src && op->classes > 0);
  ITA_ASSERT(op->first_class >= 0 && op->first_class + op->classes <= op->shape.i);
  ita_status status = check_labels(ctx, op);
  if (status != ITA_OK) return status;
  const bool row_major = op->shape.block == 1;
  parallel_for(ctx, row_major ? op->shape.n : blocks_of(op->shape.n),
               grain_for(int64_t{op->shape.i} * 60), [=](int64_t begin, int64_t end, int32_t) {
                 for (int64_t at = begin; at < end; at++) {
                   row_major ? row_gradient(op, at) : block_gradient(op, at);
                 }
               });
  return ITA_OK;
}

}  // namespace ITA_ISA
