// SPDX-License-Identifier: Apache-2.0
// The dense convolution of any shape: every weight is multiplied, dead ones as zeros.
//
// A few rows of the product times a few neighbouring pixels are held in registers; one tap is as
// many broadcasts as rows and as many loads as pixels (10 for 24 multiply-adds), so that neither
// loads nor lists bind, whatever stride, dilation or filter. Taps outside the source for a whole
// row of pixels are left out, and nothing is padded but the patches.
//
// Roofline: the multiply-adds. It runs at 82 to 90 % of their peak on 3x3 and 5x5 (AVX-512, one
// thread of an AMD EPYC Zen 5). What was tried, 3x3 64@32 / 256@8, 5x5 64->192@27, as the share of
// a dense library's speed: 6 rows x 4 pixels 0.92 / 0.83, 0.89; 8 x 3 0.80 / 0.76, 0.75; 3 x 8
// 0.76 / 0.71, 0.75; 2 x 12 0.71 / 0.64, 0.66; 4 x 6 in square tiles 0.93 / 0.90, 0.92; 4 x 6 in
// wide tiles, whose strips are wider, 0.98 / 0.89, 0.91: kept. Memory does not bind: with source,
// weights and sums all at fixed places in the first-level cache 256@8 gains 4 %. Channels by blocks
// of 192, 384, 768 lines of source or all at once: 0.94, 0.98, 0.97, 0.98.
#ifndef INTARSIA_CONV2D_DENSE_H_
#define INTARSIA_CONV2D_DENSE_H_

#include "conv2d_codes.h"
#include "conv2d_gather.h"
#include "matrix_product.h"

namespace ITA_ISA {
namespace dense {

constexpr int kRows = kAccumulators >= 16 ? 4 : 2;    // of the product, in registers
constexpr int kPixels = kAccumulators >= 16 ? 6 : 3;  // beside them

// A tap that is inside for a row of pixels: its source and its weights, in floats.
struct Place {
  int32_t source, weight;
};

// kRows rows of the product at neighbouring pixels of one line of the grid.
struct Strip {
  const float* src;  // of the first pixel, first channel
  int64_t channel_stride, channels, step;
  const Place* places;
  int64_t count;         // of places
  const float* weights;  // [channel][tap][kRows]
  int64_t channel_weights;
  float* dst;
  int64_t dst_plane, dst_col;
  const float* bias;  // [rows]; NULL: zero
  bool first;         // channels: else the sums in dst go on
  int64_t rows;       // at most kRows, that exist
};

template <int kWidth, int kStep>
void strip(const Strip& s) {
  const int64_t step = kStep ? kStep * ITA_BLOCK : s.step;
  V acc[kRows][kWidth];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; r++) {
    const V start = Set(s.bias && r < s.rows ? s.bias[r] : 0.0f);
#pragma GCC unroll 8
    for (int p = 0; p < kWidth; p++) acc[r][p] = start;
  }
  if (!s.first) {
#pragma GCC unroll 4
    for (int r = 0; r < kRows; r++) {
      if (r < s.rows) {
#pragma GCC unroll 8
        for (int p = 0; p < kWidth; p++) {
          acc[r][p] = Load(s.dst + r * s.dst_plane + p * s.dst_col);
        }
      }
    }
  }
  const float* src = s.src;
  const float* weights = s.weights;
  for (int64_t c = 0; c < s.channels; c++) {
    for (const Place *at = s.places, *end = at + s.count; at < end; at++) {
      const float* x = src + at->source;
      const float* w = weights + at->weight;
      V of[kRows];
#pragma GCC unroll 4
      for (int r = 0; r < kRows; r++) of[r] = Set(w[r]);
#pragma GCC unroll 8
      for (int p = 0; p < kWidth; p++) {
        const V value = Load(x + p * step);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; r++) acc[r][p] = MulAdd(value, of[r], acc[r][p]);
      }
    }
    src += s.channel_stride;
    weights += s.channel_weights;
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; r++) {
    if (r >= s.rows) break;
#pragma GCC unroll 8
    for (int p = 0; p < kWidth; p++) Store(acc[r][p], s.dst + r * s.dst_plane + p * s.dst_col);
  }
}

typedef void (*StripFunction)(const Strip&);

template <int kStep>
StripFunction strip_of(int64_t width) {
  switch (width) {
    case 1:
      return strip<1, kStep>;
    case 2:
      return strip<2, kStep>;
    case 3:
      return strip<3, kStep>;
    case 4:
      return strip < kPixels >= 4 ? 4 : 1, kStep > ;
    case 5:
      return strip < kPixels >= 5 ? 5 : 1, kStep > ;
    default:
      return strip < kPixels >= 6 ? 6 : 1, kStep > ;
  }
}

// Masked weights as the strips read them: [group][rows / kRows][channel][tap][kRows], zeros for
// rows that do not exist. lines: scratch, one filter for each thread.
inline void pack_weights(ita_context* ctx, const ita_masked_conv2d* op, const Geometry& geo,
                         const Gather& g, bool transposed, float* lines, float* packed) {
  const int64_t kernel = int64_t(geo.s.kh) * geo.s.kw;
  const int64_t panels = divide_up(g.rows, kRows);
  const int64_t panel_size = g.channels * g.taps * kRows;
  const int64_t line_size = round_up(geo.k, kLanes);
  // Filters of one group that a thread takes: those of a panel, or, where panels run across all
  // filters, one.
  const int64_t items = transposed ? g.channels : panels;
  parallel_for(ctx, g.groups * items, grain_for(geo.k * (transposed ? 1 : kRows)),
               [&](int64_t begin, int64_t end, int worker) {
                 float* line = lines + worker * line_size;
                 for (int64_t item = begin; item < end; item++) {
                   const int64_t group = item / items, of = item % items;
                   float* base = packed + group * panels * panel_size;
                   for (int64_t r = 0; r < (transposed ? 1 : kRows); r++) {
                     const int64_t j = transposed ? of : of * kRows + r;  // filter of the group
                     const bool exists = j < geo.outputs;
                     const int64_t o = group * geo.outputs + j;
                     for (int64_t k = 0; exists && k < geo.k; k += kLanes) {
                       const uint32_t bits = live_bits(op->mask, geo.words, geo.k, o, k);
                       Store(MaskedLoad(FromBits(bits), op->weights + o * geo.k + k), line + k);
                     }
                     if (transposed) {
                       for (int64_t i = 0; i < panels * kRows; i++) {
                         float* to = base + i / kRows * panel_size + j * g.taps * kRows + i % kRows;
                         const float* from = line + i * kernel;
                         for (int64_t t = 0; t < g.taps; t++) {
                           to[t * kRows] = i < geo.i ? from[g.tap[t].index] : 0.0f;
                         }
                       }
                     } else {
                       float* to = base + of * panel_size + r;
                       for (int64_t k = 0; k < geo.k; k++) to[k * kRows] = exists ? line[k] : 0.0f;
                     }
                   }
                 }
               });
}

// The same of weights as codes, of one group, forward: sixteen rows of a column come as a vector,
// which is a line of four panels (or more).
inline void pack_columns(ita_context* ctx, const Decoder& d, float* packed) {
  constexpr int64_t kPart = 64;  // columns at a time
  constexpr int64_t kPanels = kPanelRows / kRows;
  const int64_t panel_size = d.cols * kRows;
  const Grain grain = grain_for(d.cols * 4);
  parallel_for(ctx, d.panels, grain, [&](int64_t begin, int64_t end, int) {
    alignas(64) float part[kPart * kPanelRows];
    for (int64_t panel = begin; panel < end; panel++) {
      const int64_t left = divide_up(d.rows - panel * kPanelRows, kRows);
      const int64_t panels = left < kPanels ? left : kPanels;
      for (int64_t col = 0; col < d.cols; col += kPart) {
        const int64_t cols = d.cols - col < kPart ? d.cols - col : kPart;
        decode_columns(d, panel, col, cols, part);
        for (int64_t p = 0; p < panels; p++) {
          float* to = packed + (panel * kPanels + p) * panel_size + col * kRows;
          for (int64_t c = 0; c < cols; c++) {
            memcpy(to + c * kRows, part + c * kPanelRows + p * kRows, sizeof(float) * kRows);
          }
        }
      }
    }
  });
}

// The same of any group or direction. lines: kFilters filters for each thread.
inline void pack_codes(ita_context* ctx, const CodedFilters& coded, const Geometry& geo,
                       const Gather& g, bool transposed, float* lines, float* packed) {
  const int64_t kernel = int64_t(geo.s.kh) * geo.s.kw;
  const int64_t panels = divide_up(g.rows, kRows);
  const int64_t panel_size = g.channels * g.taps * kRows;
  const int64_t items = divide_up(geo.s.o, kFilters);
  const Grain grain = grain_for(geo.k * kFilters);
  parallel_for(ctx, items, grain, [&](int64_t begin, int64_t end, int worker) {
    float* room = lines + worker * kFilters * geo.k;
    for (int64_t o = begin * kFilters; o < end * kFilters && o < geo.s.o; o++) {
      if (o % kFilters == 0) {
        coded.rows(o, geo.s.o - o < kFilters ? geo.s.o - o : kFilters, 0, geo.k, room, geo.k);
      }
      const float* line = room + o % kFilters * geo.k;
      const int64_t j = o % geo.outputs;  // filter of the group
      float* base = packed + o / geo.outputs * panels * panel_size;
      if (transposed) {
        for (int64_t i = 0; i < panels * kRows; i++) {
          float* to = base + i / kRows * panel_size + j * g.taps * kRows + i % kRows;
          for (int64_t t = 0; t < g.taps; t++) {
            to[t * kRows] = i < geo.i ? line[i * kernel + g.tap[t].index] : 0.0f;
          }
        }
        continue;
      }
      float* to = base + j / kRows * panel_size + j % kRows;
      for (int64_t k = 0; k < geo.k; k++) to[k * kRows] = line[k];
      if (j + 1 < geo.outputs) continue;
      for (int64_t r = 1; j % kRows + r < kRows; r++) {  // rows that do not exist
        for (int64_t k = 0; k < geo.k; k++) to[k * kRows + r] = 0.0f;
      }
    }
  });
}

inline int64_t channels_in_cache(const Patch& p, const Gather& g) {
  // Source pixels of one strip in half of the first-level cache.
  const int64_t width = (kPixels - 1) * p.step_w + g.x.extent;
  const int64_t lines = (g.y.extent > 0 ? g.y.extent : 1) * width;
  const int64_t channels = 384 / (lines > 0 ? lines : 1);
  return channels > 4 ? channels : 4;
}

constexpr int64_t kBudget = 160 * 1024;  // floats of a patch
constexpr int64_t kLeast = kPixels;      // pixels of a tile's side that are not cut further

inline void multiply(ita_context* ctx, const Gather& g, const Patch& p, const float* packed,
                     char* places_of_worker, int64_t places_size, float* patch_of_worker) {
  const int64_t panels = divide_up(g.rows, kRows);
  const int64_t panel_size = g.channels * g.taps * kRows;
  const int64_t block_channels = channels_in_cache(p, g);
  const int64_t tiles = g.blocks * g.groups * p.tiles();
  // A tile is the unit of work; where tiles are few, its rows are shared out as well.
  int64_t chunks = divide_up(4 * ctx->threads, tiles);
  if (ctx->threads == 1) chunks = 1;
  if (chunks > divide_up(panels, 8)) chunks = divide_up(panels, 8);
  const int64_t chunk = divide_up(panels, chunks);
  const int64_t cost = chunk * panel_size * p.tile_h * p.tile_w / 2;
  parallel_for(ctx, tiles * chunks, grain_for(cost), [&](int64_t begin, int64_t end, int worker) {
    Place* places = reinterpret_cast<Place*>(places_of_worker + worker * places_size);
    float* patch = patch_of_worker + worker * p.size;
    int64_t filled = -1;
    for (int64_t item = begin; item < end; item++) {
      const int64_t tile = item / chunks;
      const int64_t group = tile / p.tiles() % g.groups;
      const int64_t block = tile / p.tiles() / g.groups;
      const int64_t y0 = tile % p.tiles() / p.tiles_w * p.tile_h;
      const int64_t x0 = tile % p.tiles_w * p.tile_w;
      const int64_t y1 = y0 + p.tile_h < g.y.size ? y0 + p.tile_h : g.y.size;
      const int64_t x1 = x0 + p.tile_w < g.x.size ? x0 + p.tile_w : g.x.size;
      const int64_t panel_end =
          (item % chunks + 1) * chunk < panels ? (item % chunks + 1) * chunk : panels;
      if (tile != filled) {
        fill_patch(g, p, g.src + (block * g.groups + group) * g.channels * g.src_plane(), y0, x0,
                   patch);
      }
      filled = tile;
      const int64_t strips = divide_up(x1 - x0, kPixels);
      for (int64_t c = 0; c == 0 || c < g.channels; c += block_channels) {
        const int64_t left = g.channels - c;
        for (int64_t y = y0; y < y1; y++) {
          int64_t count = 0;
          for (int64_t t = 0; t < g.taps; t++) {
            const int64_t row = y * g.y.step + g.y.lead + g.tap[t].dy;
            if (row < 0 || row >= g.y.source) continue;
            places[count++] = {
                static_cast<int32_t>(g.tap[t].dy * p.row_stride + g.tap[t].dx * ITA_BLOCK),
                static_cast<int32_t>(t * kRows)};
          }
          for (int64_t k = 0; k < strips; k++) {
            // Strips of nearly one width: rather 4 and 4 than 6 and 2.
            const int64_t x = (x1 - x0) * k / strips, width = (x1 - x0) * (k + 1) / strips - x;
            Strip s = {};
            s.src = patch + c * p.channel_stride + (y - y0) * p.step_h * p.row_stride +
                    x * p.step_w * ITA_BLOCK;
            s.channel_stride = p.channel_stride;
            s.channels = left < block_channels ? left : block_channels;
            s.step = p.step_w * ITA_BLOCK;
            s.places = places;
            s.count = count;
            s.channel_weights = g.taps * kRows;
            s.dst_plane = g.dst_plane;
            s.dst_col = g.dst_col;
            s.first = c == 0;
            const StripFunction function = p.step_w == 1   ? strip_of<1>(width)
                                           : p.step_w == 2 ? strip_of<2>(width)
                                                           : strip_of<0>(width);
            for (int64_t panel = item % chunks * chunk; panel < panel_end; panel++) {
              const int64_t row = group * g.rows + panel * kRows;
              s.weights = packed + (group * panels + panel) * panel_size + c * s.channel_weights;
              s.rows = g.rows - panel * kRows < kRows ? g.rows - panel * kRows : kRows;
              s.bias = g.bias ? g.bias + row : nullptr;
              s.dst = g.dst + block * g.dst_block + row * g.dst_plane + y * g.dst_row +
                      (x0 + x) * g.dst_col;
              function(s);
            }
          }
        }
      }
    }
  });
}

}  // namespace dense

// coded: or NULL, in place of the op's weights and mask.
inline ita_status dense_multiply(ita_context* ctx, const ita_masked_conv2d* op, bool transposed,
                                 CodedFilters* coded = nullptr) {
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  const int64_t kernel = int64_t(s.kh) * s.kw;
  const int64_t phases_h = !transposed ? 1 : s.stride_h < s.h ? s.stride_h : s.h;
  const int64_t phases_w = !transposed ? 1 : s.stride_w < s.w ? s.stride_w : s.w;
  const int64_t rows = transposed ? geo.i : geo.outputs;
  const int64_t cols = transposed ? geo.outputs : geo.i;
  // Room for the largest phase: its taps are not known yet, its patch is.
  GatherTap few[64];
  GatherTap* taps = few;
  int64_t patch_size = 0;
  Cutter cut;
  const int64_t at_taps = cut.take<GatherTap>(kernel > 64 ? kernel : 0);
  if (kernel > 64) {
    char* early = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
    if (!early) return ITA_OUT_OF_MEMORY;
    taps = reinterpret_cast<GatherTap*>(early + at_taps);
  }
  auto gather = [&](int64_t phase) {
    return transposed ? gather_phase(op, phase / phases_w, phase % phases_w, taps)
                      : gather_forward(op, taps);
  };
  for (int64_t phase = 0; phase < phases_h * phases_w; phase++) {
    const Patch patch(gather(phase), dense::kBudget, dense::kLeast);
    if (patch.size > patch_size) patch_size = patch.size;
  }
  const int64_t panel_rows = round_up(rows, dense::kRows);
  const int64_t places_size = round_up(kernel * static_cast<int64_t>(sizeof(dense::Place)), 64);
  const int64_t at_packed = cut.take<float>(s.groups * panel_rows * cols * kernel);
  const int64_t line = coded ? kFilters * geo.k : round_up(geo.k, kLanes);
  const int64_t at_lines = cut.take<float>(ctx->threads * line);
  const int64_t at_places = cut.take<char>(ctx->threads * places_size);
  const int64_t at_patch = cut.take<float>(ctx->threads * patch_size);
  if (coded) coded->reserve(&cut);
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  if (kernel > 64) taps = reinterpret_cast<GatherTap*>(scratch + at_taps);
  float* packed = reinterpret_cast<float*>(scratch + at_packed);
  float* lines = reinterpret_cast<float*>(scratch + at_lines);
  if (coded) coded->open(ctx, scratch);
  for (int64_t phase = 0; phase < phases_h * phases_w; phase++) {
    const Gather g = gather(phase);
    const Patch patch(g, dense::kBudget, dense::kLeast);
    if (coded && s.groups == 1 && !transposed) {
      dense::pack_columns(ctx, coded->decoder(), packed);
    } else if (coded) {
      dense::pack_codes(ctx, *coded, geo, g, transposed, lines, packed);
    } else {
      dense::pack_weights(ctx, op, geo, g, transposed, lines, packed);
    }
    dense::multiply(ctx, g, patch, packed, scratch + at_places, places_size,
                    reinterpret_cast<float*>(scratch + at_patch));
  }
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_DENSE_H_
