// SPDX-License-Identifier: Apache-2.0
// Counts rows whose largest logit inside a class range is the label's.
//
// Sixteen rows are a vector; the class of the largest logit so far rides along as a float, which is
// exact below 2^24 classes. Only a greater logit displaces it, so the first of equals stays. A
// row of row-major logits is walked alone: there are fewer than a few of them.
#include "labels.h"

namespace ITA_ISA {

namespace {

int64_t correct_of(const ita_accuracy* op, int64_t block) {
  const float* src = op->src + block * op->shape.i * kLanes;  // src[n/16, :, :]
  const BlockLabels labels(op, block);
  V largest = Load(src + int64_t{op->first_class} * kLanes);
  V chosen = Set(static_cast<float>(op->first_class));
  for (int32_t c = op->first_class + 1; c < op->first_class + op->classes; c++) {
    V logit = Load(src + int64_t{c} * kLanes);
    M greater = Gt(logit, largest);
    largest = IfThenElse(greater, logit, largest);
    chosen = IfThenElse(greater, Set(static_cast<float>(c)), chosen);
  }
  const uint32_t right = ToBits(Eq(chosen, ToFloat(LoadInts(labels.lane))));
  for (int i = 0; op->hit && i < labels.images; i++) {
    op->hit[block * kLanes + i] = static_cast<int32_t>(right >> i & 1);
  }
  return __builtin_popcount(right);
}

// The same for one row of row-major logits: 1 or 0.
int64_t row_is_correct(const ita_accuracy* op, int64_t n) {
  const float* src = op->src + n * op->shape.i;  // src[n, :]
  int32_t chosen = op->first_class;
  for (int32_t c = chosen + 1; c < op->first_class + op->classes; c++) {
    if (src[c] > src[chosen]) chosen = c;
  }
  const bool right = chosen == op->labels[n];
  if (op->hit) op->hit[n] = right;
  return right;
}

}  // namespace

ita_status accuracy_forward(ita_context* ctx, const ita_accuracy* op) {
  ITA_ASSERT(op->src && op->labels && op->correct && op->classes > 0);
  ITA_ASSERT(op->first_class >= 0 && op->first_class + op->classes <= op->shape.i);
  ita_status status = check_labels(ctx, op);
  if (status != ITA_OK) return status;
  if (op->shape.block == 1) {
    for (int64_t n = 0; n < op->shape.n; n++) op->correct[0] += row_is_correct(op, n);
    return ITA_OK;
  }
  const int64_t blocks = blocks_of(op->shape.n);
  int64_t* correct = static_cast<int64_t*>(
      ita_core_scratch(ctx, blocks * static_cast<int64_t>(sizeof(int64_t))));  // [N/16]
  if (!correct) return ITA_OUT_OF_MEMORY;
  parallel_for(ctx, blocks, grain_for(int64_t{op->classes} * 4),
               [=](int64_t begin, int64_t end, int32_t) {
                 for (int64_t b = begin; b < end; b++) correct[b] = correct_of(op, b);
               });
  for (int64_t b = 0; b < blocks; b++) op->correct[0] += correct[b];
  return ITA_OK;
}

}  // namespace ITA_ISA
