// SPDX-License-Identifier: Apache-2.0
// Masked linear layer on the CPU: dst[n, o] = sum over live (o, i) of weights[o, i] * src[n, i].
//
// Sixteen images are the vector and a weight is a broadcast. forward and backward_data are one
// matrix product, over the weights or their transpose, in two ways chosen by the live count alone:
//   panels  a few rows of masked weights are gathered into a panel in cache, then rows x blocks of
//           images are held in registers: the dense speed, whatever the mask;
//   lists   each row's live weights become a list; rows are walked two at a time.
//
// backward_weights turns the source into row-major [N, I], so that the vector runs along a row of
// the gradient and is stored under the mask; tiles without a live weight are skipped.
#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {
namespace {

constexpr int kRows = kAccumulators >= 24 ? 6 : 3;  // rows of a panel
constexpr int kBlocks = kAccumulators / kRows;      // blocks of 16 images beside it

// product[row, :] = bias[row] + sum over k of matrix(row, k) * src[k, :], where matrix is the
// masked weights (forward) or their transpose (backward_data).
struct Product {
  const float* weights;  // [o, i]
  const uint32_t* mask;  // or NULL
  int64_t o, i, words;
  bool transposed;
  const float* src;  // [blocks, k, 16]
  float* dst;        // [blocks, rows, 16]
  const float* bias;
  int64_t rows, k, blocks;
};

// ---- panels

// Mask bits of the 16 weights from column i of row o on; 0 past the end of the row.
uint32_t live_bits(const uint32_t* mask, int64_t words, int64_t cols, int64_t o, int64_t i) {
  const int64_t left = cols - i;
  uint32_t bits = left >= kLanes ? 0xFFFFu : left > 0 ? (1u << left) - 1 : 0;
  if (!mask || !bits) return bits;
  const uint64_t low = mask[o * words + i / 32];
  const uint64_t high = i / 32 + 1 < words ? mask[o * words + i / 32 + 1] : 0;
  return bits & static_cast<uint32_t>((high << 32 | low) >> i % 32);
}

// panel[k, 0..kRows) = masked matrix rows first .. first + kRows; rows past the end are zero.
// Without branches on mask bits: at half density every second one would be mispredicted.
void gather_panel(const Product& p, int64_t first, float* panel) {
  if (p.transposed) {
    for (int64_t o = 0; o < p.k; o++) {
      const uint32_t bits = live_bits(p.mask, p.words, p.i, o, first);
      const V weights = MaskedLoad(FromBits(bits), p.weights + o * p.i + first);
      MaskedStore(FirstN(kRows), weights, panel + o * kRows);
    }
    return;
  }
  alignas(64) float row[kLanes];
  for (int64_t r = 0; r < kRows; r++) {
    const int64_t o = first + r;
    for (int64_t i = 0; i < p.k; i += kLanes) {
      const uint32_t bits = o < p.rows ? live_bits(p.mask, p.words, p.i, o, i) : 0;
      Store(MaskedLoad(FromBits(bits), p.weights + o * p.i + i), row);
      const int64_t count = i + kLanes <= p.k ? kLanes : p.k - i;
      for (int64_t j = 0; j < count; j++) panel[(i + j) * kRows + r] = row[j];
    }
  }
}

template <int kWide>
void multiply_panel(const Product& p, const float* panel, int64_t first, int64_t block) {
  V acc[kRows][kWide];
  for (int r = 0; r < kRows; r++) {
    const V start = Set(p.bias && first + r < p.rows ? p.bias[first + r] : 0.0f);
    for (int b = 0; b < kWide; b++) acc[r][b] = start;
  }
  const float* src = p.src + block * p.k * ITA_BLOCK;  // src[block, k, :]
  const int64_t block_stride = p.k * ITA_BLOCK;
  for (int64_t k = 0; k < p.k; k++, src += ITA_BLOCK, panel += kRows) {
    V x[kWide];
#pragma GCC unroll 8
    for (int b = 0; b < kWide; b++) x[b] = Load(src + b * block_stride);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; r++) {
      const V weight = Set(panel[r]);
#pragma GCC unroll 8
      for (int b = 0; b < kWide; b++) acc[r][b] = MulAdd(x[b], weight, acc[r][b]);
    }
  }
  for (int r = 0; r < kRows && first + r < p.rows; r++) {
    for (int b = 0; b < kWide; b++) {
      Store(acc[r][b], p.dst + ((block + b) * p.rows + first + r) * ITA_BLOCK);
    }
  }
}

ita_status multiply_panels(ita_context* ctx, const Product& p) {
  const int64_t panel_floats = round_up(p.k * kRows, ITA_BLOCK);
  char* scratch = static_cast<char*>(
      ita_core_scratch(ctx, static_cast<int64_t>(sizeof(float)) * panel_floats * ctx->threads));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  const int64_t panels = divide_up(p.rows, kRows);
  parallel_for(ctx, panels, grain_for(p.k * kRows * p.blocks),
               [&](int64_t begin, int64_t end, int worker) {
                 float* panel = reinterpret_cast<float*>(scratch) + worker * panel_floats;
                 for (int64_t first = begin * kRows; first < end * kRows; first += kRows) {
                   gather_panel(p, first, panel);
                   int64_t block = 0;
                   for (; block + kBlocks <= p.blocks; block += kBlocks) {
                     multiply_panel<kBlocks>(p, panel, first, block);
                   }
                   for (; block < p.blocks; block++) multiply_panel<1>(p, panel, first, block);
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
void list_rows(const Product& p, int64_t first, int64_t rows, Entry* lists, int64_t* counts) {
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
        lists[row * p.k + counts[row]++] = {static_cast<int32_t>(k * ITA_BLOCK),
                                            p.weights[o * p.i + i]};
      }
    }
  }
}

template <int kWide>
void walk_pair(const Product& p, int64_t row, int64_t rows, const Entry* lists,
               const int64_t* counts, int64_t block) {
  const float* src = p.src + block * p.k * ITA_BLOCK;
  const int64_t block_stride = p.k * ITA_BLOCK;
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
      Store(acc[r][b], p.dst + ((block + b) * p.rows + row + r) * ITA_BLOCK);
    }
  }
}

ita_status multiply_lists(ita_context* ctx, const Product& p, int64_t live) {
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
                     for (; block + kBlocks <= p.blocks; block += kBlocks) {
                       walk_pair<kBlocks>(p, first + r, pair, lists + r * p.k, counts + r, block);
                     }
                     for (; block < p.blocks; block++) {
                       walk_pair<1>(p, first + r, pair, lists + r * p.k, counts + r, block);
                     }
                   }
                 }
               });
  return ITA_OK;
}

ita_status multiply(ita_context* ctx, const Product& p) {
  if (p.k * ITA_BLOCK > INT32_MAX) {
    return ita_core_fail(ctx, ITA_UNSUPPORTED,
                         "masked_linear: %lld values a row, the limit is %d; split the layer",
                         static_cast<long long>(p.k), INT32_MAX / ITA_BLOCK);
  }
  if (!p.mask) return multiply_panels(ctx, p);
  int64_t live = 0;
  for (int64_t word = 0; word < p.o * p.words; word++) live += __builtin_popcount(p.mask[word]);
  // A list entry costs about three panel entries: it is loaded, and two rows hide less latency.
  return live * 3 < p.o * p.i ? multiply_lists(ctx, p, live) : multiply_panels(ctx, p);
}

// ---- backward_weights

constexpr int kColumns = kAccumulators / kRows;  // vectors of 16 inputs beside kRows outputs

// rows[n, i] = src[n / 16, i, n % 16], with rows padded to a whole number of tiles.
void to_rows(ita_context* ctx, const float* src, int64_t blocks, int64_t i_count, int64_t stride,
             float* rows) {
  parallel_for(ctx, blocks, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t block = begin; block < end; block++) {
      const float* from = src + block * i_count * ITA_BLOCK;  // from[i, :]
      float* to = rows + block * ITA_BLOCK * stride;          // to[n, i]
      for (int64_t i0 = 0; i0 < stride; i0 += ITA_BLOCK) {
        const int64_t count = i0 + ITA_BLOCK <= i_count ? ITA_BLOCK : i_count - i0;
        for (int64_t n = 0; n < ITA_BLOCK; n++) {
          for (int64_t i = 0; i < ITA_BLOCK; i++) {
            to[n * stride + i0 + i] = i < count ? from[(i0 + i) * ITA_BLOCK + n] : 0.0f;
          }
        }
      }
    }
  });
}

struct WeightGradient {
  const ita_masked_linear* op;
  const float* rows;  // [blocks * 16, stride]
  int64_t stride, words, blocks;

  template <int kOut>
  void tile(int64_t o, int64_t i) const {
    uint32_t live[kOut][kColumns];
    uint32_t any = 0;
    for (int r = 0; r < kOut; r++) {
      for (int c = 0; c < kColumns; c++) {
        live[r][c] = live_bits(op->mask, words, op->shape.i, o + r, i + c * ITA_BLOCK);
        any |= live[r][c];
      }
    }
    if (!any) return;
    V acc[kOut][kColumns];
    for (int r = 0; r < kOut; r++) {
      for (int c = 0; c < kColumns; c++) acc[r][c] = Zero();
    }
    for (int64_t block = 0; block < blocks; block++) {
      const float* x = rows + block * ITA_BLOCK * stride + i;                    // x[n, i]
      const float* diff = op->diff_dst + (block * op->shape.o + o) * ITA_BLOCK;  // diff[o, n]
      for (int64_t n = 0; n < ITA_BLOCK; n++, x += stride) {
        V v[kColumns];
#pragma GCC unroll 8
        for (int c = 0; c < kColumns; c++) v[c] = Load(x + c * ITA_BLOCK);
#pragma GCC unroll 8
        for (int r = 0; r < kOut; r++) {
          const V d = Set(diff[r * ITA_BLOCK + n]);
#pragma GCC unroll 8
          for (int c = 0; c < kColumns; c++) acc[r][c] = MulAdd(v[c], d, acc[r][c]);
        }
      }
    }
    for (int r = 0; r < kOut; r++) {
      for (int c = 0; c < kColumns; c++) {
        if (!live[r][c]) continue;
        const M mask = FromBits(live[r][c]);
        float* to = op->diff_weights + (o + r) * op->shape.i + i + c * ITA_BLOCK;
        MaskedStore(mask, Add(MaskedLoad(mask, to), acc[r][c]), to);
      }
    }
  }
};

void add_bias_gradient(const ita_masked_linear* op, int64_t blocks) {
  for (int64_t o = 0; o < op->shape.o; o++) {
    V sum = Zero();
    for (int64_t block = 0; block < blocks; block++) {
      sum = Add(sum, Load(op->diff_dst + (block * op->shape.o + o) * ITA_BLOCK));
    }
    op->diff_bias[o] += ReduceSum(sum);
  }
}

}  // namespace

ita_status masked_linear_forward(ita_context* ctx, const ita_masked_linear* op) {
  ITA_ASSERT(op->src && op->weights && op->dst);
  const ita_linear_shape& s = op->shape;
  return multiply(ctx, {op->weights, op->mask, s.o, s.i, words_of(s.i), false, op->src, op->dst,
                        op->bias, s.o, s.i, blocks_of(s.n)});
}

ita_status masked_linear_backward_data(ita_context* ctx, const ita_masked_linear* op) {
  ITA_ASSERT(op->diff_dst && op->weights && op->diff_src);
  const ita_linear_shape& s = op->shape;
  return multiply(ctx, {op->weights, op->mask, s.o, s.i, words_of(s.i), true, op->diff_dst,
                        op->diff_src, nullptr, s.i, s.o, blocks_of(s.n)});
}

ita_status masked_linear_backward_weights(ita_context* ctx, const ita_masked_linear* op) {
  ITA_ASSERT(op->src && op->diff_dst && op->diff_weights);
  const ita_linear_shape& s = op->shape;
  const int64_t blocks = blocks_of(s.n);
  const int64_t tile_cols = kColumns * ITA_BLOCK;
  const int64_t stride = round_up(s.i, tile_cols);
  float* rows = static_cast<float*>(
      ita_core_scratch(ctx, static_cast<int64_t>(sizeof(float)) * blocks * ITA_BLOCK * stride));
  if (!rows) return ITA_OUT_OF_MEMORY;
  to_rows(ctx, op->src, blocks, s.i, stride, rows);

  const WeightGradient gradient = {op, rows, stride, words_of(s.i), blocks};
  const int64_t full = s.o / kRows;  // tiles of kRows outputs, then single ones
  const int64_t row_tiles = full + s.o % kRows;
  const int64_t col_tiles = stride / tile_cols;
  parallel_for(ctx, row_tiles * col_tiles, grain_for(kAccumulators * blocks * ITA_BLOCK),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t item = begin; item < end; item++) {
                   const int64_t row = item / col_tiles;
                   const int64_t i = item % col_tiles * tile_cols;
                   if (row < full) {
                     gradient.tile<kRows>(row * kRows, i);
                   } else {
                     gradient.tile<1>(full * kRows + row - full, i);
                   }
                 }
               });
  if (op->diff_bias) add_bias_gradient(op, blocks);
  return ITA_OK;
}

}  // namespace ITA_ISA
