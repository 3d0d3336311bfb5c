// SPDX-License-Identifier: Apache-2.0
// What is made of logits: a bind() and the definitions; a part of selftest.cpp.
#ifndef INTARSIA_SELFTEST_LOSSES_H_
#define INTARSIA_SELFTEST_LOSSES_H_

inline ita_distillation bind(Problem& p, const ita_distillation*) {
  const int32_t cols = p.s.cols;
  ita_distillation op = {};
  op.shape = {p.s.n, cols, cols, p.s.block};
  op.temperature = 2;
  op.lambda = 0.5f;
  op.src = p.activations(cols);
  op.teacher = p.activations(cols);
  op.labels = p.or_null(p.labels(0, cols));
  op.known = p.or_null(p.labels(0, 2));
  op.loss = p.values(2);
  op.diff_src = p.diffs(cols);
  return op;
}

// The logits of a softmax share out their gradient: that of a row adds up to zero.
inline bool correct(distillation_apply_tag, const ita_distillation& op, const Problem& p) {
  bool right = op.loss[1] > -1e-5f && (op.labels ? op.loss[0] >= 0 : op.loss[0] == 0);
  for (int64_t n = 0; n < p.s.n; n++) {
    const float* row = op.diff_src + n / p.s.block * p.s.block * p.s.cols + n % p.s.block;
    double sum = 0;
    for (int64_t c = 0; c < p.s.cols; c++) sum += row[c * p.s.block];
    right = right && near(sum, 0);
  }
  return right;
}

inline bool correct(accuracy_forward_tag, const ita_accuracy& op, const Problem& p) {
  int64_t hits = 0;
  for (int64_t n = 0; op.hit && n < p.s.n; n++) hits += op.hit[n];
  return !op.hit || hits == op.correct[0];
}

#endif  // INTARSIA_SELFTEST_LOSSES_H_
