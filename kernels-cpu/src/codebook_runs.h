// SPDX-License-Identifier: Apache-2.0
// Images of several tasks in one batch: each block of images (each image where they are row-major)
// obeys one plane of the mask. Consecutive blocks that obey the same one are a run, and a run is
// what a kernel would be given if its task were alone.
#ifndef INTARSIA_CODEBOOK_RUNS_H_
#define INTARSIA_CODEBOOK_RUNS_H_

#include "codebook_decode.h"

namespace ITA_ISA {

inline bool has_runs(const ita_codebook_weights& w) { return w.mask && w.mask_of; }

// Words of one plane in panel order.
inline int64_t plane_words(int64_t rows, int64_t cols) {
  return divide_up(rows, kPanelRows) * divide_up(cols, 2);
}

// Whether every block obeys a plane that exists.
inline bool runs_fit(const ita_codebook_weights& w, int64_t blocks) {
  for (int64_t b = 0; has_runs(w) && b < blocks; b++) {
    if (w.mask_of[b] < 0 || w.mask_of[b] >= w.masks) return false;
  }
  return true;
}

// The first block behind the run that starts at `first`.
inline int64_t end_of_run(const ita_codebook_weights& w, int64_t first, int64_t blocks) {
  if (!has_runs(w)) return blocks;
  int64_t end = first + 1;
  while (end < blocks && w.mask_of[end] == w.mask_of[first]) end++;
  return end;
}

// The weights [rows, cols] as a block of images sees them.
inline ita_codebook_weights weights_of(const ita_codebook_weights& w, int64_t rows, int64_t cols,
                                       int64_t block) {
  ita_codebook_weights seen = w;
  if (has_runs(w)) {
    seen.mask += w.mask_of[block] * plane_words(rows, cols);
  }
  seen.mask_of = nullptr;
  return seen;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CODEBOOK_RUNS_H_
