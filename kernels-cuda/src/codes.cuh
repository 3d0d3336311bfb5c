// SPDX-License-Identifier: Apache-2.0
// Weights as codes: where a code lies (docs/formats/codes.md), and what a weight is.
#ifndef INTARSIA_CODES_CUH_
#define INTARSIA_CODES_CUH_

#include "mask.cuh"

namespace cuda {

constexpr int kPanelRows = 16;

__host__ __device__ constexpr int64_t panels_of(int64_t rows) {
  return divide_up(rows, kPanelRows);
}

struct CodeLayout {
  int32_t bits;
  int32_t per_word;       // codes of one word
  int64_t words_per_row;  // a panel has sixteen times as many
  uint32_t mask;          // of one code

  __host__ __device__ CodeLayout(int32_t bits_per_code, int32_t cols)
      : bits(bits_per_code),
        per_word(kWordBits / bits_per_code),
        words_per_row(divide_up(cols, kWordBits / bits_per_code)),
        mask((1u << bits_per_code) - 1u) {}

  // The word of a weight, and the lowest bit of its code there.
  __device__ int64_t word(int64_t row, int32_t col) const {
    const int64_t column = row / kPanelRows * words_per_row + col / per_word;
    return column * kPanelRows + row % kPanelRows;
  }
  __device__ int32_t shift(int32_t col) const { return col % per_word * bits; }

  __device__ uint32_t get(const uint32_t* codes, int64_t row, int32_t col) const {
    return codes[word(row, col)] >> shift(col) & mask;
  }
};

// The weights of a layer, one at a time. Its planes are in panel order: bit 16 c + r of a panel is
// its row r, column c.
class CodedWeights {
 public:
  __device__ CodedWeights(const ita_codebook_weights& weights, int32_t rows, int32_t cols)
      : weights_(weights),
        layout_(weights.bits, cols),
        panel_words_(divide_up(cols, 2)),
        plane_words_(panels_of(rows) * panel_words_) {}

  // False, and nothing is written, outside the mask.
  __device__ bool read(int64_t row, int32_t col, float* weight) const {
    const int64_t at = row / kPanelRows * panel_words_ + col / 2;
    const int bit = col % 2 * kPanelRows + static_cast<int>(row % kPanelRows);
    if (weights_.mask && !has_bit(weights_.mask[at], bit)) return false;
    int64_t source = weights_.sources - 1;  // the last that owns it
    while (source > 0 && !has_bit(weights_.owners[(source - 1) * plane_words_ + at], bit)) {
      --source;
    }
    *weight = weights_.codebooks[(source << weights_.bits) + layout_.get(weights_.codes, row, col)];
    return true;
  }

 private:
  const ita_codebook_weights& weights_;
  CodeLayout layout_;
  int64_t panel_words_;  // of one panel of a plane
  int64_t plane_words_;
};

// Calls body(first, next, weights) for each run of images [first, next) that obey one plane of the
// mask, until one fails. Activations are row-major: a block is an image.
template <class Body>
ita_status for_each_run(const ita_codebook_weights& weights, int64_t images, int64_t rows,
                        int64_t cols, const Body& body) {
  const int32_t* mask_of = weights.mask ? weights.mask_of : nullptr;
  for (int64_t first = 0, next; first < images; first = next) {
    next = mask_of ? first + 1 : images;
    while (next < images && mask_of[next] == mask_of[first]) ++next;
    ita_codebook_weights seen = weights;
    if (mask_of) seen.mask += mask_of[first] * panels_of(rows) * divide_up(cols, 2);
    const ita_status status = body(first, next, seen);
    if (status != ITA_OK) return status;
  }
  return ITA_OK;
}

}  // namespace cuda

#endif  // INTARSIA_CODES_CUH_
