// SPDX-License-Identifier: Apache-2.0
// Codes times a few row-major images: the lanes are sixteen outputs, an input is a broadcast.
//
// Bound: reading the codes, bits / 8 bytes a weight, beside a shift, a permutation and a
// multiply-add for sixteen weights. One and two bits without a mask do better: four or two weights
// together index a table of their exact partial sums with the input, made once per call and shared
// by all outputs, so that eight lookups and additions do for a word of 32 or 16 weights.
#ifndef INTARSIA_CODEBOOK_GEMV_H_
#define INTARSIA_CODEBOOK_GEMV_H_

#include "codebook_decode.h"

namespace ITA_ISA {

constexpr int64_t kMaskAhead = 1024;
constexpr int64_t kWordsAhead = 64 * kPanelRows;  // words that memory needs to answer
constexpr int64_t kSumsPerWord = 8 * kPanelRows;  // floats of the tables for one word

struct CodebookGemv {
  const Decoder* d;
  const float* src;  // [images, cols]
  const float* bias;
  float* dst;  // [images, rows]
  int64_t images;
};

// Writes sixteen outputs of an image.
inline void put_outputs(const CodebookGemv& g, int64_t panel, int64_t image, V sum) {
  const int64_t row = panel * kPanelRows, left = g.d->rows - row;
  const M exists = FirstN(static_cast<int>(left < kPanelRows ? left : kPanelRows));
  if (g.bias) sum = Add(sum, MaskedLoad(exists, g.bias + row));
  MaskedStore(exists, sum, g.dst + image * g.d->rows + row);
}

// Sixteen partial sums of each output, at[k % 16][output], folded as ReduceSum folds lanes: the
// bits of the dense layer's dot product, whose lanes are sixteen inputs.
struct Partial {
  alignas(64) float at[kLanes * kPanelRows];

  void clear() {
    for (int k = 0; k < kLanes; k++) Store(Zero(), at + k * kPanelRows);
  }
  void add(int64_t k, V weight, float x) {
    float* sum = at + k % kLanes * kPanelRows;
    Store(MulAdd(weight, Set(x), Load(sum)), sum);
  }
  V folded() const {
    V v[kLanes];
    for (int k = 0; k < kLanes; k++) v[k] = Load(at + k * kPanelRows);
    for (int step = kLanes / 2; step > 0; step /= 2) {
      for (int k = 0; k < step; k++) v[k] = Add(v[k], v[k + step]);
    }
    return v[0];
  }
};

// ---- one image, weights straight from their codes

// Words after which columns start at a multiple of sixteen again.
template <int kBits>
constexpr int kTurn = kBits == 3   ? 8
                      : kBits == 4 ? 2
                                   : 1;

template <int kBits, bool kMasked>
void gemv_panel(const CodebookGemv& g, int64_t panel) {
  constexpr int kPerWord = 32 / kBits, kCols = kTurn<kBits> * kPerWord;
  const Decoder& d = *g.d;
  const float* x = g.src;
  const uint32_t* word = d.panel_codes(panel);
  const uint16_t* on = kMasked ? d.mask + panel * d.plane_stride : nullptr;
  V acc[kLanes];
#pragma GCC unroll 16
  for (int k = 0; k < kLanes; k++) acc[k] = Zero();
  int64_t col = 0;
  for (; col + kCols <= d.cols; col += kCols) {
    if (kMasked) __builtin_prefetch(on + col + kMaskAhead, 0, 3);
#pragma GCC unroll 8
    for (int w = 0; w < kTurn<kBits>; w++, word += kPanelRows) {
      U codes = LoadInts(word);
      __builtin_prefetch(word + kWordsAhead, 0, 3);
      M live[2];
#pragma GCC unroll 32
      for (int j = 0; j < kPerWord; j++) {
        const int at = w * kPerWord + j;
        V v = Lookup<kBits>(d.tables, codes);
        if (kMasked) {
          if (j % 2 == 0) LoadBitsPair(on + col + at, live);
          v = IfThenElseZero(live[j % 2], v);
        }
        acc[at % kLanes] = MulAdd(v, Set(x[col + at]), acc[at % kLanes]);
        codes = ShiftRightU<kBits>(codes);
      }
    }
  }
  Partial sums;
#pragma GCC unroll 16
  for (int k = 0; k < kLanes; k++) Store(acc[k], sums.at + k * kPanelRows);
  for (; col < d.cols; col++) sums.add(col, d.column<kBits>(panel, col), x[col]);
  put_outputs(g, panel, 0, sums.folded());
}

// ---- some images, weights decoded into the L1 cache

constexpr int64_t kDecoded = 256;  // columns at once, whole groups of sixteen
constexpr int kShare = 6;          // images that share a decoding

// `count` decoded columns from a multiple of sixteen on, times kImages images.
template <int kImages>
inline void dot(const float* weights, const float* x, int64_t stride, int64_t count,
                Partial* sums) {
  constexpr int kChains = (kManyRegisters ? 16 : 4) / kImages;  // of the sixteen at a time
  const int64_t whole = count / kLanes * kLanes;
  for (int first = 0; first < kLanes; first += kChains) {
    V acc[kImages][kChains];
#pragma GCC unroll 4
    for (int n = 0; n < kImages; n++) {
#pragma GCC unroll 16
      for (int c = 0; c < kChains; c++) acc[n][c] = Load(sums[n].at + (first + c) * kPanelRows);
    }
    for (int64_t k = first; k < whole; k += kLanes) {
#pragma GCC unroll 16
      for (int c = 0; c < kChains; c++) {
        const V v = Load(weights + (k + c) * kPanelRows);
#pragma GCC unroll 4
        for (int n = 0; n < kImages; n++) {
          acc[n][c] = MulAdd(v, Set(x[n * stride + k + c]), acc[n][c]);
        }
      }
    }
#pragma GCC unroll 4
    for (int n = 0; n < kImages; n++) {
#pragma GCC unroll 16
      for (int c = 0; c < kChains; c++) Store(acc[n][c], sums[n].at + (first + c) * kPanelRows);
    }
  }
  for (int64_t k = whole; k < count; k++) {
    for (int n = 0; n < kImages; n++) {
      sums[n].add(k, Load(weights + k * kPanelRows), x[n * stride + k]);
    }
  }
}

inline void gemm_panel(const CodebookGemv& g, int64_t panel, int64_t first, int64_t images) {
  const Decoder& d = *g.d;
  alignas(64) float weights[kDecoded * kPanelRows];
  Partial sums[kShare];
  for (int64_t n = 0; n < images; n++) sums[n].clear();
  for (int64_t col = 0; col < d.cols; col += kDecoded) {
    const int64_t count = d.cols - col < kDecoded ? d.cols - col : kDecoded;
    d.columns(panel, col, count, weights);
    const float* x = g.src + first * d.cols + col;
    int64_t n = 0;
    if (kManyRegisters) {
      for (; n + 2 <= images; n += 2) dot<2>(weights, x + n * d.cols, d.cols, count, sums + n);
    }
    for (; n < images; n++) dot<1>(weights, x + n * d.cols, d.cols, count, sums + n);
  }
  for (int64_t n = 0; n < images; n++) put_outputs(g, panel, first + n, sums[n].folded());
}

// ---- one and two bits: tables of partial sums

// Partial sums: tables[group][16] for groups of 4 / kBits columns.
template <int kBits>
void make_sums(const CodebookGemv& g, int64_t image, float* tables) {
  constexpr int kSet = 4 / kBits, kCode = (1 << kBits) - 1;
  alignas(64) float centres[kSet][16];  // of each weight of a group, by index
  for (int q = 0; q < kSet; q++) {
    for (int i = 0; i < 16; i++) centres[q][i] = g.d->tables[i >> q * kBits & kCode];
  }
  const int64_t groups = g.d->words_per_panel * 8;
  const float* x = g.src + image * g.d->cols;
  for (int64_t group = 0; group < groups; group++) {
    V sum = Zero();
    for (int q = 0; q < kSet; q++) {
      const int64_t k = group * kSet + q;
      sum = MulAdd(Load(centres[q]), Set(k < g.d->cols ? x[k] : 0.0f), sum);
    }
    Store(sum, tables + group * 16);
  }
}

// Panels that share each table.
template <int kPanels>
void gemv_sums(const CodebookGemv& g, const float* tables, int64_t image, int64_t panel) {
  const Decoder& d = *g.d;
  V acc[kPanels][2];
  const V one = Held(Set(1.0f));  // multiply-adds share no port with shifts, additions do
  const uint32_t* words[kPanels];
  for (int p = 0; p < kPanels; p++) {
    for (V& chain : acc[p]) chain = Zero();
    words[p] = d.panel_codes(panel + p);
  }
  for (int64_t w = 0; w < d.words_per_panel; w++, tables += kSumsPerWord) {
    U codes[kPanels];
    for (int p = 0; p < kPanels; p++) codes[p] = LoadInts(words[p] + w * kPanelRows);
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) {
#pragma GCC unroll 4
      for (int p = 0; p < kPanels; p++) {
        acc[p][j % 2] = MulAdd(Lookup<4>(tables + j * 16, codes[p]), one, acc[p][j % 2]);
        codes[p] = ShiftRightU<4>(codes[p]);
      }
    }
  }
  for (int p = 0; p < kPanels; p++) put_outputs(g, panel + p, image, Add(acc[p][0], acc[p][1]));
}

inline void gemv_images(const CodebookGemv& g, int64_t panel) {
  if constexpr (kManyRegisters) {
    if (g.images == 1 && g.d->weigh() == Weigh::kMask) {
      switch (g.d->bits) {
        case 1:
          return gemv_panel<1, true>(g, panel);
        case 2:
          return gemv_panel<2, true>(g, panel);
        case 3:
          return gemv_panel<3, true>(g, panel);
        case 4:
          return gemv_panel<4, true>(g, panel);
      }
    } else if (g.images == 1 && g.d->weigh() == Weigh::kCode) {
      if (g.d->bits == 3) return gemv_panel<3, false>(g, panel);
      if (g.d->bits == 4) return gemv_panel<4, false>(g, panel);
    }
  }
  for (int64_t n = 0; n < g.images; n += kShare) {
    gemm_panel(g, panel, n, g.images - n < kShare ? g.images - n : kShare);
  }
}

// Whether tables of partial sums pay: they cost a pass over the input and serve all outputs.
inline bool takes_sums(const Decoder& d) {
  return d.bits <= 2 && d.weigh() == Weigh::kCode && d.panels >= 8;
}

inline void sums_gemv(ita_context* ctx, const CodebookGemv& g, float* tables) {
  const Decoder& d = *g.d;
  for (int64_t n = 0; n < g.images; n++) {
    if (d.bits == 1) {
      make_sums<1>(g, n, tables);
    } else {
      make_sums<2>(g, n, tables);
    }
    parallel_for(ctx, divide_up(d.panels, 4), grain_for(4 * d.words_per_panel * 8 * 2),
                 [&](int64_t begin, int64_t end, int) {
                   for (int64_t panel = begin * 4; panel < end * 4 && panel < d.panels;) {
                     if (panel + 4 <= d.panels) {
                       gemv_sums<4>(g, tables, n, panel);
                       panel += 4;
                     } else {
                       gemv_sums<1>(g, tables, n, panel++);
                     }
                   }
                 });
  }
}

// `tables` has room for words_per_panel * kSumsPerWord floats when takes_sums.
inline void codebook_gemv(ita_context* ctx, const CodebookGemv& g, float* tables) {
  const Decoder& d = *g.d;
  if (takes_sums(d)) return sums_gemv(ctx, g, tables);
  const int64_t work = d.words_per_panel * d.per_word * (g.images + 2 * d.sources);
  parallel_for(ctx, d.panels, grain_for(work), [&](int64_t begin, int64_t end, int) {
    for (int64_t panel = begin; panel < end; panel++) gemv_images(g, panel);
  });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CODEBOOK_GEMV_H_
