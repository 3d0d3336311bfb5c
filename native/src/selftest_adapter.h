// SPDX-License-Identifier: Apache-2.0
// bind() of gated_adapter; a part of selftest_ops.h.
#ifndef INTARSIA_SELFTEST_ADAPTER_H_
#define INTARSIA_SELFTEST_ADAPTER_H_

// In turn a 1x1 adapter and one of all taps, gates of three channels: closed, open and half open.
inline ita_gated_adapter bind(Problem& p, const ita_gated_adapter*) {
  const Size& s = p.s;
  const int32_t groups = s.c % 4 == 0 && s.n % 2 == 0 ? 2 : 1;
  const int32_t k = s.h < 3 || s.w < 3 ? 1 : 3, own = s.rows % 2 ? 1 : k;
  const int32_t stride = s.h % 2 ? 2 : 1;
  const int32_t o = s.c > 4 && groups == 1 ? 33 : 4 * groups;
  const int32_t oh = (s.h - 1) / stride + 1, ow = (s.w - 1) / stride + 1;
  const int64_t kernels = int64_t{o} * s.c / groups;
  ita_gated_adapter op = {};
  op.shape = {s.n,    s.c,    s.h,   s.w,   o, k, k,      oh,     ow,
              stride, stride, k / 2, k / 2, 1, 1, groups, s.block};
  op.adapter_kh = op.adapter_kw = own;
  op.outputs = 3;
  op.weights = p.values(kernels * k * k);
  op.adapter = p.values(kernels * own * own);
  const int32_t gates = (o + 2) / 3;
  float* gate = p.values(gates);
  for (int32_t g = 0; g < gates; g++) gate[g] = static_cast<float>(g % 3) * 0.5f;
  op.gates = gate;
  op.folded = p.values(kernels * k * k);
  op.src = p.activations(image(s));
  op.diff_dst = p.diffs(int64_t{o} * oh * ow);
  op.diff_adapter = p.values(kernels * own * own);
  op.diff_gates = p.or_null(p.values(gates));
  return op;
}

#endif  // INTARSIA_SELFTEST_ADAPTER_H_
