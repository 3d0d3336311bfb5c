// SPDX-License-Identifier: Apache-2.0
// The dense way of matrix_product.h: panels of 16 rows of masked weights, transposed so that one k
// is one cache line, times tiles of up to four blocks of 16 images.
#ifndef INTARSIA_MATRIX_PANELS_H_
#define INTARSIA_MATRIX_PANELS_H_

#include "matrix_gather.h"

namespace ITA_ISA {

constexpr int kTileBlocks = kManyRegisters ? 4 : 1;  // blocks of 16 images in a tile, at most
constexpr int64_t kTileBytes = 32 << 10;             // of a tile's chunk: most of the L1 cache
constexpr int64_t kCopyBytes = 2 << 20;              // of copied tiles
constexpr int64_t kCopyTiles = 8;    // at most: a chunk of them stays in the L2 cache
constexpr int64_t kGroupTiles = 16;  // that are multiplied together, at most
constexpr int64_t kGroupPanels = 8;  // panels that are gathered together

// A tile's results: kWide blocks, `rows` rows a plane apart, from row `first` on.
struct Target {
  float* const* dst;
  int64_t row_stride;
  const float* bias;  // of the first row, or NULL
  bool fresh;         // the first chunk starts from the bias, the others from what is there
};

// What is read next, and is fetched into the L2 cache meanwhile: for each k one line, `run` lines
// in a row and then `stride` floats on. run is a power of two.
struct Ahead {
  const float* at;
  int64_t run, stride;
};
constexpr int64_t kForever = int64_t{1} << 40;  // a run

// kRows rows of a panel times a chunk of source.
template <int kRows, int kWide>
void multiply_tile(const Source& s, const float* panel, int64_t depth, const Target& target,
                   int64_t first, int64_t rows, const Ahead& ahead) {
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
  const uintptr_t at = reinterpret_cast<uintptr_t>(ahead.at);
  const int64_t in_run = ahead.run - 1;
  const int run_bits = __builtin_ctzll(static_cast<uint64_t>(ahead.run));
  const int64_t stride = ahead.stride;
  for (int64_t k = 0; k < depth; k++, x += k_stride, panel += kPanelRows) {
    const int64_t floats = (k & in_run) * kPanelRows + (k >> run_bits) * stride;
    __builtin_prefetch(reinterpret_cast<const void*>(at + floats * sizeof(float)), 0, 2);
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
                   int64_t first, int64_t end, Ahead ahead) {
  for (int64_t r = first; r < end; r += kRows) {
    multiply_tile<kRows, kWide>(s, panel, depth, t, r, end - r, ahead);
    ahead = {panel, 1, 0};  // once is enough
  }
}

// Rows first .. end of a panel for a tile of `wide` blocks.
inline void multiply_panel(const Source& s, int64_t wide, const float* panel, int64_t depth,
                           const Target& t, int64_t first, int64_t end, const Ahead& ahead) {
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

// How a product is cut. Nothing of it changes a bit of the result.
struct PanelCut {
  int64_t depth;  // k of a chunk, whole words of mask
  int64_t panels, tiles;
  int64_t item_panels, item_tiles;  // an item is a group of panels times tiles
  int64_t panel_items, tile_items;
  int64_t group_tiles;  // of an item, held in the L2 cache together
  bool copied;          // the source's tiles are

  PanelCut(const MatrixProduct& p, int64_t threads) {
    const int64_t wide = p.blocks() < kTileBlocks ? p.blocks() : kTileBlocks;
    depth = kTileBytes / (static_cast<int64_t>(sizeof(float)) * ITA_BLOCK * (wide == 3 ? 4 : wide));
    panels = divide_up(p.rows(), kPanelRows);
    tiles = divide_up(p.blocks(), kTileBlocks);
    copied = p.pixels > 1;
    item_panels = kGroupPanels;
    item_tiles = group_tiles = tiles < kGroupTiles ? tiles : kGroupTiles;
    if (copied) {
      const int64_t tile_bytes = p.k() * kTileBlocks * ITA_BLOCK * int64_t(sizeof(float));
      int64_t fit = kCopyBytes / tile_bytes < kCopyTiles ? kCopyBytes / tile_bytes : kCopyTiles;
      if (fit < 1) fit = 1;
      item_tiles = threads == 1 ? tiles : divide_up(tiles, 4 * threads);
      group_tiles = divide_up(item_tiles, divide_up(item_tiles, fit));
      item_panels = threads > 1 && tiles < 4 * threads ? 2 * kGroupPanels : panels;
    }
    panel_items = divide_up(panels, item_panels);
    tile_items = divide_up(tiles, item_tiles);
  }
};

// Blocks of 16 images that are multiplied together, and those that follow them.
struct Blocks {
  int64_t first, count, next_count;
  const float* next;                      // its source
  float* dst[kGroupTiles * kTileBlocks];  // row 0 of each
};

inline int floor_log2(int64_t n) { return 63 - __builtin_clzll(static_cast<uint64_t>(n)); }

// Where the weights are: packed for the call or by the caller, or gathered chunk by chunk.
struct Weights {
  const float* packed;
  float* gathered;
};

// What to fetch while a panel's chunk is multiplied with a tile.
inline Ahead ahead_of(const MatrixProduct& p, const PanelCut& cut, const Weights& weights,
                      const Blocks& blocks, int64_t panel, int64_t group_first, int64_t group_end,
                      int64_t tile, int64_t k, int64_t depth) {
  const int64_t k_end = p.k();
  const int64_t next_k = k + depth < k_end ? k + depth : 0;
  if (cut.copied) {  // some rows of the next source, in runs as long as may be
    if (!blocks.next_count) return {weights.packed, 1, 0};
    const int run_bits = floor_log2(blocks.next_count);
    const int64_t tiles = divide_up(blocks.count, kTileBlocks);
    const int64_t turns = cut.panels * tiles >> run_bits;
    const int every_bits = turns > 1 ? floor_log2(turns) : 0;
    const int64_t turn = (group_first * tiles + tile * kGroupPanels) + panel - group_first;
    const int64_t first = k + (turn >> every_bits) * (cut.depth >> run_bits);
    const bool idle = turn & ((int64_t{1} << every_bits) - 1);
    if (idle || first >= k + depth) return {weights.packed, 1, 0};
    return {blocks.next + first * p.plane(), int64_t{1} << run_bits, p.plane()};
  }
  if (weights.packed) {  // the next panel of the group, else its first one's next chunk
    const bool inside = panel + 1 < group_end;
    const int64_t next = inside || !next_k ? panel + 1 : group_first;
    return {weights.packed + (next * k_end + (inside ? k : next_k)) * kPanelRows, kForever, 0};
  }
  // What is gathered next: this panel's rows, or this panel's part of the group's columns.
  const int64_t group = next_k ? group_first : group_first + kGroupPanels;
  const int64_t row = (group + panel - group_first) * kPanelRows;
  if (row >= p.rows()) return {weights.gathered, 1, 0};
  if (!p.transposed) return {p.weights + row * p.i + next_k, cut.depth / kPanelRows, p.i};
  const int64_t part = (panel - group_first) * (cut.depth / kGroupPanels);
  return {p.weights + (next_k + part) * p.i + group * kPanelRows, kGroupPanels, p.i};
}

// A group of at most kGroupPanels panels times some blocks, whose source is `copied` or where it
// is.
inline void multiply_group(const MatrixProduct& p, const PanelCut& cut, int64_t first_panel,
                           int64_t end_panel, const Blocks& blocks, const Weights& weights,
                           const float* copied) {
  const int64_t rows = p.rows();
  const int64_t k_end = p.k();
  Target target = {nullptr, p.plane(), p.bias, true};
  for (int64_t k = 0; k < k_end; k += cut.depth, target.fresh = false) {
    const int64_t depth = k + cut.depth < k_end ? cut.depth : k_end - k;
    if (!weights.packed) {
      gather_panels<false>(p, first_panel, end_panel, k, depth, cut.depth, weights.gathered);
    }
    for (int64_t at = 0; at < blocks.count; at += kTileBlocks) {
      const int64_t left = blocks.count - at;
      const int64_t wide = left < kTileBlocks ? left : kTileBlocks;
      Source s = {p.src + ((blocks.first + at) * k_end + k) * ITA_BLOCK, ITA_BLOCK,
                  k_end * ITA_BLOCK};
      if (copied) {
        s = {copied + (at * k_end + k * wide) * ITA_BLOCK, wide * ITA_BLOCK, ITA_BLOCK};
      }
      target.dst = blocks.dst + at;
      for (int64_t panel = first_panel; panel < end_panel; panel++) {
        const float* from = weights.packed
                                ? weights.packed + (panel * k_end + k) * kPanelRows
                                : weights.gathered + (panel - first_panel) * cut.depth * kPanelRows;
        const int64_t row = panel * kPanelRows;
        const int64_t row_end = row + kPanelRows < rows ? row + kPanelRows : rows;
        multiply_panel(s, wide, from, depth, target, row, row_end,
                       ahead_of(p, cut, weights, blocks, panel, first_panel, end_panel,
                                at / kTileBlocks, k, depth));
      }
    }
  }
}

inline void pack_panels(ita_context* ctx, const MatrixProduct& p, float* packed) {
  const int64_t panels = divide_up(p.rows(), kPanelRows);
  const int64_t groups = divide_up(panels, kGroupPanels);
  parallel_for(
      ctx, groups, grain_for(p.k() * kGroupPanels * 8), [&](int64_t begin, int64_t end, int) {
        for (int64_t first = begin * kGroupPanels; first < end * kGroupPanels;
             first += kGroupPanels) {
          const int64_t last = first + kGroupPanels < panels ? first + kGroupPanels : panels;
          gather_panels<true>(p, first, last, 0, p.k(), p.k(), packed + first * p.k() * kPanelRows);
        }
      });
}

// An item: its blocks in groups that fit the L2 cache, each times all its panels.
inline void multiply_item(const MatrixProduct& p, const PanelCut& cut, int64_t item,
                          const Weights& weights, float* copied) {
  const int64_t panel = item % cut.panel_items * cut.item_panels;
  const int64_t panel_end =
      panel + cut.item_panels < cut.panels ? panel + cut.item_panels : cut.panels;
  const int64_t begin = item / cut.panel_items * cut.item_tiles * kTileBlocks;
  const int64_t most = begin + cut.item_tiles * kTileBlocks;
  const int64_t end = most < p.blocks() ? most : p.blocks();
  const int64_t step = cut.group_tiles * kTileBlocks;
  for (int64_t first = begin; first < end; first += step) {
    const int64_t left = end - first;
    Blocks blocks;
    blocks.first = first;
    blocks.count = left < step ? left : step;
    blocks.next_count = left - blocks.count < step ? left - blocks.count : step;
    blocks.next = p.src_at(first + blocks.count);
    for (int64_t b = 0; b < blocks.count; b++) blocks.dst[b] = p.dst_at(first + b);
    if (copied) copy_blocks<kTileBlocks>(p, first, blocks.count, copied);
    for (int64_t group = panel; group < panel_end; group += kGroupPanels) {
      const int64_t last = group + kGroupPanels < panel_end ? group + kGroupPanels : panel_end;
      multiply_group(p, cut, group, last, blocks, weights, copied);
    }
  }
}

// What a product needs of scratch memory, in floats. A linear layer that is not packed gathers a
// group of panels in cache for all its images; a 1x1 convolution, whose weights are few and used
// often, packs them for the call, unless they are codes.
struct PanelRoom {
  bool pack;
  int64_t packed, gathered, copied;  // the latter two for each thread

  PanelRoom(const MatrixProduct& p, const PanelCut& cut)
      : pack(cut.copied && !p.packed && !p.decoder),
        packed(pack ? cut.panels * kPanelRows * p.k() : 0),
        gathered(p.packed || pack ? 0 : cut.depth * kPanelRows * kGroupPanels),
        copied(cut.copied ? p.k() * kTileBlocks * ITA_BLOCK * cut.group_tiles : 0) {}

  int64_t floats(int64_t threads) const { return packed + (gathered + copied) * threads; }
};

inline void multiply_panels(ita_context* ctx, const MatrixProduct& p, const PanelCut& cut,
                            const PanelRoom& room, float* scratch) {
  if (room.pack) pack_panels(ctx, p, scratch);
  const float* packed = p.packed ? packed_panels(p.packed) : room.pack ? scratch : nullptr;
  const int64_t work = p.k() * cut.item_panels * kPanelRows * cut.item_tiles * kTileBlocks;
  parallel_for(ctx, cut.panel_items * cut.tile_items, grain_for(work),
               [&](int64_t begin, int64_t end, int worker) {
                 float* gathered = scratch + room.packed + worker * (room.gathered + room.copied);
                 float* copied = cut.copied ? gathered + room.gathered : nullptr;
                 for (int64_t item = begin; item < end; item++) {
                   multiply_item(p, cut, item, {packed, gathered}, copied);
                 }
               });
}

inline ita_status multiply_panels(ita_context* ctx, const MatrixProduct& p) {
  const PanelCut cut(p, ctx->threads);
  const PanelRoom room(p, cut);
  const int64_t floats = room.floats(ctx->threads);
  float* scratch = nullptr;
  if (floats) {
    scratch =
        static_cast<float*>(ita_core_scratch(ctx, static_cast<int64_t>(sizeof(float)) * floats));
    if (!scratch) return ITA_OUT_OF_MEMORY;
  }
  multiply_panels(ctx, p, cut, room, scratch);
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_MATRIX_PANELS_H_
