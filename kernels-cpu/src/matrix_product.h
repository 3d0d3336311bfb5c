// SPDX-License-Identifier: Apache-2.0
// A matrix of masked weights, or its transpose, times activations: linear layers and 1x1
// convolutions.
//
// Sixteen images are the vector and a weight is a broadcast. Two ways, chosen by the live count
// alone:
//   panels  a few rows of masked weights are gathered into a panel in cache, then rows x blocks of
//           images are held in registers: the dense speed, whatever the mask;
//   lists   each row's live weights become a list; rows are walked two at a time.
#ifndef INTARSIA_MATRIX_PRODUCT_H_
#define INTARSIA_MATRIX_PRODUCT_H_

#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

constexpr int kPanelRows = kLanes;                        // rows of a panel
constexpr int kTileBlocks = kAccumulators >= 16 ? 4 : 2;  // blocks of 16 images in a tile
constexpr int kTileRows = kAccumulators >= 16 ? 4 : 2;    // rows beside them
constexpr int kTallRows = kAccumulators >= 16 ? 16 : 4;   // rows beside a single block

// product[row, :] = bias[row] + sum over k of matrix(row, k) * src[k, :], where matrix is the
// masked weights (forward) or their transpose (backward_data).
struct MatrixProduct {
  const float* weights;  // [o, i]
  const uint32_t* mask;  // or NULL
  int64_t o, i, words;
  bool transposed;
  const float* src;
  float* dst;
  const float* bias;
  int64_t rows, k, blocks;
  int64_t src_k, src_block;    // floats from one k, one block of images to the next
  int64_t dst_row, dst_block;  // floats from one row, one block of images to the next
};

// ---- panels

// Mask bits of the 16 weights from column i of row o on; 0 past the end of the row.
inline uint32_t live_bits(const uint32_t* mask, int64_t words, int64_t cols, int64_t o, int64_t i) {
  const int64_t left = cols - i;
  uint32_t bits = left >= kLanes ? 0xFFFFu : left > 0 ? (1u << left) - 1 : 0;
  if (!mask || !bits) return bits;
  const uint64_t low = mask[o * words + i / 32];
  const uint64_t high = i / 32 + 1 < words ? mask[o * words + i / 32 + 1] : 0;
  return bits & static_cast<uint32_t>((high << 32 | low) >> i % 32);
}

// panel[k, 0..16) = masked matrix rows first .. first + 16; rows past the end are zero. Without
// branches on mask bits: at half density every second one would be mispredicted.
inline void gather_panel(const MatrixProduct& p, int64_t first, float* panel) {
  if (p.transposed) {
    for (int64_t o = 0; o < p.k; o++) {
      const uint32_t bits = live_bits(p.mask, p.words, p.i, o, first);
      Store(MaskedLoad(FromBits(bits), p.weights + o * p.i + first), panel + o * kPanelRows);
    }
    return;
  }
  for (int64_t i = 0; i < p.k; i += kLanes) {
    V square[kLanes];  // (rows, columns i .. i + 16), then turned
    for (int64_t r = 0; r < kPanelRows; r++) {
      const int64_t o = first + r;
      const uint32_t bits = o < p.rows ? live_bits(p.mask, p.words, p.i, o, i) : 0;
      square[r] = bits ? MaskedLoad(FromBits(bits), p.weights + o * p.i + i) : Zero();
    }
    Transpose(square);
    const int64_t count = i + kLanes <= p.k ? kLanes : p.k - i;
    for (int64_t j = 0; j < count; j++) Store(square[j], panel + (i + j) * kPanelRows);
  }
}

// Rows first .. first + kRows of the product for kWide blocks; panel[k, 0] is the first row's.
template <int kRows, int kWide>
void multiply_tile(const MatrixProduct& p, const float* panel, int64_t first, int64_t block) {
  V acc[kRows][kWide];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
    const V start = Set(p.bias && first + r < p.rows ? p.bias[first + r] : 0.0f);
#pragma GCC unroll 8
    for (int b = 0; b < kWide; b++) acc[r][b] = start;
  }
  const float* src = p.src + block * p.src_block;  // src[block, k, :]
  for (int64_t k = 0; k < p.k; k++, src += p.src_k, panel += kPanelRows) {
    V x[kWide];
#pragma GCC unroll 8
    for (int b = 0; b < kWide; b++) x[b] = Load(src + b * p.src_block);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r++) {
      const V weight = Set(panel[r]);
#pragma GCC unroll 8
      for (int b = 0; b < kWide; b++) acc[r][b] = MulAdd(x[b], weight, acc[r][b]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; r++) {
    if (first + r >= p.rows) break;
#pragma GCC unroll 8
    for (int b = 0; b < kWide; b++) {
      Store(acc[r][b], p.dst + (block + b) * p.dst_block + (first + r) * p.dst_row);
    }
  }
}

inline void multiply_panel(const MatrixProduct& p, const float* panel, int64_t first) {
  int64_t block = 0;
  for (; block + kTileBlocks <= p.blocks; block += kTileBlocks) {
    for (int r = 0; r < kPanelRows && first + r < p.rows; r += kTileRows) {
      multiply_tile<kTileRows, kTileBlocks>(p, panel + r, first + r, block);
    }
  }
  for (; block < p.blocks; block++) {
    for (int r = 0; r < kPanelRows && first + r < p.rows; r += kTallRows) {
      multiply_tile<kTallRows, 1>(p, panel + r, first + r, block);
    }
  }
}

inline ita_status multiply_panels(ita_context* ctx, const MatrixProduct& p) {
  const int64_t panel_floats = p.k * kPanelRows;
  float* scratch = static_cast<float*>(
      ita_core_scratch(ctx, static_cast<int64_t>(sizeof(float)) * panel_floats * ctx->threads));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  parallel_for(ctx, divide_up(p.rows, kPanelRows), grain_for(p.k * kPanelRows * p.blocks),
               [&](int64_t begin, int64_t end, int worker) {
                 float* panel = scratch + worker * panel_floats;
                 for (int64_t index = begin; index < end; index++) {
                   gather_panel(p, index * kPanelRows, panel);
                   multiply_panel(p, panel, index * kPanelRows);
                 }
               });
  return ITA_OK;
}

// ---- lists

struct Entry {
  int32_t offset;  // of src[k, :] in floats
  float weight;
};

constexpr int64_t kListRows = 16;  // rows listed together: half a mask word when transposed

// The live entries of rows [first, first + rows), each list in order of k.
inline void list_rows(const MatrixProduct& p, int64_t first, int64_t rows, Entry* lists,
                      int64_t* counts) {
  for (int64_t r = 0; r < rows; r++) counts[r] = 0;
  const int64_t o_begin = p.transposed ? 0 : first;
  const int64_t o_end = p.transposed ? p.o : first + rows;
  const int64_t word_begin = p.transposed ? first / 32 : 0;
  const int64_t word_end = p.transposed ? first / 32 + 1 : p.words;
  for (int64_t o = o_begin; o < o_end; o++) {
    for (int64_t word = word_begin; word < word_end; word++) {
      uint32_t bits = p.mask[o * p.words + word];
      if (p.transposed) bits &= 0xFFFFu << first % 32;
      for (; bits; bits &= bits - 1) {
        const int64_t i = word * 32 + __builtin_ctz(bits);
        const int64_t row = p.transposed ? i - first : o - first;
        const int64_t k = p.transposed ? o : i;
        lists[row * p.k + counts[row]++] = {static_cast<int32_t>(k * p.src_k),
                                            p.weights[o * p.i + i]};
      }
    }
  }
}

template <int kWide>
void walk_pair(const MatrixProduct& p, int64_t row, int64_t rows, const Entry* lists,
               const int64_t* counts, int64_t block) {
  const float* src = p.src + block * p.src_block;
  const int64_t block_stride = p.src_block;
  V acc[2][kWide];
  for (int r = 0; r < 2; r++) {
    const V start = Set(p.bias && r < rows ? p.bias[row + r] : 0.0f);
    for (int b = 0; b < kWide; b++) acc[r][b] = start;
  }
  const int64_t count[2] = {counts[0], rows > 1 ? counts[1] : 0};
  const int64_t both = count[0] < count[1] ? count[0] : count[1];
  const Entry* list[2] = {lists, lists + p.k};
  for (int64_t e = 0; e < both; e++) {
#pragma GCC unroll 2
    for (int r = 0; r < 2; r++) {
      const V weight = Set(list[r][e].weight);
#pragma GCC unroll 8
      for (int b = 0; b < kWide; b++) {
        acc[r][b] = MulAddAt(src + list[r][e].offset + b * block_stride, weight, acc[r][b]);
      }
    }
  }
  for (int r = 0; r < 2; r++) {
    for (int64_t e = both; e < count[r]; e++) {
      const V weight = Set(list[r][e].weight);
      for (int b = 0; b < kWide; b++) {
        acc[r][b] = MulAddAt(src + list[r][e].offset + b * block_stride, weight, acc[r][b]);
      }
    }
  }
  for (int r = 0; r < rows; r++) {
    for (int b = 0; b < kWide; b++) {
      Store(acc[r][b], p.dst + (block + b) * p.dst_block + (row + r) * p.dst_row);
    }
  }
}

inline ita_status multiply_lists(ita_context* ctx, const MatrixProduct& p, int64_t live) {
  const int64_t list_entries = kListRows * p.k;
  char* scratch = static_cast<char*>(
      ita_core_scratch(ctx, static_cast<int64_t>(sizeof(Entry)) * list_entries * ctx->threads));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  const int64_t groups = divide_up(p.rows, kListRows);
  parallel_for(ctx, groups, grain_for(live * p.blocks / groups),
               [&](int64_t begin, int64_t end, int worker) {
                 Entry* lists = reinterpret_cast<Entry*>(scratch) + worker * list_entries;
                 int64_t counts[kListRows];
                 for (int64_t group = begin; group < end; group++) {
                   const int64_t first = group * kListRows;
                   const int64_t rows = first + kListRows <= p.rows ? kListRows : p.rows - first;
                   list_rows(p, first, rows, lists, counts);
                   for (int64_t r = 0; r < rows; r += 2) {
                     const int64_t pair = rows - r < 2 ? 1 : 2;
                     int64_t block = 0;
                     for (; block + kTileBlocks <= p.blocks; block += kTileBlocks) {
                       walk_pair<kTileBlocks>(p, first + r, pair, lists + r * p.k, counts + r,
                                              block);
                     }
                     for (; block < p.blocks; block++) {
                       walk_pair<1>(p, first + r, pair, lists + r * p.k, counts + r, block);
                     }
                   }
                 }
               });
  return ITA_OK;
}

inline ita_status multiply_matrix(ita_context* ctx, const MatrixProduct& p) {
  if (p.k * p.src_k > INT32_MAX) {
    return ita_core_fail(ctx, ITA_UNSUPPORTED,
                         "16 images have %lld values a row of the matrix product, the limit is %d; "
                         "split the layer",
                         static_cast<long long>(p.k * p.src_k), INT32_MAX);
  }
  if (!p.mask) return multiply_panels(ctx, p);
  int64_t live = 0;
  for (int64_t word = 0; word < p.o * p.words; word++) live += __builtin_popcount(p.mask[word]);
  // A list entry costs about three panel entries: it is loaded, and two rows hide less latency.
  return live * 3 < p.o * p.i ? multiply_lists(ctx, p, live) : multiply_panels(ctx, p);
}

}  // namespace ITA_ISA

#endif  // INTARSIA_MATRIX_PRODUCT_H_
