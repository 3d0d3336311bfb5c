// SPDX-License-Identifier: Apache-2.0
// What is live of a chunk of rows of a convolution's weights, as lists that a tile walks.
#ifndef INTARSIA_ROWS_LISTS_H_
#define INTARSIA_ROWS_LISTS_H_

#include "conv2d_codes.h"
#include "mask_bits.h"
#include "rows_planes.h"
#include "rows_tiles.h"

namespace ITA_ISA {

// dst[row, pixel] = bias[row] + sum over col, tap of weight(row, col, tap) * src[col, tap(pixel)].
// forward: rows are outputs, cols the inputs of their group. backward_data: the other way round.
struct RowsProduct {
  const float* weights;                // [o, i, taps]
  const CodedFilters* coded;           // or NULL: weights are codes, decoded chunk by chunk
  const uint32_t* mask;                // [o, words] or NULL
  int64_t filter, words, taps;         // floats and mask words of one output; weights of one kernel
                                       // (coded: floats of one output as decoded)
  bool transposed;                     // backward_data
  bool kernels;                        // lists of 3x3 kernels, else of weights
  bool partial;                        // some kernels have live and dead weights
  int64_t images, rows, cols, groups;  // rows and cols of one group
  const float* src;                    // [images, groups * cols, src_h, src_w]
  float* dst;                          // [images, groups * rows, dst plane]
  int64_t dst_plane, dst_row, dst_col;
  const float* bias;     // [groups * rows] or NULL
  const RowsTap* reach;  // [reached] the taps that this product has
  int64_t reached;
  double density;  // live share of the weights (kernels: of the kernels)
  RowsPlanes planes;

  // Columns whose pixels under one tile fill half to three quarters of the first-level cache, but
  // enough of them that a list is worth loading and storing its tile.
  int64_t block() const {
    const bool wide = planes.pitch >= kLanes;
    const int64_t cached = kernels && !wide ? 9216 : 6144;  // floats
    constexpr int64_t kMostCols = 32768;                    // numbered by 16 bits
    const int64_t below = planes.rows - planes.grid_h;
    int64_t tile = kernels && wide ? planes.grid_h : planes.vectors;
    if (tile > kRowsTile) tile = kRowsTile;
    const int64_t step = kernels && wide ? kLanes : planes.pitch;
    const int64_t floats = planes.shifts * planes.classes * (tile * kLanes + below * step);
    const int64_t fit = cached / (floats > 0 ? floats : 1) + 1;
    const double per_col = static_cast<double>(reached) * density + 1e-6;
    // Multiply-adds by vector. A list that leaves the cache anyway had better be long.
    const bool fits = !kernels || (wide && static_cast<double>(fit) * per_col >= 60.0);
    const double shortest = fits ? 60.0 : 160.0;
    const int64_t least = static_cast<int64_t>(shortest / per_col) + 1;
    const int64_t cols_of_block = fit > least ? fit : least;
    const int64_t even = divide_up(cols, divide_up(cols, cols_of_block));  // as far as it goes
    return kernels ? round_up(even < kMostCols ? even : kMostCols, 8) : even;
  }
};

constexpr int64_t kRowsChunk = 16;  // rows whose lists a worker makes at once
constexpr int64_t kBandRows = 64;   // rows of a wide map in one item

// The lists of one chunk of rows, made and walked by one worker, cut into blocks of columns.
class RowsLists {
 public:
  // The shape of `p` with the smallest blocks decides the scratch.
  RowsLists(const RowsProduct& p, char* scratch, const LiveTap* table)
      : p_(p), table_(table), block_(p.block()), blocks_(divide_up(p.cols, block_)), built_(-1) {
    Cutter cut;
    const int64_t at_entries = cut_entries(p, &cut);
    taps_ = reinterpret_cast<LiveTap*>(scratch + at_entries);
    columns_ = reinterpret_cast<uint16_t*>(scratch + at_entries);
    masked_ = reinterpret_cast<float*>(scratch + cut.take<float>(masked_floats(p)));
    sums_ = reinterpret_cast<float*>(scratch + cut.take<float>(kSums));
    room_ = reinterpret_cast<float*>(scratch + cut.take<float>(room_floats(p)));
    ends_ = reinterpret_cast<int32_t*>(scratch + cut.take<int32_t>(kRowsChunk * p.cols));
  }

  static int64_t bytes(const RowsProduct& p) {
    Cutter cut;
    cut_entries(p, &cut);
    cut.take<float>(masked_floats(p));
    cut.take<float>(kSums);
    cut.take<float>(room_floats(p));
    cut.take<int32_t>(kRowsChunk * p.cols);
    return cut.size();
  }

  // Chunks do not cross groups.
  void build(int64_t chunk) {
    if (chunk == built_) return;
    built_ = chunk;
    const int64_t chunks = divide_up(p_.rows, kRowsChunk);
    group_ = chunk / chunks;
    first_ = chunk % chunks * kRowsChunk;
    count_ = p_.rows - first_ < kRowsChunk ? p_.rows - first_ : kRowsChunk;
    if (p_.coded) decode();
    for (int64_t r = 0; r < count_; r++) length_[r] = 0;
    for (int64_t b = 0; b < blocks_; b++) {
      const int64_t begin = b * block_;
      const int64_t end = begin + block_ < p_.cols ? begin + block_ : p_.cols;
      if (p_.kernels) {
        list_kernels(begin, end);
      } else if (p_.mask) {
        list_taps(begin, end);
      } else {
        for (int64_t r = 0; r < count_; r++) {
          length_[r] = static_cast<int32_t>(end * p_.reached);
        }
      }
      for (int64_t r = 0; r < count_; r++) ends_[r * p_.cols + b] = length_[r];
    }
    for (int64_t r = 0; r < count_; r++) {
      if (p_.partial) copy_masked(r);
    }
  }

  int64_t group() const { return group_; }
  int64_t first() const { return first_; }
  int64_t count() const { return count_; }
  int64_t blocks() const { return blocks_; }
  int64_t begin(int64_t r, int64_t b) const { return b > 0 ? ends_[r * p_.cols + b - 1] : 0; }
  int64_t end(int64_t r, int64_t b) const { return ends_[r * p_.cols + b]; }
  KernelList kernels(int64_t r, int64_t b) const {
    const KernelPlace here = place(r, b);
    KernelPlace next = here;
    if (r + 1 < count_) {
      next = place(r + 1, b);
    } else if (b + 1 < blocks_) {
      next = place(0, b + 1);
    }
    return {here.column,
            end(r, b) - begin(r, b),
            here.weights,
            here.step,
            b * block_ * p_.planes.channel,
            p_.planes.channel,
            next.column,
            next.weights,
            next.step};
  }
  const LiveTap* taps(int64_t r) const { return p_.mask ? taps_ + r * capacity() : table_; }
  const float* weights(int64_t r) const { return base(first_ + r); }
  float* sums(int64_t r) const { return sums_ + r * kRowsTile * kLanes; }  // between blocks

 private:
  struct KernelPlace {
    const uint16_t* column;
    const float* weights;  // of the block's first column
    int64_t step;
  };
  KernelPlace place(int64_t r, int64_t b) const {
    const int64_t step = p_.transposed && !p_.partial ? p_.filter : 9;
    const float* first = p_.partial ? masked_ + r * masked_row(p_) : base(first_ + r);
    return {columns_ + (p_.mask ? r * slots(p_) : 0) + begin(r, b), first + b * block_ * step,
            step};
  }

  static constexpr int64_t kSums = kRowsChunk * kRowsTile * kLanes;

  int64_t capacity() const { return p_.cols * p_.taps + 1; }  // one for a tap that is dropped
  static int64_t slots(const RowsProduct& p) { return p.cols + 8; }  // eight are written at a time
  static int64_t masked_row(const RowsProduct& p) { return p.cols * 9 + kLanes; }
  static int64_t masked_floats(const RowsProduct& p) {
    return p.kernels && p.partial ? kRowsChunk * masked_row(p) : 0;
  }
  static int64_t cut_entries(const RowsProduct& p, Cutter* cut) {
    if (p.kernels) return cut->take<uint16_t>(kRowsChunk * slots(p));
    return cut->take<LiveTap>(p.mask ? kRowsChunk * (p.cols * p.taps + 1) : 0);
  }

  int64_t output(int64_t row, int64_t col) const {
    return p_.transposed ? group_ * p_.cols + col : group_ * p_.rows + row;
  }
  static int64_t room_floats(const RowsProduct& p) {
    return p.coded ? (p.transposed ? p.cols : kRowsChunk) * p.filter : 0;
  }
  // The chunk's weights: all of its rows' outputs, or its rows' part of the group's.
  void decode() {
    if (p_.transposed) {
      p_.coded->rows(output(0, 0), p_.cols, first_ * p_.taps, count_ * p_.taps, room_, p_.filter);
    } else {
      p_.coded->rows(output(first_, 0), count_, 0, p_.filter, room_, p_.filter);
    }
  }

  // The first weight that a row may use; taps count from here.
  const float* base(int64_t row) const {
    if (p_.coded) return room_ + (row - first_) * (p_.transposed ? p_.taps : p_.filter);
    return p_.weights + output(row, 0) * p_.filter + (p_.transposed ? row * p_.taps : 0);
  }

  void append(int64_t r, uint32_t live, int64_t col) {
    uint16_t* const start = columns_ + r * slots(p_);
    length_[r] = static_cast<int32_t>(append_places(live, col, start + length_[r]) - start);
  }

  // Live kernels of columns [begin, end), counted from begin, a multiple of 8.
  void list_kernels(int64_t begin, int64_t end) {
    if (!p_.mask) {  // one list for all rows
      for (int64_t c = begin; c < end; c += 8) {
        append(0, 0xFFu >> (end - c < 8 ? 8 - (end - c) : 0), c - begin);
      }
      for (int64_t r = 1; r < count_; r++) length_[r] = length_[0];
    } else if (!p_.transposed) {
      for (int64_t r = 0; r < count_; r++) {
        const uint32_t* row = p_.mask + output(first_ + r, 0) * p_.words;
        uint16_t* const start = columns_ + r * slots(p_);
        uint16_t* to = start + length_[r];
        for_eight_kernels(row, begin, end, [&](int64_t c, EightKernels eight) {
          to = append_places(eight.live(), c - begin, to);
        });
        length_[r] = static_cast<int32_t>(to - start);
      }
    } else {
      list_turned(begin, end);
    }
  }

  // Transposed, a column is an output: squares of eight columns and eight rows are turned.
  void list_turned(int64_t begin, int64_t end) {
    const int64_t words = p_.words, row_slots = slots(p_), first = first_, count = count_;
    uint16_t* to[kRowsChunk];  // the ends of the rows' lists
    for (int64_t r = 0; r < count; r++) to[r] = columns_ + r * row_slots + length_[r];
    const uint32_t* bits = p_.mask + output(0, begin) * words;
    for (int64_t col = begin; col < end; col += 8, bits += 8 * words) {
      const int64_t cols = end - col < 8 ? end - col : 8;
      for (int64_t r = 0; r < count; r += 8) {
        const char* bytes = reinterpret_cast<const char*>(bits) + (first + r) / 8 * 9;
        const int64_t rows = count - r < 8 ? count - r : 8;
        uint64_t live = 0;
        for (int64_t j = 0; j < cols; j++, bytes += 4 * words) {
          const EightKernels eight = rows < 8 ? few_kernels(bytes, rows) : eight_kernels(bytes);
          live |= uint64_t(eight.live()) << j * 8;
        }
        live = transpose_bits(live);
        for (int64_t j = 0; j < rows; j++, live >>= 8) {
          to[r + j] = append_places(live & 0xFF, col - begin, to[r + j]);
        }
      }
    }
    for (int64_t r = 0; r < count; r++) {
      length_[r] = static_cast<int32_t>(to[r] - columns_ - r * row_slots);
    }
  }

  // Copies a row's live kernels, weights outside the mask zero.
  void copy_masked(int64_t r) {
    const uint16_t* column = columns_ + r * slots(p_);
    for (int64_t b = 0; b < blocks_; b++) {
      for (const uint16_t* const last = columns_ + r * slots(p_) + end(r, b); column < last;) {
        const int64_t col = b * block_ + *column++;
        const uint32_t* mask = p_.mask + output(first_ + r, col) * p_.words;
        const int64_t kernel = p_.transposed ? first_ + r : col;
        const float* from = base(first_ + r) + col * (p_.transposed ? p_.filter : 9);
        // Columns rise: what lands behind a kernel is overwritten or never read.
        StoreU(MaskedLoad(FromBits(kernel_bits(mask, kernel)), from),
               masked_ + r * masked_row(p_) + col * 9);
      }
    }
  }

  void list_taps(int64_t begin, int64_t end) {
    if (!p_.transposed) {
      for (int64_t r = 0; r < count_; r++) {
        LiveTap* const start = taps_ + r * capacity();
        LiveTap* out = start + length_[r];
        for_each_bit(p_.mask + output(first_ + r, 0) * p_.words, begin * p_.taps, end * p_.taps,
                     [&](int64_t k) { *out++ = table_[k]; });
        length_[r] = static_cast<int32_t>(out - start);
      }
      return;
    }
    // A column's bits of all rows of the chunk follow each other. Taps of another phase are in the
    // table too, with a weight below zero: each is overwritten by the next.
    const LiveTap* const entries = table_ + p_.cols * p_.reached;
    const int64_t first_bit = first_ * p_.taps;
    for (int64_t col = begin; col < end; col++) {
      const int32_t src = static_cast<int32_t>(col * p_.planes.channel);
      const int32_t weight = static_cast<int32_t>(col * p_.filter);
      int64_t r = 0, row_begin = first_bit;
      for_each_bit(p_.mask + output(0, col) * p_.words, first_bit, first_bit + count_ * p_.taps,
                   [&](int64_t bit) {
                     while (bit - row_begin >= p_.taps) r++, row_begin += p_.taps;
                     const LiveTap e = entries[bit - row_begin];
                     taps_[r * capacity() + length_[r]] = {e.src + src, e.weight + weight};
                     length_[r] += e.weight >= 0;
                   });
    }
  }

  const RowsProduct& p_;
  const LiveTap* table_;
  LiveTap* taps_;
  uint16_t* columns_;  // [row][slot] of live kernels, from their block's first
  float* masked_;      // [row][column][9] if a kernel is partly live
  float* sums_;
  float* room_;    // of decoded weights
  int32_t* ends_;  // [row][block] of lists
  int64_t block_, blocks_;
  int64_t built_, group_, first_, count_;
  int32_t length_[kRowsChunk];
};

}  // namespace ITA_ISA

#endif  // INTARSIA_ROWS_LISTS_H_
