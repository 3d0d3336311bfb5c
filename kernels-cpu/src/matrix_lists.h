// SPDX-License-Identifier: Apache-2.0
// The sparse way of matrix_product.h: each row's live weights are a list, and a tile of blocks of
// 16 images is held in registers while two rows' lists are walked side by side.
#ifndef INTARSIA_MATRIX_LISTS_H_
#define INTARSIA_MATRIX_LISTS_H_

#include "matrix_operands.h"

namespace ITA_ISA {

constexpr int kListBlocks = kAccumulators >= 16 ? 8 : 2;  // blocks of 16 images in a tile
constexpr int64_t kListRows = 16;  // rows listed together: half a mask word when transposed

// Calls body(row - first, k, weight) for the live weights of rows [first, first + rows), each row's
// in ascending k.
template <class Body>
void for_live(const MatrixProduct& p, int64_t first, int64_t rows, const Body& body) {
  const int64_t words = p.words();
  if (!p.transposed) {
    for (int64_t o = first; o < first + rows; o++) {
      for (int64_t word = 0; word < words; word++) {
        for (uint32_t bits = p.mask[o * words + word]; bits; bits &= bits - 1) {
          const int64_t i = word * 32 + __builtin_ctz(bits);
          body(o - first, i, p.weights[o * p.i + i]);
        }
      }
    }
    return;
  }
  for (int64_t o = 0; o < p.o; o++) {
    uint32_t bits = p.mask[o * words + first / 32] >> first % 32 & 0xFFFFu;
    for (; bits; bits &= bits - 1) {
      const int64_t row = __builtin_ctz(bits);
      body(row, o, p.weights[o * p.i + first + row]);
    }
  }
}

struct RowList {
  const Entry* entries;
  int64_t count;
};

// Rows row and row + 1 (or one alone) for kWide blocks.
template <int kWide>
void walk_pair(const MatrixProduct& p, const Source& s, int64_t row, int64_t rows,
               const RowList lists[2], float* const dst[]) {
  const int64_t k_stride = s.k_stride;
  const int64_t block_stride = s.block_stride;
  V acc[2][kWide];
  for (int r = 0; r < 2; r++) {
    const V start = Set(p.bias && r < rows ? p.bias[row + r] : 0.0f);
    for (int b = 0; b < kWide; b++) acc[r][b] = start;
  }
  const int64_t both = lists[0].count < lists[1].count ? lists[0].count : lists[1].count;
  for (int64_t e = 0; e < both; e++) {
#pragma GCC unroll 2
    for (int r = 0; r < 2; r++) {
      const Entry entry = lists[r].entries[e];
      const float* x = s.x + entry.k * k_stride;
      const V weight = Set(entry.weight);
#pragma GCC unroll 8
      for (int b = 0; b < kWide; b++) acc[r][b] = MulAddAt(x + b * block_stride, weight, acc[r][b]);
    }
  }
#pragma GCC unroll 2
  for (int r = 0; r < 2; r++) {
    for (int64_t e = both; e < lists[r].count; e++) {
      const Entry entry = lists[r].entries[e];
      const float* x = s.x + entry.k * k_stride;
      const V weight = Set(entry.weight);
#pragma GCC unroll 8
      for (int b = 0; b < kWide; b++) acc[r][b] = MulAddAt(x + b * block_stride, weight, acc[r][b]);
    }
  }
#pragma GCC unroll 2
  for (int r = 0; r < 2; r++) {
    if (r >= rows) break;
    for (int b = 0; b < kWide; b++) Store(acc[r][b], dst[b] + (row + r) * p.plane());
  }
}

// Rows first .. first + rows for blocks block .. block + wide, at most kListBlocks of them.
inline void walk_rows(const MatrixProduct& p, const Source& s, int64_t block, int64_t wide,
                      int64_t first, int64_t rows, const RowList* lists) {
  float* dst[kListBlocks];
  for (int64_t b = 0; b < wide; b++) dst[b] = p.dst_at(block + b);
  for (int64_t r = 0; r < rows; r += 2) {
    const int64_t count = rows - r < 2 ? 1 : 2;
    const RowList pair[2] = {lists[r], count > 1 ? lists[r + 1] : RowList{nullptr, 0}};
    if (wide == kListBlocks) {
      walk_pair<kListBlocks>(p, s, first + r, count, pair, dst);
      continue;
    }
    int64_t b = 0;
    if constexpr (kListBlocks > 4) {
      if (wide >= 4) {
        walk_pair<4>(p, s, first + r, count, pair, dst);
        b = 4;
      }
    }
    for (; b < wide; b++) {
      walk_pair<1>(p, {s.x + b * s.block_stride, s.k_stride, s.block_stride}, first + r, count,
                   pair, dst + b);
    }
  }
}

inline int64_t list_floats(int64_t rows, int64_t live) { return 2 * (rows + 1 + live); }

// Lists all rows behind `packed`'s header.
inline void pack_lists(ita_context* ctx, const MatrixProduct& p, float* packed) {
  const int64_t rows = p.rows();
  int64_t* starts = const_cast<int64_t*>(packed_starts(packed));
  Entry* entries = const_cast<Entry*>(packed_entries(packed, rows));
  const int64_t groups = divide_up(rows, kListRows);
  const auto each_group = [&](const auto& body) {
    parallel_for(ctx, groups, grain_for(p.k() * 2), [&](int64_t begin, int64_t end, int) {
      for (int64_t group = begin; group < end; group++) {
        const int64_t first = group * kListRows;
        body(first, first + kListRows <= rows ? kListRows : rows - first);
      }
    });
  };
  each_group([&](int64_t first, int64_t count) {
    int64_t counts[kListRows] = {};
    for_live(p, first, count, [&](int64_t row, int64_t, float) { counts[row]++; });
    for (int64_t r = 0; r < count; r++) starts[first + r + 1] = counts[r];
  });
  starts[0] = 0;
  for (int64_t row = 0; row < rows; row++) starts[row + 1] += starts[row];
  each_group([&](int64_t first, int64_t count) {
    Entry* next[kListRows];
    for (int64_t r = 0; r < count; r++) next[r] = entries + starts[first + r];
    for_live(p, first, count, [&](int64_t row, int64_t k, float weight) {
      *next[row]++ = {static_cast<int32_t>(k), weight};
    });
  });
}

// A linear layer: its source is walked where it is; a group of rows is listed in cache if it is not
// packed.
inline ita_status multiply_listed_rows(ita_context* ctx, const MatrixProduct& p, int64_t live) {
  const int64_t k = p.k();
  const int64_t rows = p.rows();
  const int64_t list_entries = p.packed ? 0 : kListRows * k;
  Entry* scratch = nullptr;
  if (!p.packed) {
    scratch = static_cast<Entry*>(
        ita_core_scratch(ctx, static_cast<int64_t>(sizeof(Entry)) * list_entries * ctx->threads));
    if (!scratch) return ITA_OUT_OF_MEMORY;
  }
  const int64_t groups = divide_up(rows, kListRows);
  parallel_for(ctx, groups, grain_for(live * p.blocks() / groups),
               [&](int64_t begin, int64_t end, int worker) {
                 for (int64_t group = begin; group < end; group++) {
                   const int64_t first = group * kListRows;
                   const int64_t count = first + kListRows <= rows ? kListRows : rows - first;
                   RowList lists[kListRows] = {};
                   if (p.packed) {
                     const int64_t* starts = packed_starts(p.packed) + first;
                     const Entry* entries = packed_entries(p.packed, rows);
                     for (int64_t r = 0; r < count; r++) {
                       lists[r] = {entries + starts[r], starts[r + 1] - starts[r]};
                     }
                   } else {
                     Entry* mine = scratch + worker * list_entries;
                     for (int64_t r = 0; r < count; r++) lists[r].entries = mine + r * k;
                     for_live(p, first, count, [&](int64_t row, int64_t at, float weight) {
                       mine[row * k + lists[row].count++] = {static_cast<int32_t>(at), weight};
                     });
                   }
                   for (int64_t block = 0; block < p.blocks(); block += kListBlocks) {
                     const int64_t left = p.blocks() - block;
                     walk_rows(p, {p.src + block * k * ITA_BLOCK, ITA_BLOCK, k * ITA_BLOCK}, block,
                               left < kListBlocks ? left : kListBlocks, first, count, lists);
                   }
                 }
               });
  return ITA_OK;
}

// A 1x1 convolution: tiles of its source are copied, once for all rows.
inline ita_status multiply_listed_tiles(ita_context* ctx, const MatrixProduct& p, int64_t live) {
  const int64_t k = p.k();
  const int64_t rows = p.rows();
  const int64_t list_part = p.packed ? 0 : round_up(kHeaderFloats + list_floats(rows, live), 16);
  const int64_t tile_part = k * kListBlocks * ITA_BLOCK;
  float* scratch = static_cast<float*>(ita_core_scratch(
      ctx, static_cast<int64_t>(sizeof(float)) * (list_part + tile_part * ctx->threads)));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  if (!p.packed) pack_lists(ctx, p, scratch);
  const float* packed = p.packed ? p.packed : scratch;
  const int64_t* starts = packed_starts(packed);
  const Entry* entries = packed_entries(packed, rows);
  parallel_for(
      ctx, divide_up(p.blocks(), kListBlocks), grain_for(live * kListBlocks),
      [&](int64_t begin, int64_t end, int worker) {
        float* copy = scratch + list_part + worker * tile_part;
        for (int64_t tile = begin; tile < end; tile++) {
          const int64_t block = tile * kListBlocks;
          const int64_t left = p.blocks() - block;
          const int64_t wide = left < kListBlocks ? left : kListBlocks;
          copy_blocks<kListBlocks>(p, block, wide, copy);
          for (int64_t row = 0; row < rows; row += 2) {
            const int64_t count = row + 1 < rows ? 2 : 1;
            RowList pair[2] = {};
            for (int64_t r = 0; r < count; r++) {
              const int64_t start = starts[row + r];
              pair[r] = {entries + start, starts[row + r + 1] - start};
            }
            walk_rows(p, {copy, wide * ITA_BLOCK, ITA_BLOCK}, block, wide, row, count, pair);
          }
        }
      });
  return ITA_OK;
}

inline ita_status multiply_lists(ita_context* ctx, const MatrixProduct& p, int64_t live) {
  return p.pixels == 1 ? multiply_listed_rows(ctx, p, live) : multiply_listed_tiles(ctx, p, live);
}

}  // namespace ITA_ISA

#endif  // INTARSIA_MATRIX_LISTS_H_
