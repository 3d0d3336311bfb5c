// SPDX-License-Identifier: Apache-2.0
// Forward convolution of row-major images with weights as codes: sixteen outputs are the lanes, a
// pixel is a broadcast, a tile of sixteen pixels is held in registers.
//
// Some channels' columns of sixteen filters are decoded into the first-level cache, one vector
// each, and serve all tiles of the map. A product needs one broadcast and no more, and what floats
// would take from memory (9.4 MB of 512 by 512 3x3 filters) is bits / 32 of it. Maps whose tiles
// are whole lines (3x3 with padding; 4, 8 and 16 pixels across) leave out the products that fall on
// padding.
//
// Roofline: the multiply-adds. Ladder (one image, 4 bits, one thread of an AMD EPYC Zen 5, AVX-512,
// whose peak is about 250 GFLOP/s, minima, ms; padding counts in none of them):
//                                              64@32  128@16  256@8  512@4
//   floats, pixels as lanes (rows_product.h)   0.48    0.38    0.32   0.56
//   1  the same, filters decoded to rows       0.49    0.40    0.40   0.89
//   2  outputs as lanes, 4x4 maps whole        0.37    0.38    0.44   0.46
//   3  a word's columns decoded together       0.35    0.34    0.37   0.23
//   4  whole lines of 8 and 16 without padding 0.37    0.26    0.25   0.24   shipped
// The time of 512@4 is 0.2 ms of products and the decoding. Parts of 72, 144, 288 columns: 512@4
// 0.26, 0.25, 0.25. Not tried: two panels of outputs for eight pixels, half as many broadcasts.
#ifndef INTARSIA_ROWS_CODES_H_
#define INTARSIA_ROWS_CODES_H_

#include "conv2d_codes.h"
#include "conv2d_plan.h"

namespace ITA_ISA {
namespace rows_codes {

constexpr int kTilePixels = kManyRegisters ? 16 : 4;  // of a tile
constexpr int64_t kPartColumns = 144;  // of weights that are decoded together, at least

// Where the source of result pixel (y, x), channel c, tap t lies: c * plane + y * row + x * step +
// taps[t].
struct MapSource {
  const float* data;
  int64_t plane, row, step;
  const int32_t* taps;
  int64_t count;
};

// Some channels' products, added to a tile of kRows x kCols pixels at `x`: acc[pixel][16 outputs].
// weights: [channel][tap][16].
template <int kRows, int kCols, int kStep>
void add_tile(const MapSource& s, const float* x, int64_t channels, const float* weights,
              float* sums, bool first) {
  constexpr int kAll = kRows * kCols;
  V acc[kAll];
#pragma GCC unroll 16
  for (int p = 0; p < kAll; p++) acc[p] = first ? Zero() : Load(sums + p * kLanes);
  const int64_t step = kStep ? kStep : s.step;
  const int64_t row = s.row;
  for (int64_t c = 0; c < channels; c++, x += s.plane) {
    for (int64_t t = 0; t < s.count; t++, weights += kLanes) {
      const float* from = x + s.taps[t];
      const V w = Load(weights);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; r++) {
#pragma GCC unroll 16
        for (int q = 0; q < kCols; q++) {
          acc[r * kCols + q] = MulAdd(w, Set(from[r * row + q * step]), acc[r * kCols + q]);
        }
      }
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < kAll; p++) Store(acc[p], sums + p * kLanes);
}

// The same for kRows whole lines of a map of kCols pixels each way under a 3x3 filter with padding
// of one, read where they are: no product falls on the padding. kTop, kBottom: the map ends there.
template <int kRows, int kCols, bool kTop, bool kBottom>
void add_lines(const MapSource& s, const float* x, int64_t channels, const float* weights,
               float* sums, bool first) {
  constexpr int kAll = kRows * kCols;
  V acc[kAll];
#pragma GCC unroll 16
  for (int p = 0; p < kAll; p++) acc[p] = first ? Zero() : Load(sums + p * kLanes);
  for (int64_t c = 0; c < channels; c++, x += s.plane, weights += 9 * kLanes) {
#pragma GCC unroll 9
    for (int t = 0; t < 9; t++) {
      const V w = Load(weights + t * kLanes);
#pragma GCC unroll 16
      for (int p = 0; p < kAll; p++) {
        const int y = p / kCols + t / 3 - 1, at = p % kCols + t % 3 - 1;
        if ((kTop && y < 0) || (kBottom && y >= kRows) || at < 0 || at >= kCols) continue;
        acc[p] = MulAdd(w, Set(x[y * kCols + at]), acc[p]);
      }
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < kAll; p++) Store(acc[p], sums + p * kLanes);
}

typedef void (*TileFunction)(const MapSource&, const float*, int64_t, const float*, float*, bool);

template <int kRows, int kCols>
TileFunction tile_of(int64_t step) {
  return step == 1   ? add_tile<kRows, kCols, 1>
         : step == 2 ? add_tile<kRows, kCols, 2>
                     : add_tile<kRows, kCols, 0>;
}

template <int kRows, int kCols>
TileFunction lines_of(bool top, bool bottom) {
  return top && bottom ? add_lines<kRows, kCols, true, true>
         : top         ? add_lines<kRows, kCols, true, false>
         : bottom      ? add_lines<kRows, kCols, false, true>
                       : add_lines<kRows, kCols, false, false>;
}

// How a map is cut.
struct MapCut {
  int64_t rows, cols;     // of a tile
  int64_t down, across;   // tiles
  bool lines;             // tiles are whole lines that add_lines takes
  int64_t pad_h, pad_w;   // of the source as read
  int64_t height, pitch;  // of a plane of it
  bool copied;            // else the source is read where it is
  int64_t taps, part;     // of a filter; channels that are decoded together

  MapCut(const ita_conv2d_shape& s, int64_t per_word) {
    taps = int64_t(s.kh) * s.kw;
    part = divide_up(kPartColumns, taps);
    for (int64_t whole = part; whole * taps <= 4 * kPartColumns; whole++) {
      if (whole * taps % per_word) continue;
      part = whole;  // no word is decoded twice
      break;
    }
    if (part > s.c) part = s.c;
    // The wide tile that wastes least.
    rows = cols = 1;
    int64_t least = INT64_MAX;
    for (int64_t side = 1; side * side <= kTilePixels; side *= 2) {
      const int64_t pixels =
          round_up(s.oh, side) * round_up(s.ow, static_cast<int64_t>(kTilePixels) / side);
      if (pixels >= least) continue;
      least = pixels;
      rows = side;
      cols = kTilePixels / side;
    }
    down = divide_up(s.oh, rows);
    across = divide_up(s.ow, cols);
    lines = is_3x3(s) && s.pad_h == 1 && s.pad_w == 1 && s.ow == cols && s.oh % rows == 0;
    pad_h = s.pad_h;
    pad_w = s.pad_w;
    height = (down * rows - 1) * s.stride_h + (s.kh - 1) * s.dilation_h + 1;
    pitch = (across * cols - 1) * s.stride_w + (s.kw - 1) * s.dilation_w + 1;
    copied = !lines && (pad_h || pad_w || height > s.h || pitch > s.w);
    if (!copied) {
      height = s.h;
      pitch = s.w;
    }
  }
  int64_t plane() const { return height * pitch; }
  int64_t tiles() const { return down * across; }
  TileFunction function(int64_t y, int64_t step) const {
    const bool top = y == 0, bottom = y + 1 == down;
    if constexpr (kTilePixels == 16) {
      if (rows == 1) return lines ? lines_of<1, 16>(top, bottom) : tile_of<1, 16>(step);
      if (rows == 2) return lines ? lines_of<2, 8>(top, bottom) : tile_of<2, 8>(step);
      return lines ? lines_of<4, 4>(top, bottom) : tile_of<4, 4>(step);
    } else {
      if (rows == 1) return lines ? lines_of<1, 4>(top, bottom) : tile_of<1, 4>(step);
      return lines ? lines_of<2, 2>(top, bottom) : tile_of<2, 2>(step);
    }
  }
};

// to[c][height][pitch]: the source with zeros around it.
inline void copy_planes(ita_context* ctx, const ita_conv2d_shape& s, const MapCut& cut,
                        const float* src, float* to) {
  parallel_for(ctx, s.c, grain_for(cut.plane() / 4), [&](int64_t begin, int64_t end, int) {
    for (int64_t c = begin; c < end; c++) {
      float* plane = to + c * cut.plane();
      memset(plane, 0, sizeof(float) * cut.plane());
      const int64_t room = cut.pitch - cut.pad_w;
      const int64_t count = room < s.w ? room : s.w;
      for (int64_t y = 0; y < s.h && y + cut.pad_h < cut.height && count > 0; y++) {
        memcpy(plane + (y + cut.pad_h) * cut.pitch + cut.pad_w, src + (c * s.h + y) * s.w,
               sizeof(float) * count);
      }
    }
  });
}

// Writes a tile's sums [pixel][16 outputs] to `outputs` planes of dst.
inline void put_tile(const ita_conv2d_shape& s, const MapCut& cut, const float* sums, int64_t y,
                     int64_t x, const float* bias, int64_t outputs, float* dst) {
  const int64_t rows = s.oh - y < cut.rows ? s.oh - y : cut.rows;
  const int64_t cols = s.ow - x < cut.cols ? s.ow - x : cut.cols;
  alignas(64) float turned[kLanes * kLanes];
  V square[kLanes];
  const V add = bias ? MaskedLoad(FirstN(static_cast<int>(outputs)), bias) : Zero();
  for (int p = 0; p < kLanes; p++) {
    square[p] = p < kTilePixels ? Add(Load(sums + p * kLanes), add) : Zero();
  }
  Transpose(square);
  for (int o = 0; o < kLanes; o++) Store(square[o], turned + o * kLanes);
  const M some = FirstN(static_cast<int>(cols));
  for (int64_t o = 0; o < outputs; o++) {
    for (int64_t r = 0; r < rows; r++) {
      const float* from = turned + o * kLanes + r * cut.cols;
      float* to = dst + (o * s.oh + y + r) * s.ow + x;
      MaskedStore(some, MaskedLoad(some, from), to);
    }
  }
}

}  // namespace rows_codes

// Whether outputs as lanes, which multiply every weight, beat lists of the live ones, whose codes
// are turned to rows first: cycles for sixteen weights, fitted to medians on one thread (AVX-512).
inline bool takes_row_codes(const ita_conv2d_shape& s, ita_direction direction, const Live& live,
                            int64_t bits) {
  if (direction != ITA_FORWARD || s.groups != 1) return false;
  const rows_codes::MapCut cut(s, 32 / bits);
  const double pixels = static_cast<double>(s.oh) * s.ow;
  const double of_tiles = static_cast<double>(cut.tiles() * rows_codes::kTilePixels);
  const double lanes = (cut.lines ? 0.45 : 0.6) * of_tiles + 3;
  const bool masked = live.weights != live.all_weights;
  const double lists = is_3x3(s) ? 0.75 * pixels * live.kernel_density() + 11
                                 : (1.1 * pixels + 10) * live.density() + (masked ? 41 : 11);
  return lanes < lists;
}

inline ita_status multiply_row_codes(ita_context* ctx, const ita_masked_conv2d* op,
                                     CodedFilters* coded) {
  using namespace rows_codes;
  const ita_conv2d_shape& s = op->shape;
  const MapCut cut(s, 32 / coded->bits());
  const int64_t tile_floats = kTilePixels * kLanes;
  const int64_t weight_floats = cut.part * cut.taps * kLanes;
  Cutter scratch;
  coded->reserve(&scratch);
  const int64_t at_taps = scratch.take<int32_t>(cut.taps);
  const int64_t at_planes = scratch.take<float>(cut.copied ? s.c * cut.plane() : 0);
  const int64_t worker_floats = weight_floats + cut.tiles() * tile_floats;
  const int64_t at_workers = scratch.take<float>(ctx->threads * worker_floats);
  char* memory = static_cast<char*>(ita_core_scratch(ctx, scratch.size()));
  if (!memory) return ITA_OUT_OF_MEMORY;
  coded->open(ctx, memory);
  const Decoder& d = coded->decoder();
  int32_t* taps = reinterpret_cast<int32_t*>(memory + at_taps);
  for (int64_t t = 0; t < cut.taps; t++) {
    taps[t] = static_cast<int32_t>(t / s.kw * s.dilation_h * cut.pitch + t % s.kw * s.dilation_w);
  }
  const int64_t cost = d.cols * cut.tiles() * kTilePixels;
  for (int64_t n = 0; n < s.n; n++) {
    const float* image = op->src + n * s.c * s.h * s.w;
    float* dst = op->dst + n * s.o * s.oh * s.ow;
    if (cut.copied) {
      float* planes = reinterpret_cast<float*>(memory + at_planes);
      copy_planes(ctx, s, cut, image, planes);
      image = planes;
    }
    const MapSource source = {image,      cut.plane(), s.stride_h * cut.pitch,
                              s.stride_w, taps,        cut.taps};
    parallel_for(ctx, d.panels, grain_for(cost), [&](int64_t begin, int64_t end, int worker) {
      float* weights = reinterpret_cast<float*>(memory + at_workers) + worker * worker_floats;
      float* sums = weights + weight_floats;
      for (int64_t panel = begin; panel < end; panel++) {
        for (int64_t c = 0; c < s.c; c += cut.part) {
          const int64_t channels = s.c - c < cut.part ? s.c - c : cut.part;
          decode_columns(d, panel, c * cut.taps, channels * cut.taps, weights);
          const float* from = image + c * source.plane;
          for (int64_t tile = 0; tile < cut.tiles(); tile++) {
            float* to = sums + tile * tile_floats;
            const int64_t line = tile / cut.across, x = tile % cut.across * cut.cols;
            const TileFunction add = cut.function(line, source.step);
            add(source, from + line * cut.rows * source.row + x * source.step, channels, weights,
                to, c == 0);
          }
        }
        const int64_t first = panel * kPanelRows;
        const int64_t outputs = s.o - first < kPanelRows ? s.o - first : kPanelRows;
        for (int64_t tile = 0; tile < cut.tiles(); tile++) {
          put_tile(s, cut, sums + tile * tile_floats, tile / cut.across * cut.rows,
                   tile % cut.across * cut.cols, op->bias ? op->bias + first : nullptr, outputs,
                   dst + first * s.oh * s.ow);
        }
      }
    });
  }
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_ROWS_CODES_H_
