// SPDX-License-Identifier: Apache-2.0
// The weight gradient of any convolution with at least a vector of outputs a group, as a matrix
// product over pixels and images: dW[k, o] = sum of src[k, pixel, image] * diff_dst[pixel, image,
// o].
//
// Sixteen outputs are the vector and a source pixel of one image is a broadcast: a register holds
// sixteen sums, none of which is ever reduced over lanes. An item is a pair of vectors of outputs
// times a chunk of taps. It turns eight pixels of diff_dst at a time, 16 KB that stay in L1, and
// walks its taps over them, twelve in registers; sums wait in L1 or L2 from pixels to pixels.
// Roofline: two multiply-adds a cycle need 14 loads for 24, of two a cycle.
//
// Ladder (AMD Zen 5, AVX-512, one thread; GFLOP/s of 265; s2: 64-128@32, stride 2; 1x1: 64-256@56,
// 256@8; 5x5: 64-192@27; N = 64 but for 512@4 and the 1x1 ones, N = 16):
//                                          64@32  512@4  s2   1x1  1x1  5x5
//   1  images the vector, lanes reduced    138    121    125   90  126  162
//   2  outputs the vector                  202    200    128  154  226  213
//   3  the next strip fetched              217    196    208  173  222  228    shipped
//   -  one vector of outputs, 24 taps: 155 at 16@32 where images as the vector give 230
#ifndef INTARSIA_CONV2D_GRADIENT_OUTPUTS_H_
#define INTARSIA_CONV2D_GRADIENT_OUTPUTS_H_

#include "conv2d_geometry.h"
#include "gradient_sink.h"

namespace ITA_ISA {

constexpr int kVectors = kAccumulators >= 24 ? 2 : 1;    // vectors of outputs of an item
constexpr int kPixels = 8;                               // pixels turned together
constexpr int64_t kChunkTaps = 192;                      // of an item, about
constexpr int64_t kTurned = kLanes * kVectors * kLanes;  // floats of a turned pixel

struct OutputsGradient {
  const ita_masked_conv2d* op;
  const Geometry& geo;
  const Padded& padded;
  const int32_t* offsets;  // [k] of one group, in floats
  const GradientSink& sink;

  // turned[pixel, image, o .. o + width * 16) = diff_dst of `pixels` pixels of one block of images.
  void turn(const float* diff, int64_t outputs, int width, int pixels, float* turned) const {
    const int64_t plane = int64_t(geo.s.oh) * geo.s.ow * ITA_BLOCK;
    for (int v = 0; v < width; v++) {
      const int64_t left = outputs - v * kLanes;
      for (int p = 0; p < pixels; p++) {
        const float* from = diff + v * kLanes * plane + p * ITA_BLOCK;
        V lanes[kLanes];
        for (int r = 0; r < kLanes; r++) {
          lanes[r] = r < left ? Load(from + r * plane) : Zero();
          __builtin_prefetch(from + r * plane + kPixels * ITA_BLOCK, 0, 2);
        }
        Transpose(lanes);
        float* to = turned + (p * ITA_BLOCK * width + v) * kLanes;
        for (int n = 0; n < ITA_BLOCK; n++) Store(lanes[n], to + n * width * kLanes);
      }
    }
  }

  // sums[kT][kV][16 outputs] += kT taps of the strip at `here`, the base of each pixel. The strip
  // after it is far away in memory: the hardware does not foresee it.
  template <int kT, int kV>
  static void add_strip(const float* const* here, const float* const* next, int pixels,
                        const int32_t* offset, const float* turned, bool first, float* sums) {
    V acc[kT][kV];
#pragma GCC unroll 24
    for (int b = 0; b < kT; b++) {
#pragma GCC unroll 2
      for (int v = 0; v < kV; v++) acc[b][v] = first ? Zero() : Load(sums + (b * kV + v) * kLanes);
    }
    for (int p = 0; p < pixels; p++) {
      const float* tap[kT];
      for (int b = 0; b < kT; b++) {
        tap[b] = here[p] + offset[b];
        __builtin_prefetch(next[p] + offset[b], 0, 2);
      }
      for (int n = 0; n < ITA_BLOCK; n++, turned += kV * kLanes) {
        V d[kV];
#pragma GCC unroll 2
        for (int v = 0; v < kV; v++) d[v] = Load(turned + v * kLanes);
#pragma GCC unroll 24
        for (int b = 0; b < kT; b++) {
          const V x = Set(tap[b][n]);
#pragma GCC unroll 2
          for (int v = 0; v < kV; v++) acc[b][v] = MulAdd(x, d[v], acc[b][v]);
        }
      }
    }
#pragma GCC unroll 24
    for (int b = 0; b < kT; b++) {
#pragma GCC unroll 2
      for (int v = 0; v < kV; v++) Store(acc[b][v], sums + (b * kV + v) * kLanes);
    }
  }

  template <int kV>
  static void add_chunk(const float* const* here, const float* const* next, int pixels,
                        const int32_t* offset, int64_t taps, const float* turned, bool first,
                        float* sums) {
    constexpr int kMost = kAccumulators / kV;
    auto run = [&](auto count, int64_t k) {
      constexpr int kT = decltype(count)::value;
      for (; k + kT <= taps; k += kT) {
        add_strip<kT, kV>(here, next, pixels, offset + k, turned, first, sums + k * kV * kLanes);
      }
      return k;
    };
    int64_t k = run(Count<kMost>{}, 0);
    if (kMost > 12) k = run(Count<12>{}, k);
    if (kMost > 6) k = run(Count<6>{}, k);
    if (kMost > 3) k = run(Count<3>{}, k);
    run(Count<1>{}, k);
  }

  // Gives sums[taps][kV][16] to the sink, row by row.
  void finish(int64_t o, int64_t outputs, int width, int64_t k, int64_t taps, const float* sums,
              float* rows) const {
    const int64_t row = round_up(taps, kLanes);
    for (int v = 0; v < width; v++) {
      for (int64_t t = 0; t < taps; t += kLanes) {
        V lanes[kLanes];
        for (int64_t b = 0; b < kLanes; b++) {
          lanes[b] = t + b < taps ? Load(sums + ((t + b) * width + v) * kLanes) : Zero();
        }
        Transpose(lanes);
        for (int64_t r = 0; r < kLanes; r++) Store(lanes[r], rows + r * row + t);
      }
      for (int64_t r = 0; r < kLanes && v * kLanes + r < outputs; r++) {
        sink.give(o + v * kLanes + r, k, taps, rows + r * row);
      }
    }
  }

  // Where the first tap of the pixels from p on lies; past the last pixel, that of the last.
  void bases(int64_t group, int64_t n, int64_t p, const float** base) const {
    const ita_conv2d_shape& s = geo.s;
    const int64_t pixels = int64_t(s.oh) * s.ow;
    if (n == geo.blocks) n = 0;  // nothing follows
    const float* image =
        padded.data + n * padded.block_stride + group * geo.i * padded.channel_stride;
    for (int64_t j = 0; j < kPixels; j++) {
      const int64_t at = p + j < pixels ? p + j : pixels - 1;
      base[j] =
          image + at / s.ow * s.stride_h * padded.row_stride + at % s.ow * s.stride_w * ITA_BLOCK;
    }
  }

  // Outputs o .. o + outputs of one group, at most kVectors vectors, times taps k .. k + taps.
  template <int kV>
  void item(int64_t o, int64_t outputs, int64_t k, int64_t taps, float* scratch) const {
    const ita_conv2d_shape& s = geo.s;
    float* turned = scratch;
    float* sums = scratch + kPixels * kTurned;
    float* rows = sums + taps * kV * kLanes;
    const int64_t pixels = int64_t(s.oh) * s.ow;
    const float* strips[2][kPixels];
    bases(o / geo.outputs, 0, 0, strips[0]);
    int which = 0;
    for (int64_t n = 0; n < geo.blocks; n++) {
      for (int64_t p = 0; p < pixels; p += kPixels, which ^= 1) {
        const bool last = p + kPixels >= pixels;
        bases(o / geo.outputs, last ? n + 1 : n, last ? 0 : p + kPixels, strips[which ^ 1]);
        const int count = pixels - p < kPixels ? static_cast<int>(pixels - p) : kPixels;
        turn(op->diff_dst + ((n * s.o + o) * pixels + p) * ITA_BLOCK, outputs, kV, count, turned);
        add_chunk<kV>(strips[which], strips[which ^ 1], count, offsets + k, taps, turned,
                      n == 0 && p == 0, sums);
      }
    }
    finish(o, outputs, kV, k, taps, sums, rows);
  }

  template <int kCount>
  struct Count {
    static constexpr int value = kCount;
  };
};

// How the taps of a filter are cut: whole kernels, and whole blocks of registers where they fit.
inline int64_t chunk_of(const Geometry& geo, int64_t parts) {
  const int64_t kernel = int64_t(geo.s.kh) * geo.s.kw;
  int64_t unit = kernel;
  while (unit % 12 && unit < kernel * 12) unit += kernel;
  int64_t chunks = divide_up(geo.k, kChunkTaps);
  if (parts * chunks < 4) chunks = divide_up(4, parts);  // something for every thread
  const int64_t chunk = divide_up(geo.k, chunks);
  return round_up(chunk, chunk >= unit ? unit : kernel);
}

inline void outputs_gradient(ita_context* ctx, const OutputsGradient& gradient, float* scratch,
                             int64_t scratch_floats, int64_t chunk) {
  const Geometry& geo = gradient.geo;
  const int64_t parts = divide_up(geo.outputs, kVectors * kLanes);
  const int64_t chunks = divide_up(geo.k, chunk);
  const int64_t cost = geo.blocks * geo.s.oh * geo.s.ow * ITA_BLOCK * chunk * kVectors;
  parallel_for(ctx, geo.s.groups * parts * chunks, grain_for(cost),
               [&](int64_t begin, int64_t end, int worker) {
                 float* own = scratch + worker * scratch_floats;
                 for (int64_t k = begin; k < end; k++) {
                   const int64_t part = k / chunks % parts * kVectors * kLanes;
                   const int64_t o = k / chunks / parts * geo.outputs + part;
                   const int64_t left = geo.outputs - part;
                   const int64_t outputs = left < kVectors * kLanes ? left : kVectors * kLanes;
                   const int64_t tap = k % chunks * chunk;
                   const int64_t taps = geo.k - tap < chunk ? geo.k - tap : chunk;
                   if (outputs <= kLanes) {
                     gradient.item<1>(o, outputs, tap, taps, own);
                   } else {
                     gradient.item<kVectors>(o, outputs, tap, taps, own);
                   }
                 }
               });
}

// Floats of scratch that one thread needs.
inline int64_t outputs_scratch(int64_t chunk) {
  return kPixels * kTurned + chunk * kVectors * kLanes + kLanes * round_up(chunk, kLanes);
}

// Whether lanes of outputs are mostly used, and taps enough to pay for the turning. A single vector
// of outputs would need as many loads as multiply-adds.
inline bool fills_outputs(const Geometry& geo) {
  const int64_t lanes = round_up(geo.outputs, kLanes);
  return lanes > kLanes && geo.outputs * 4 >= lanes * 3 && geo.k >= 48;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_GRADIENT_OUTPUTS_H_
