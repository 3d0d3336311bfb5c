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

constexpr int kChains = 4;  // of additions for one output, however many images
constexpr int64_t kSumsPerWord = 8 * kPanelRows;  // floats of the tables for one word

struct CodebookGemv {
  const Decoder* d;
  const float* x;  // [cols rounded up to words][images], zero past the end
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

// What a weight depends on beside its code.
enum class Weigh { kCode, kMask, kOwners };

// One word of a panel: `count` columns from `col` on, at most those of a word.
template <int kBits, int kImages, Weigh kWeigh>
inline void gemv_word(const CodebookGemv& g, int64_t panel, int64_t col, int count, U codes,
                      const float* x, V acc[kImages][kChains]) {
  const Decoder& d = *g.d;
  const uint16_t* mask = d.mask + panel * d.plane_stride + col;
#pragma GCC unroll 8
  for (int j = 0; j < 32 / kBits; j++) {
    if (j >= count) break;
    V v;
    if constexpr (kWeigh == Weigh::kCode) {
      v = Lookup<kBits>(d.tables, codes);
    } else if constexpr (kWeigh == Weigh::kMask) {
      v = IfThenElseZero(FromBits(mask[j]), Lookup<kBits>(d.tables, codes));
    } else {
      v = d.value<kBits>(codes, panel, col + j);
    }
#pragma GCC unroll 8
    for (int n = 0; n < kImages; n++) {
      acc[n][j % kChains] = MulAdd(v, Set(x[j * g.images + n]), acc[n][j % kChains]);
    }
    codes = ShiftRightU<kBits>(codes);
  }
}

template <int kBits, int kImages, Weigh kWeigh>
void gemv_panel(const CodebookGemv& g, int64_t first, int64_t panel) {
  constexpr int kPerWord = 32 / kBits;
  const Decoder& d = *g.d;
  V acc[kImages][kChains];
  for (auto& image : acc) {
    for (V& chain : image) chain = Zero();
  }
  const uint32_t* word = d.panel_codes(panel);
  const float* x = g.x + first;
  int64_t col = 0;
  for (; col + kPerWord <= d.cols; col += kPerWord, word += kPanelRows, x += kPerWord * g.images) {
    gemv_word<kBits, kImages, kWeigh>(g, panel, col, kPerWord, LoadInts(word), x, acc);
  }
  if (col < d.cols) {
    const int left = static_cast<int>(d.cols - col);
    gemv_word<kBits, kImages, kWeigh>(g, panel, col, left, LoadInts(word), x, acc);
  }
  for (int n = 0; n < kImages; n++) {
    V sum = acc[n][0];
    for (int chain = 1; chain < kChains; chain++) sum = Add(sum, acc[n][chain]);
    put_outputs(g, panel, first + n, sum);
  }
}

// Partial sums: tables[group][16] for groups of 4 / kBits columns.
template <int kBits>
void make_sums(const CodebookGemv& g, int64_t image, float* tables) {
  constexpr int kGroup = 4 / kBits, kCode = (1 << kBits) - 1;
  alignas(64) float centres[kGroup][16];  // of each weight of a group, by index
  for (int q = 0; q < kGroup; q++) {
    for (int i = 0; i < 16; i++) centres[q][i] = g.d->tables[i >> q * kBits & kCode];
  }
  const int64_t groups = g.d->words_per_panel * 8;
  const float* x = g.x + image;
  for (int64_t group = 0; group < groups; group++) {
    V sum = Zero();
    for (int q = 0; q < kGroup; q++, x += g.images) sum = MulAdd(Load(centres[q]), Set(*x), sum);
    Store(sum, tables + group * 16);
  }
}

// Panels that share each table.
template <int kPanels>
void gemv_sums(const CodebookGemv& g, const float* tables, int64_t image, int64_t panel) {
  const Decoder& d = *g.d;
  V acc[kPanels][2];
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
        acc[p][j % 2] = Add(acc[p][j % 2], Lookup<4>(tables + j * 16, codes[p]));
        codes[p] = ShiftRightU<4>(codes[p]);
      }
    }
  }
  for (int p = 0; p < kPanels; p++) put_outputs(g, panel + p, image, Add(acc[p][0], acc[p][1]));
}

// Four images share a decoding, then two, then one.
template <int kBits, Weigh kWeigh>
void gemv_images(const CodebookGemv& g, int64_t panel) {
  int64_t n = 0;
  for (; n + 4 <= g.images; n += 4) gemv_panel<kBits, 4, kWeigh>(g, n, panel);
  for (; n + 2 <= g.images; n += 2) gemv_panel<kBits, 2, kWeigh>(g, n, panel);
  if (n < g.images) gemv_panel<kBits, 1, kWeigh>(g, n, panel);
}

// Whether tables of partial sums pay: they cost a pass over the input and serve all outputs.
inline bool takes_sums(const Decoder& d) { return d.bits <= 2 && d.plain() && d.panels >= 8; }

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
    with_bits(d.bits, [&](auto bits) {
      constexpr int kBits = decltype(bits)::value;
      for (int64_t panel = begin; panel < end; panel++) {
        if (d.sources > 1) {
          gemv_images<kBits, Weigh::kOwners>(g, panel);
        } else if (d.mask) {
          gemv_images<kBits, Weigh::kMask>(g, panel);
        } else {
          gemv_images<kBits, Weigh::kCode>(g, panel);
        }
      }
    });
  });
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CODEBOOK_GEMV_H_
