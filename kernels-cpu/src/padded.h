// SPDX-License-Identifier: Apache-2.0
// Activations with margins of zeros, so that every tap of every pixel is a valid read.
#ifndef INTARSIA_PADDED_H_
#define INTARSIA_PADDED_H_

#include "parallel.h"

namespace ITA_ISA {

// Zero rows and columns around an image.
struct Margin {
  int64_t before, after;
};

// Activations [blocks][channels][rows][cols][16] with margins of zeros; no copy where there are
// none.
struct Padded {
  int64_t h, w;  // inside the margins
  Margin mh, mw;
  int64_t row_stride;      // floats
  int64_t channel_stride;  // floats
  int64_t block_stride;    // floats
  int64_t planes;          // blocks * channels
  const float* data;

  Padded(int64_t blocks, int64_t channels, int64_t height, int64_t width, Margin rows, Margin cols)
      : h(height), w(width), mh(rows), mw(cols), data(nullptr) {
    row_stride = (cols.before + w + cols.after) * ITA_BLOCK;
    channel_stride = (rows.before + h + rows.after) * row_stride;
    block_stride = channels * channel_stride;
    planes = blocks * channels;
  }
  bool copied() const { return mh.before + mh.after + mw.before + mw.after > 0; }
  int64_t scratch_floats() const { return copied() ? planes * channel_stride : 0; }
};

inline void pad(ita_context* ctx, const float* src, float* scratch, Padded* padded) {
  padded->data = src;
  if (!padded->copied()) return;
  padded->data = scratch;
  const Padded& p = *padded;
  const int64_t row_vectors = p.channel_stride / ITA_BLOCK;
  parallel_for(ctx, p.planes, grain_for(row_vectors), [&](int64_t begin, int64_t end, int) {
    for (int64_t plane = begin; plane < end; plane++) {
      float* to = scratch + plane * p.channel_stride;           // to[row, col, :]
      const float* from = src + plane * p.h * p.w * ITA_BLOCK;  // from[row, col, :]
      const int64_t rows = p.mh.before + p.h + p.mh.after;
      for (int64_t row = 0; row < rows; row++, to += p.row_stride) {
        if (row < p.mh.before || row >= p.mh.before + p.h) {
          memset(to, 0, sizeof(float) * p.row_stride);
          continue;
        }
        float* inside = to + p.mw.before * ITA_BLOCK;
        memset(to, 0, sizeof(float) * p.mw.before * ITA_BLOCK);
        memcpy(inside, from, sizeof(float) * p.w * ITA_BLOCK);
        memset(inside + p.w * ITA_BLOCK, 0, sizeof(float) * p.mw.after * ITA_BLOCK);
        from += p.w * ITA_BLOCK;
      }
    }
  });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_PADDED_H_
