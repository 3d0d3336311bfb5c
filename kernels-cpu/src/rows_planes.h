// SPDX-License-Identifier: Apache-2.0
// A row-major image, laid out so that every tap of a filter reads whole vectors of pixels.
//
// The lanes are pixels of the result. A tap shifts them: by rows, which moves the address by whole
// rows, and by columns, for which there is one copy per distinct shift; each copy holds, for a
// result pixel (y, x), the source pixel that this shift gives it, and zero outside the image. Rows
// have a pitch of 4, 8 or a multiple of 16 floats, so narrow maps fill their vectors (a 4x4 map is
// one) and wide ones read aligned. Strides are one more reason for copies: by rows modulo the
// stride. So any filter, stride, dilation and phase of backward_data becomes the same product.
#ifndef INTARSIA_ROWS_PLANES_H_
#define INTARSIA_ROWS_PLANES_H_

#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

// Result pixel (y, x) reads source pixel (y * step_h + dy, x * step_w + dx).
struct RowsTap {
  int32_t tap;  // index in the filter
  int32_t dy, dx;
};

struct RowsPlanes {
  int64_t channels, src_h, src_w;
  int64_t grid_h, grid_w;  // result pixels
  int64_t step_h, step_w;
  int64_t pitch;                           // floats from one row of the grid to the next
  int64_t vectors;                         // of a whole plane of results
  int64_t first_row, rows, copy, channel;  // of a copy: rows; floats; floats of all copies
  int64_t shifts, classes;                 // copies: [shift of columns][row modulo step_h]
  bool copied;                             // else the source is read as it is
  int32_t* shift;                          // [shifts] distinct dx
  const float* data;                       // of one image

  static int64_t pitch_of(int64_t cols) {
    return cols <= 4 ? 4 : cols <= 8 ? 8 : round_up(cols, kLanes);
  }
  static int64_t mod(int64_t a, int64_t b) { return (a % b + b) % b; }
  int64_t row_of(const RowsTap& t) const { return (t.dy - mod(t.dy, step_h)) / step_h; }

  // `shift_table` has room for as many shifts as there are taps.
  void lay_out(const RowsTap* taps, int64_t count, int32_t* shift_table) {
    pitch = pitch_of(grid_w);
    vectors = divide_up(grid_h * pitch, kLanes);
    shift = shift_table;
    shifts = 0;
    int64_t last_row = 0;
    first_row = 0;
    for (int64_t t = 0; t < count; t++) {
      const int64_t row = row_of(taps[t]);
      if (t == 0 || row < first_row) first_row = row;
      if (t == 0 || row > last_row) last_row = row;
      if (find(taps[t].dx) == shifts) shift[shifts++] = taps[t].dx;
    }
    classes = step_h;
    rows = last_row - first_row + grid_h;
    copy = round_up((last_row - first_row) * pitch + vectors * kLanes, kLanes);
    channel = shifts * classes * copy;
    copied = count != 1 || taps[0].dy || taps[0].dx || step_h != 1 || step_w != 1 ||
             pitch != src_w || grid_w != src_w || vectors * kLanes != src_h * src_w;
    if (!copied) channel = copy = src_h * src_w;
  }
  int64_t find(int64_t dx) const {
    int64_t at = 0;
    while (at < shifts && shift[at] != dx) at++;
    return at;
  }
  int64_t scratch_floats() const { return copied ? channels * channel : 0; }

  // Where a tap of channel 0 reads result pixel (0, 0).
  int64_t offset(const RowsTap& t) const {
    if (!copied) return 0;
    return (find(t.dx) * classes + mod(t.dy, step_h)) * copy + (row_of(t) - first_row) * pitch;
  }

  void copy_row(const float* from, int64_t dx, float* to) const {
    for (int64_t x = 0; x < pitch; x += kLanes) {
      const int lanes = static_cast<int>(pitch - x < kLanes ? pitch - x : kLanes);
      V v;
      if (step_w == 1) {
        const int64_t at = x + dx;  // of lane 0 in the source row
        const int64_t inside = src_w - at < grid_w - x ? src_w - at : grid_w - x;
        const int64_t end = inside < 0 ? 0 : inside < kLanes ? inside : kLanes;
        const int64_t begin = at >= 0 ? 0 : -at < kLanes ? -at : kLanes;
        const uint32_t bits = ((1u << end) - 1) & ~((1u << begin) - 1);
        v = bits == 0xFFFF ? LoadU(from + at)
            : bits         ? MaskedLoad(FromBits(bits), from + at)
                           : Zero();
      } else {
        float lane[kLanes];
        for (int64_t i = 0; i < kLanes; i++) {
          const int64_t at = (x + i) * step_w + dx;
          lane[i] = x + i < grid_w && at >= 0 && at < src_w ? from[at] : 0.0f;
        }
        v = LoadU(lane);
      }
      if (lanes == kLanes) {
        StoreU(v, to + x);
      } else {
        MaskedStore(FirstN(lanes), v, to + x);
      }
    }
  }

  void copy_channel(const float* from, float* to) const {
    for (int64_t s = 0; s < shifts; s++) {
      for (int64_t c = 0; c < classes; c++, to += copy) {
        for (int64_t row = 0; row < rows; row++) {
          const int64_t y = (first_row + row) * step_h + c;
          if (y >= 0 && y < src_h) {
            copy_row(from + y * src_w, shift[s], to + row * pitch);
          } else {
            memset(to + row * pitch, 0, sizeof(float) * pitch);
          }
        }
        memset(to + rows * pitch, 0, sizeof(float) * (copy - rows * pitch));
      }
    }
  }

  void fill(ita_context* ctx, const float* image, float* scratch) {
    data = copied ? scratch : image;
    if (!copied) return;
    parallel_for(ctx, channels, grain_for(channel / 4), [&](int64_t begin, int64_t end, int) {
      for (int64_t c = begin; c < end; c++) {
        copy_channel(image + c * src_h * src_w, scratch + c * channel);
      }
    });
  }
};

}  // namespace ITA_ISA

#endif  // INTARSIA_ROWS_PLANES_H_
