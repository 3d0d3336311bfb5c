// SPDX-License-Identifier: Apache-2.0
// The dense way of matrix_product.h: panels of 16 rows of masked weights, transposed so that one k
// is one cache line, times tiles of up to four blocks of 16 images.
#ifndef INTARSIA_MATRIX_PANELS_H_
#define INTARSIA_MATRIX_PANELS_H_

#include "matrix_gather.h"

namespace ITA_ISA {

constexpr bool kManyRegisters = kAccumulators >= 16;
constexpr int kTileBlocks = kManyRegisters ? 4 : 1;  // blocks of 16 images in a tile, at most
constexpr int64_t kTileBytes = 32 << 10;             // of a tile's chunk: most of the L1 cache
constexpr int64_t kCopyBytes = 512 << 10;            // of copied tiles: half of the L2 cache
constexpr int64_t kGroupPanels = 8;                  // panels that are gathered together

// A tile's results: kWide blocks, `rows` rows a plane apart, from row `first` on.
struct Target {
  float* dst[4];
  int64_t row_stride;
  const float* bias;  // of the first row, or NULL
  bool fresh;         // the first chunk starts from the bias, the others from what is there
};

// kRows rows of a panel times a chunk of source; `ahead` is what is read next, a panel's size away.
template <int kRows, int kWide>
void multiply_tile(const Source& s, const float* panel, int64_t depth, const Target& target,
                   int64_t first, int64_t rows, const float* ahead) {
  V acc[kRows][kWide];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 4
    for (int b = 0; b < kWide; b++) {
      if (r >= rows) {
        acc[r][b] = Zero();
      } else if (target.fresh) {
        acc[r][b] = Set(target.bias ? target.bias[first + r] : 0.0f);
      } else {
        acc[r][b] = Load(target.dst[b] + (first + r) * target.row_stride);
      }
    }
  }
  const float* x = s.x;
  const int64_t k_stride = s.k_stride;
  const int64_t block_stride = s.block_stride;
  panel += first % kPanelRows;
  for (int64_t k = 0; k < depth; k++, x += k_stride, panel += kPanelRows, ahead += kPanelRows) {
    __builtin_prefetch(ahead, 0, 2);
    V v[kWide];
#pragma GCC unroll 4
    for (int b = 0; b < kWide; b++) v[b] = Load(x + b * block_stride);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
      const V weight = Set(panel[r]);
#pragma GCC unroll 4
      for (int b = 0; b < kWide; b++) acc[r][b] = MulAdd(v[b], weight, acc[r][b]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
    if (r >= rows) break;
#pragma GCC unroll 4
    for (int b = 0; b < kWide; b++) {
      Store(acc[r][b], target.dst[b] + (first + r) * target.row_stride);
    }
  }
}

template <int kRows, int kWide>
void multiply_rows(const Source& s, const float* panel, int64_t depth, const Target& t,
                   int64_t first, int64_t end, const float* ahead) {
  for (int64_t r = first; r < end; r += kRows) {
    multiply_tile<kRows, kWide>(s, panel, depth, t, r, end - r, ahead);
  }
}

// Rows first .. end of a panel for a tile of `wide` blocks.
inline void multiply_panel(const Source& s, int64_t wide, const float* panel, int64_t depth,
                           const Target& t, int64_t first, int64_t end, const float* ahead) {
  if constexpr (kManyRegisters) {
    if (wide == 4) return multiply_rows<4, 4>(s, panel, depth, t, first, end, ahead);
    if (wide == 3) return multiply_rows<4, 3>(s, panel, depth, t, first, end, ahead);
    if (wide == 2) return multiply_rows<8, 2>(s, panel, depth, t, first, end, ahead);
    return multiply_rows<16, 1>(s, panel, depth, t, first, end, ahead);
  } else {
    const int64_t sixes = end - first < 12 ? end - first : 12;
    multiply_rows<6, 1>(s, panel, depth, t, first, first + sixes, ahead);
    multiply_rows<4, 1>(s, panel, depth, t, first + sixes, end, ahead);
  }
}

// How a product is cut: by the shape alone. An item is a group of panels times a group of tiles.
struct PanelCut {
  int64_t depth;  // k of a chunk, whole words of mask
  int64_t panels, tiles;
  int64_t item_panels, item_tiles;
  int64_t panel_items, tile_items;
  bool copied;  // the source's tiles are

  explicit PanelCut(const MatrixProduct& p) {
    const int64_t wide = p.blocks() < kTileBlocks ? p.blocks() : kTileBlocks;
    depth = kTileBytes / (static_cast<int64_t>(sizeof(float)) * ITA_BLOCK * wide) / 32 * 32;
    panels = divide_up(p.rows(), kPanelRows);
    tiles = divide_up(p.blocks(), kTileBlocks);
    copied = p.pixels > 1;
    item_panels = kGroupPanels;
    item_tiles = tiles < 16 ? tiles : 16;
    if (copied) {
      const int64_t tile_bytes = p.k() * kTileBlocks * ITA_BLOCK * int64_t(sizeof(float));
      const int64_t fit = kCopyBytes / tile_bytes;
      item_tiles = tiles / 8 < fit ? tiles / 8 : fit;
      if (item_tiles < 1) item_tiles = 1;
      item_panels = tiles < 8 ? 2 * kGroupPanels : panels;
    }
    panel_items = divide_up(panels, item_panels);
    tile_items = divide_up(tiles, item_tiles);
  }
};

// A group of at most kGroupPanels panels times tiles of blocks first .. first + count. The weights
// are `packed` panels or gathered into `gathered`; the source is `copied` tiles or where it is.
inline void multiply_group(const MatrixProduct& p, const PanelCut& cut, int64_t first_panel,
                           int64_t end_panel, int64_t first, int64_t count, const float* packed,
                           float* gathered, const float* copied) {
  const int64_t rows = p.rows();
  const int64_t k_end = p.k();
  Target target = {{}, p.plane(), p.bias, true};
  for (int64_t k = 0; k < k_end; k += cut.depth, target.fresh = false) {
    const int64_t depth = k + cut.depth < k_end ? cut.depth : k_end - k;
    if (!packed) gather_panels(p, first_panel, end_panel, k, depth, cut.depth, gathered);
    for (int64_t panel = first_panel; panel < end_panel; panel++) {
      const float* weights = gathered + (panel - first_panel) * cut.depth * kPanelRows;
      const float* ahead = weights;
      if (packed) {
        weights = packed + (panel * k_end + k) * kPanelRows;
        ahead = panel + 1 < end_panel ? weights + k_end * kPanelRows
                                      : packed + (first_panel * k_end + k + depth) * kPanelRows;
      }
      const int64_t row = panel * kPanelRows;
      const int64_t row_end = row + kPanelRows < rows ? row + kPanelRows : rows;
      for (int64_t at = 0; at < count; at += kTileBlocks) {
        const int64_t wide = count - at < kTileBlocks ? count - at : kTileBlocks;
        Source s = {p.src + ((first + at) * k_end + k) * ITA_BLOCK, ITA_BLOCK, k_end * ITA_BLOCK};
        if (copied) {
          s = {copied + (at * k_end + k * wide) * ITA_BLOCK, wide * ITA_BLOCK, ITA_BLOCK};
        }
        for (int64_t b = 0; b < wide; b++) target.dst[b] = p.dst_at(first + at + b);
        multiply_panel(s, wide, weights, depth, target, row, row_end, ahead);
      }
    }
  }
}

inline void pack_panels(ita_context* ctx, const MatrixProduct& p, float* packed) {
  const int64_t panels = divide_up(p.rows(), kPanelRows);
  const int64_t groups = divide_up(panels, kGroupPanels);
  parallel_for(ctx, groups, grain_for(p.k() * kGroupPanels * 8),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t first = begin * kGroupPanels; first < end * kGroupPanels;
                      first += kGroupPanels) {
                   const int64_t last = first + kGroupPanels < panels ? first + kGroupPanels : panels;
                   gather_panels(p, first, last, 0, p.k(), p.k(),
                                 packed + first * p.k() * kPanelRows);
                 }
               });
}

// A linear layer that is not packed gathers a group of panels in cache for all its images; a 1x1
// convolution, whose weights are few and used often, packs them for the call.
inline ita_status multiply_panels(ita_context* ctx, const MatrixProduct& p) {
  const PanelCut cut(p);
  const bool pack = cut.copied && !p.packed;
  const int64_t pack_part = pack ? cut.panels * kPanelRows * p.k() : 0;
  const int64_t gather_part = p.packed || pack ? 0 : cut.depth * kPanelRows * kGroupPanels;
  const int64_t copy_part =
      cut.copied ? p.k() * kTileBlocks * ITA_BLOCK * cut.item_tiles : 0;
  const int64_t floats = pack_part + (gather_part + copy_part) * ctx->threads;
  float* scratch = nullptr;
  if (floats) {
    scratch = static_cast<float*>(
        ita_core_scratch(ctx, static_cast<int64_t>(sizeof(float)) * floats));
    if (!scratch) return ITA_OUT_OF_MEMORY;
  }
  if (pack) pack_panels(ctx, p, scratch);
  const float* packed = p.packed ? packed_panels(p.packed) : pack ? scratch : nullptr;
  const int64_t blocks = p.blocks();
  const int64_t work = p.k() * cut.item_panels * kPanelRows * cut.item_tiles * kTileBlocks;
  parallel_for(
      ctx, cut.panel_items * cut.tile_items, grain_for(work),
      [&](int64_t begin, int64_t end, int worker) {
        float* gathered = scratch + pack_part + worker * (gather_part + copy_part);
        float* copied = cut.copied ? gathered + gather_part : nullptr;
        for (int64_t item = begin; item < end; item++) {
          const int64_t panel = item % cut.panel_items * cut.item_panels;
          const int64_t panel_end =
              panel + cut.item_panels < cut.panels ? panel + cut.item_panels : cut.panels;
          const int64_t block = item / cut.panel_items * cut.item_tiles * kTileBlocks;
          const int64_t left = blocks - block;
          const int64_t most = cut.item_tiles * kTileBlocks;
          const int64_t count = left < most ? left : most;
          if (copied) copy_blocks(p, block, count, kTileBlocks, copied);
          for (int64_t group = panel; group < panel_end; group += kGroupPanels) {
            const int64_t last = group + kGroupPanels < panel_end ? group + kGroupPanels : panel_end;
            multiply_group(p, cut, group, last, block, count, packed, gathered, copied);
          }
        }
      });
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_MATRIX_PANELS_H_
