// SPDX-License-Identifier: Apache-2.0
// Weights as floats again: centres of codes, and a compact array where weights are free.
//
// Bound by memory: 4 bytes written a weight, bits / 8 read, an eighth for each plane, 4 per free
// weight. Sixteen columns of a panel are looked up in registers and the 16 x 16 tile is turned; a
// strip of tiles stays in L1 until its rows leave one after the other, each taking its free values
// by one permutation a vector.
//
// Ladder, 2048 x 2048, 4 bits, half of it free, one thread of a Zen 5, from L3 (memcpy there: 65
// GB/s): tiles straight to sixteen rows 1.75 ms; strips of 256 columns, values fetched ahead
// (compact.h) 1.07; of 128 columns 0.86 (32 GB/s), of 64 0.90, of 1024 1.0. No free weights: 0.46.
#include "codebook_decode.h"

#include "compact.h"

namespace ITA_ISA {

namespace {

constexpr int64_t kStrip = 256;  // columns: 16 KB, in L1
constexpr int64_t kStride =
    kStrip + 16;  // of its rows, so that a column has many sets of the cache

// Columns of a panel in order: a word is loaded once and shifted by one code a column.
template <int kBits>
class CodeWalk {
 public:
  CodeWalk(const Decoder& decoder, int64_t panel, int64_t col)
      : next_(decoder.panel_codes(panel) + col / kPerWord * kPanelRows),
        word_(ShiftRightBy(LoadInts(next_), static_cast<int>(col % kPerWord) * kBits)),
        left_(kPerWord - col % kPerWord) {}

  // The code of the next column in the lowest bits of each lane. Above them are others.
  U next() {
    if (left_ == 0) {
      next_ += kPanelRows;
      word_ = LoadInts(next_);
      left_ = kPerWord;
    }
    const U code = word_;
    word_ = ShiftRightU<kBits>(word_);
    left_--;
    return code;
  }

 private:
  static constexpr int64_t kPerWord = 32 / kBits;
  const uint32_t* next_;
  U word_;
  int64_t left_;
};

// The free weights of a panel's rows, none where `plane` is NULL.
struct Free {
  const uint32_t* plane;
  const float* values;
  const int64_t* starts;  // of pieces
};

// Columns first .. first + width of a panel, at most kStrip, as rows of kStride.
template <int kBits>
void decode_strip(const Decoder& from, int64_t panel, int64_t first, int64_t width, float* strip) {
  const bool plain = from.sources == 1 && !from.mask;
  CodeWalk<kBits> codes(from, panel, first);
  for (int64_t col = 0; col < width; col += kLanes) {
    V tile[kLanes];
    for (int64_t c = 0; c < kLanes; c++) {
      if (col + c >= width) {
        tile[c] = Zero();
      } else if (plain) {
        tile[c] = Lookup<kBits>(from.tables, codes.next());
      } else {
        tile[c] = from.value<kBits>(codes.next(), panel, first + col + c);
      }
    }
    Transpose(tile);
    for (int64_t r = 0; r < kPanelRows; r++) Store(tile[r], strip + r * kStride + col);
  }
}

// A row of a strip to where it belongs. `free` starts at its first word; NULL: no weight is.
// Returns what follows the values that were taken.
const float* store_row(const float* strip, const uint32_t* free, const float* values, int64_t width,
                       float* weights) {
  for (int64_t col = 0; col < width; col += kLanes) {
    V v = Load(strip + col);
    if (free) {
      const uint32_t bits = free[col / 32] >> col % 32 & 0xFFFF;
      prefetch_compact(values);
      v = IfThenElse(FromBits(bits), LoadExpand(bits, values), v);
      values += __builtin_popcount(bits);
    }
    if (width - col >= kLanes) {
      StoreU(v, weights + col);
    } else {
      MaskedStore(FirstN(static_cast<int>(width - col)), v, weights + col);
    }
  }
  return values;
}

// One piece of each row of a panel.
template <int kBits>
void decode_piece(const Decoder& from, const Pieces& pieces, const Free& free, int64_t panel,
                  int64_t part, float* weights) {
  alignas(64) float strip[kPanelRows * kStride];
  const int64_t begin = 32 * pieces.first_word(part);
  const int64_t end = part + 1 < pieces.parts ? 32 * pieces.last_word(part) : pieces.cols;
  const int64_t row = panel * kPanelRows;
  const int64_t height = pieces.rows - row < kPanelRows ? pieces.rows - row : kPanelRows;
  const float* values[kPanelRows] = {};
  for (int64_t r = 0; free.plane && r < height; r++) {
    values[r] = free.values + free.starts[(row + r) * pieces.parts + part];
  }
  for (int64_t first = begin; first < end; first += kStrip) {
    const int64_t width = end - first < kStrip ? end - first : kStrip;
    decode_strip<kBits>(from, panel, first, width, strip);
    for (int64_t r = 0; r < height; r++) {
      const uint32_t* words =
          free.plane ? free.plane + (row + r) * pieces.words + first / 32 : nullptr;
      values[r] = store_row(strip + r * kStride, words, values[r], width,
                            weights + (row + r) * pieces.cols + first);
    }
  }
}

}  // namespace

ita_status codebook_decode_forward(ita_context* ctx, const ita_codebook_decode* op) {
  ITA_ASSERT(op->coded.codes && op->coded.codebooks && op->weights &&
             (op->coded.sources == 1 || op->coded.owners) && (!op->free_mask || op->values));
  const Pieces pieces(op->shape);
  Cutter cutter;
  const int64_t tables_at = cutter.take<float>(Decoder::tables_floats(op->coded));
  const int64_t starts_at = cutter.take<int64_t>(op->free_mask ? pieces.count() + 1 : 0);
  char* scratch = static_cast<char*>(ita_core_scratch(ctx, cutter.size()));
  if (!scratch) return ITA_OUT_OF_MEMORY;
  int64_t* starts = reinterpret_cast<int64_t*>(scratch + starts_at);
  if (op->free_mask) {
    pieces.place(ctx, op->free_mask, starts);
    if (starts[pieces.count()] != op->count) {
      return ita_core_fail(ctx, ITA_INVALID_VALUE,
                           "%lld weights are free and there are %lld values; make them anew when "
                           "the free plane changes",
                           static_cast<long long>(starts[pieces.count()]),
                           static_cast<long long>(op->count));
    }
  }
  const Decoder decoder(op->coded, op->shape.rows, op->shape.cols,
                        reinterpret_cast<float*>(scratch + tables_at));
  const Free free = {op->free_mask, op->values, starts};
  const int64_t columns = pieces.cols < kPieceColumns ? pieces.cols : kPieceColumns;
  with_bits(op->coded.bits, [&](auto bits) {
    parallel_for(ctx, decoder.panels * pieces.parts, grain_for(8 * columns),
                 [&](int64_t begin, int64_t end, int32_t) {
                   for (int64_t item = begin; item < end; item++) {
                     const int64_t panel = item / pieces.parts;
                     decode_piece<decltype(bits)::value>(decoder, pieces, free, panel,
                                                         item - panel * pieces.parts, op->weights);
                   }
                 });
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
