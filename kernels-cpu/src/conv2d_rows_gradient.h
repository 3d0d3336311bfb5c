// SPDX-License-Identifier: Apache-2.0
// backward_weights of masked_conv2d on row-major activations: the taps of a block of pixels are
// gathered as rows [pixel, k], then it is the gradient of a linear layer over pixels. Any shape.
#ifndef INTARSIA_CONV2D_ROWS_GRADIENT_H_
#define INTARSIA_CONV2D_ROWS_GRADIENT_H_

#include "conv2d_geometry.h"
#include "rows_gradient.h"

namespace ITA_ISA {

// Row-major planes of one image with margins of zeros, and the walk of a pixel's taps.
struct PixelTaps {
  const Geometry& geo;
  int64_t row, plane;  // floats
  float* padded;       // [channels, rows, row]

  explicit PixelTaps(const Geometry& g) : geo(g), padded(nullptr) {
    row = g.s.w + 2 * int64_t(g.s.pad_w);
    plane = row * (g.s.h + 2 * int64_t(g.s.pad_h));
  }
  int64_t floats() const { return geo.s.c * plane + kLanes; }  // a tap may be read as four

  void pad(ita_context* ctx, const float* image) const {
    const ita_conv2d_shape& s = geo.s;
    memset(padded + s.c * plane, 0, sizeof(float) * kLanes);
    parallel_for(ctx, s.c, grain_for(plane / 8), [&](int64_t begin, int64_t end, int) {
      for (int64_t c = begin; c < end; c++) {
        float* to = padded + c * plane;
        memset(to, 0, sizeof(float) * plane);
        for (int64_t y = 0; y < s.h; y++) {
          memcpy(to + (y + s.pad_h) * row + s.pad_w, image + (c * s.h + y) * s.w,
                 sizeof(float) * s.w);
        }
      }
    });
  }

  // to[k] for one pixel and group; up to three floats more are written.
  void gather(int64_t group, int64_t oh, int64_t ow, float* to) const {
    const ita_conv2d_shape& s = geo.s;
    const float* from =
        padded + group * geo.i * plane + oh * s.stride_h * row + int64_t(ow) * s.stride_w;
    for (int64_t i = 0; i < geo.i; i++, from += plane) {
      const float* line = from;
      for (int64_t kh = 0; kh < s.kh; kh++, line += s.dilation_h * row, to += s.kw) {
        if (s.dilation_w > 1) {
          for (int64_t kw = 0; kw < s.kw; kw++) to[kw] = line[kw * s.dilation_w];
          continue;
        }
        int64_t kw = 0;  // four at a time, the surplus is overwritten by what follows
        do memcpy(to + kw, line + kw, 4 * sizeof(float));
        while ((kw += 4) < s.kw);
      }
    }
  }
};

inline ita_status rows_weight_gradient(ita_context* ctx, const ita_masked_conv2d* op,
                                       const GradientSink& sink) {
  constexpr int64_t kTapFloats = 64 * 1024;  // of a block: a quarter of the second-level cache
  const Geometry geo(op->shape);
  const ita_conv2d_shape& s = geo.s;
  const int64_t pixels = int64_t(s.oh) * s.ow;
  const int64_t stride = round_up(geo.k + 3, kLanes);
  int64_t block = kTapFloats / stride / kLanes * kLanes;
  if (block < kLanes) block = kLanes;
  if (block > pixels) block = pixels;
  PixelTaps source(geo);
  Cutter cut;
  const int64_t at_padded = cut.take<float>(source.floats());
  const int64_t at_taps = cut.take<float>(block * stride);
  const int64_t at_dense = cut.take<float>(sink.has_epilogue() ? dense_floats(s.o, geo.k) : 0);
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cut.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  source.padded = reinterpret_cast<float*>(scratch + at_padded);
  float* taps = reinterpret_cast<float*>(scratch + at_taps);
  float* to = op->diff_weights;
  const uint32_t* mask = sink.live_mask();
  if (sink.has_epilogue()) {
    to = reinterpret_cast<float*>(scratch + at_dense);
    memset(to, 0, sizeof(float) * static_cast<size_t>(s.o * geo.k));
  }
  for (int64_t n = 0; n < s.n; n++) {
    source.pad(ctx, op->src + n * s.c * s.h * s.w);
    for (int64_t group = 0; group < s.groups; group++) {
      const int64_t o = group * geo.outputs;
      for (int64_t first = 0; first < pixels; first += block) {
        const int64_t count = first + block < pixels ? block : pixels - first;
        parallel_for(ctx, count, grain_for(geo.k / 2), [&](int64_t begin, int64_t end, int) {
          for (int64_t p = begin; p < end; p++) {
            source.gather(group, (first + p) / s.ow, (first + p) % s.ow, taps + p * stride);
          }
        });
        const RowsGradient gradient = {
            taps,        stride, count,          op->diff_dst + (n * s.o + o) * pixels + first,
            pixels,      1,      to + o * geo.k, mask ? mask + o * geo.words : nullptr,
            geo.outputs, geo.k,  geo.words};
        gradient.add(ctx);
      }
    }
  }
  if (sink.has_epilogue()) give_dense(ctx, sink, to, s.o);
  if (op->diff_bias) add_rows_bias(op->diff_dst, s.n, s.o, pixels, op->diff_bias);
  return ITA_OK;
}

}  // namespace ITA_ISA

#endif  // INTARSIA_CONV2D_ROWS_GRADIENT_H_
