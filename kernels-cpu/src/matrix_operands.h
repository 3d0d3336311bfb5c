// SPDX-License-Identifier: Apache-2.0
// A matrix of masked weights, or its transpose, times activations: linear layers and 1x1
// convolutions. What is multiplied, and the layout of packed weights; matrix_product.h chooses how.

//
// Either way a sum runs over k in ascending order in one chain of multiply-adds from the bias on:
// tile, chunk, packing and batch do not change a bit of it.
#ifndef INTARSIA_MATRIX_OPERANDS_H_
#define INTARSIA_MATRIX_OPERANDS_H_

#include "codebook_decode.h"

namespace ITA_ISA {

static_assert(kPanelRows == kLanes, "a row of a panel is a lane");

// product[row, :] = bias[row] + sum over k of matrix(row, k) * src[k, :], where matrix is the
// masked weights (forward) or their transpose (backward_data), for each block of 16 images of each
// pixel: src is [images][k][pixels][16], dst [images][rows][pixels][16].
struct MatrixProduct {
  const float* weights;  // [o, i]
  const uint32_t* mask;  // or NULL
  int64_t o, i;
  bool transposed;
  const Decoder* decoder;  // or NULL: weights are codes, read in place of weights and mask
  const float* packed;  // or NULL: what pack_matrix made of weights and mask, read in their place
  const float* src;
  float* dst;
  const float* bias;       // or NULL
  int64_t images, pixels;  // blocks of 16 images; pixels of an image

  int64_t rows() const { return transposed ? i : o; }
  int64_t k() const { return transposed ? o : i; }
  int64_t words() const { return words_of(i); }
  int64_t blocks() const { return images * pixels; }
  int64_t plane() const { return pixels * ITA_BLOCK; }  // floats from one k, one row to the next
  const float* src_at(int64_t block) const {            // src[block, k = 0, :]
    return src + block / pixels * k() * plane() + block % pixels * ITA_BLOCK;
  }
  float* dst_at(int64_t block) const {  // dst[block, row = 0, :]
    return dst + block / pixels * rows() * plane() + block % pixels * ITA_BLOCK;
  }
};

// Blocks of 16 images side by side: x[k * k_stride + b * block_stride].
struct Source {
  const float* x;
  int64_t k_stride, block_stride;
};

// to[tile, k, kWide, 16] = src[block, k, :] for `count` blocks from `first` on, in tiles of kWide;
// the last tile may be less wide. The planes of a 1x1 convolution are often a power of two apart,
// which would put all k into a few sets of a cache; and runs of pixels are how memory likes to be
// read.
template <int kWide>
void copy_blocks(const MatrixProduct& p, int64_t first, int64_t count, float* to) {
  constexpr int64_t kAhead = 8;  // rows of k that memory needs to answer
  const int64_t k_count = p.k();
  const int64_t plane = p.plane();
  const int64_t last = count / kWide * kWide;  // the first block of the tile that is not whole
  for (int64_t begin = 0; begin < count;) {
    const int64_t left = p.pixels - (first + begin) % p.pixels;  // of the image
    const int64_t end = begin + (left < count - begin ? left : count - begin);
    const float* from = p.src_at(first + begin);
    for (int64_t k = 0; k < k_count; k++, from += plane) {
      const float* x = from;
      for (int64_t b = begin; b < end;) {
        const int64_t tile = b / kWide * kWide;
        float* row = to + (tile * k_count + (b - tile)) * ITA_BLOCK;
        if (b == tile && b + kWide <= end) {
#pragma GCC unroll 8
          for (int w = 0; w < kWide; w++) {
            __builtin_prefetch(x + w * ITA_BLOCK + kAhead * plane, 0, 3);
            Store(Load(x + w * ITA_BLOCK), row + (k * kWide + w) * ITA_BLOCK);
          }
          b += kWide;
          x += kWide * ITA_BLOCK;
        } else {
          Store(Load(x), row + k * (tile < last ? kWide : count - last) * ITA_BLOCK);
          b++;
          x += ITA_BLOCK;
        }
      }
    }
    begin = end;
  }
}

// ---- packed weights: 16 floats of header, then panels or lists. The same on every instruction
// set.

struct Entry {
  int32_t k;
  float weight;
};

enum : int32_t { kPackedMagic = 0x504D5449 };  // "ITMP"
enum : int32_t { kPackedPanels = 1, kPackedLists = 2 };

struct PackedHeader {
  int32_t magic, kind;
  int32_t o, i, transposed;
  int32_t unused[11];
};

constexpr int64_t kHeaderFloats = 16;

// Panels: panel[row / 16][k][row % 16]; rows past the end are zero.
inline const float* packed_panels(const float* packed) { return packed + kHeaderFloats; }
// Lists: starts[rows + 1], then the live entries of each row in ascending k.
inline const int64_t* packed_starts(const float* packed) {
  return reinterpret_cast<const int64_t*>(packed + kHeaderFloats);
}
inline const Entry* packed_entries(const float* packed, int64_t rows) {
  return reinterpret_cast<const Entry*>(packed_starts(packed) + rows + 1);
}

inline ita_status check_packed(ita_context* ctx, const MatrixProduct& p) {
  const PackedHeader& header = *reinterpret_cast<const PackedHeader*>(p.packed);
  if (header.magic == kPackedMagic && header.o == p.o && header.i == p.i &&
      header.transposed == p.transposed) {
    return ITA_OK;
  }
  const char* field = p.transposed ? "packed_transposed" : "packed";
  if (header.magic != kPackedMagic) {
    return ita_core_fail(ctx, ITA_INVALID_VALUE,
                         "%s holds no packed weights; call pack, or unbind it", field);
  }
  return ita_core_fail(
      ctx, ITA_INVALID_VALUE, "%s holds %sweights [%d, %d], expected %sweights [%d, %d]; call pack",
      field, header.transposed ? "transposed " : "", header.o, header.i,
      p.transposed ? "transposed " : "", static_cast<int>(p.o), static_cast<int>(p.i));
}

// Mask bits of the 16 weights from column i of row o on; 0 past the end of the row.
inline uint32_t live_bits(const uint32_t* mask, int64_t words, int64_t cols, int64_t o, int64_t i) {
  const int64_t left = cols - i;
  uint32_t bits = left >= kLanes ? 0xFFFFu : left > 0 ? (1u << left) - 1 : 0;
  if (!mask || !bits) return bits;
  const uint64_t low = mask[o * words + i / 32];
  const uint64_t high = i / 32 + 1 < words ? mask[o * words + i / 32 + 1] : 0;
  return bits & static_cast<uint32_t>((high << 32 | low) >> i % 32);
}

// Mask bits of the 32 weights of one word of row o; 0 past the end of the row.
inline uint32_t live_word(const MatrixProduct& p, int64_t o, int64_t word) {
  const int64_t left = p.i - word * 32;
  const uint32_t bits = left >= 32 ? ~0u : left > 0 ? (1u << left) - 1 : 0;
  return bits && p.mask ? bits & p.mask[o * p.words() + word] : bits;
}

inline int64_t live_weights(const MatrixProduct& p) {
  if (!p.mask) return p.o * p.i;
  int64_t live = 0;
  for (int64_t word = 0; word < p.o * p.words(); word++) live += __builtin_popcount(p.mask[word]);
  return live;
}

// Lists or panels, by the live count alone. A list entry costs about three panel entries: it is
// loaded, and no other row shares its source.
inline bool takes_lists(const MatrixProduct& p, int64_t live) { return live * 3 < p.o * p.i; }

}  // namespace ITA_ISA

#endif  // INTARSIA_MATRIX_OPERANDS_H_
