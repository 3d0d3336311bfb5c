// SPDX-License-Identifier: Apache-2.0
// Codes times blocks of sixteen images of several tasks: a group of panels is decoded once, as if
// there were no mask, and each run of blocks multiplies a copy without the weights outside its own.
// A code is read from memory and looked up in the codebooks once for all tasks; a further task
// costs a load, a choice and a store for sixteen weights, beside sixteen multiply-adds.
//
// Bound by multiply-adds: 2 * O * I * 16 flops a block (10 blocks of 2048 x 2048: 5.2 ms).
//
// Ladder (10 blocks of 10 tasks, 4 bits, 10 sources, one thread, AVX-512, Zen 5, minima, ms):
//                                               2048 x 2048  4096 x 4096
//   1  a call for each task ...................... 11.6         50.0
//   2  decoded once, a masked copy for each run ... 8.3         35.6      shipped
//   one task of as many images .................... 5.9         25.0
// What is left above one task are the copies and tiles of one block. Not tried: sixteen outputs as
// lanes, the mask in the load, as codebook_tiles.h has it for one source (5.3 and 21.6, tasks
// alike or not).
//
// Sums run as in matrix_panels.h: the bits are those of each run alone.
#ifndef INTARSIA_CODEBOOK_MIXED_H_
#define INTARSIA_CODEBOOK_MIXED_H_

#include "codebook_runs.h"
#include "matrix_panels.h"

namespace ITA_ISA {

constexpr int64_t kMixedDepth = 128;  // k of a chunk: whole words of most widths
constexpr int64_t kMixedFloats = kMixedDepth * kPanelRows * kGroupPanels;  // a group's chunk

struct CodebookMixed {
  const Decoder* d;               // without a mask
  const ita_codebook_weights* w;  // with those of all runs
  const float* src;               // [blocks][cols][16]
  const float* bias;              // or NULL
  float* dst;                     // [blocks][rows][16]
  int64_t blocks;
};

// to[c][16]: columns [col, col + cols) of a panel that a mask leaves.
inline void mask_columns(const Decoder& d, const uint16_t* mask, int64_t panel, int64_t col,
                         int64_t cols, const float* from, float* to) {
  const uint16_t* on = mask + panel * d.plane_stride + col;
  for (int64_t c = 0; c < cols; c++) {
    Store(IfThenElseZero(LoadBits(on + c), Load(from + c * kPanelRows)), to + c * kPanelRows);
  }
}

// Panels first .. end times all blocks. `room` has kMixedFloats twice.
inline void mixed_group(const CodebookMixed& m, int64_t first_panel, int64_t end_panel,
                        float* room) {
  const Decoder& d = *m.d;
  float* masked = room + kMixedFloats;
  float* dst[kTileBlocks];
  Target target = {dst, ITA_BLOCK, m.bias, true};
  for (int64_t k = 0; k < d.cols; k += kMixedDepth, target.fresh = false) {
    const int64_t depth = k + kMixedDepth < d.cols ? kMixedDepth : d.cols - k;
    for (int64_t panel = first_panel; panel < end_panel; panel++) {
      d.columns(panel, k, depth, room + (panel - first_panel) * kMixedDepth * kPanelRows);
    }
    for (int64_t run = 0, end; run < m.blocks; run = end) {
      end = end_of_run(*m.w, run, m.blocks);
      const ita_codebook_weights seen = weights_of(*m.w, d.rows, d.cols, run);
      const uint16_t* mask = reinterpret_cast<const uint16_t*>(seen.mask);
      for (int64_t panel = first_panel; panel < end_panel; panel++) {
        const int64_t at = (panel - first_panel) * kMixedDepth * kPanelRows;
        mask_columns(d, mask, panel, k, depth, room + at, masked + at);
      }
      for (int64_t block = run; block < end; block += kTileBlocks) {
        const int64_t wide = end - block < kTileBlocks ? end - block : kTileBlocks;
        const Source s = {m.src + (block * d.cols + k) * ITA_BLOCK, ITA_BLOCK, d.cols * ITA_BLOCK};
        for (int64_t b = 0; b < wide; b++) dst[b] = m.dst + (block + b) * d.rows * ITA_BLOCK;
        for (int64_t panel = first_panel; panel < end_panel; panel++) {
          const float* from = masked + (panel - first_panel) * kMixedDepth * kPanelRows;
          const int64_t row = panel * kPanelRows;
          const int64_t row_end = row + kPanelRows < d.rows ? row + kPanelRows : d.rows;
          multiply_panel(s, wide, from, depth, target, row, row_end, {from, 1, 0});
        }
      }
    }
  }
}

// `room` has kMixedFloats twice for each thread.
inline void codebook_mixed(ita_context* ctx, const CodebookMixed& m, float* room) {
  const Decoder& d = *m.d;
  const int64_t work = d.cols * kGroupPanels * kPanelRows * m.blocks;
  parallel_for(ctx, divide_up(d.panels, kGroupPanels), grain_for(work),
               [&](int64_t begin, int64_t end, int worker) {
                 for (int64_t group = begin; group < end; group++) {
                   const int64_t first = group * kGroupPanels;
                   const int64_t most = first + kGroupPanels;
                   mixed_group(m, first, most < d.panels ? most : d.panels,
                               room + worker * 2 * kMixedFloats);
                 }
               });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CODEBOOK_MIXED_H_
