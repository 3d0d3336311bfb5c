// SPDX-License-Identifier: Apache-2.0
// The definitions of the ops on compact arrays and of gated_adapter_fold; a part of selftest.cpp.
#ifndef INTARSIA_SELFTEST_COMPACT_H_
#define INTARSIA_SELFTEST_COMPACT_H_

inline bool panel_bit(const uint32_t* planes, const Problem& p, int64_t i) {
  const int64_t row = i / p.s.cols, col = i % p.s.cols;
  return planes[row / 16 * ((p.s.cols + 1) / 2) + col / 2] >> (col % 2 * 16 + row % 16) & 1;
}

inline bool correct(codebook_decode_forward_tag, const ita_codebook_decode& op, const Problem& p) {
  bool same = true;
  const float* value = op.values;
  for (int64_t i = 0; i < plane(p.s); i++) {
    const bool on = !op.coded.mask || panel_bit(op.coded.mask, p, i);
    const int source = panel_bit(op.coded.owners, p, i);
    float weight = on ? op.coded.codebooks[8 * source + code_at(op.coded.codes, p, i)] : 0;
    if (op.free_mask && bit(op.free_mask, p.s.cols, i)) weight = *value++;
    same = same && op.weights[i] == weight;
  }
  return same;
}

inline bool correct(mask_compress_pack_tag, const ita_mask_compress& op, const Problem& p) {
  bool same = true;
  int64_t at = 0;
  for (int64_t i = 0; i < plane(p.s); i++) {
    if (bit(op.selected, p.s.cols, i)) same = same && op.compact[at++] == op.dense[i];
  }
  return same;
}

inline bool correct(mask_compress_unpack_tag, const ita_mask_compress& op, const Problem& p) {
  bool same = true;
  int64_t at = 0;
  for (int64_t i = 0; i < plane(p.s); i++) {
    const bool on = bit(op.selected, p.s.cols, i);
    same = same && op.dense[i] == (on ? op.compact[at++] : p.before(op.dense)[i]);
  }
  return same;
}

inline bool correct(gated_adapter_fold_tag, const ita_gated_adapter& op, const Problem&) {
  const int64_t kernel = int64_t{op.shape.kh} * op.shape.kw;
  const int64_t cols = op.shape.c / op.shape.groups * kernel;
  const bool all_taps = op.adapter_kh == op.shape.kh;
  bool same = true;
  for (int64_t i = 0; i < op.shape.o * cols; i++) {
    const float gate = op.gates[i / cols / op.outputs];
    const bool adapted = gate != 0 && (all_taps || i % kernel == kernel / 2);
    const double a = adapted ? double{op.adapter[all_taps ? i : i / kernel]} : 0;
    same = same && (adapted ? near(op.folded[i], op.weights[i] + gate * a)
                            : op.folded[i] == op.weights[i]);
  }
  return same;
}

#endif  // INTARSIA_SELFTEST_COMPACT_H_
