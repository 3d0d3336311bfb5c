// SPDX-License-Identifier: Apache-2.0
// A plane [rows, cols] walked by mask words: 32 columns, one word of every mask, two vectors.
#ifndef INTARSIA_PLANE_H_
#define INTARSIA_PLANE_H_

#include "parallel.h"
#include "simd/simd.h"

namespace ITA_ISA {

constexpr int64_t kWordColumns = 32;
constexpr int64_t kSegmentWords = 128;  // 4096 columns

// Thirty-two columns of one row, fewer at its end.
struct Word {
  int64_t at;     // first element
  int64_t index;  // of the word in every mask
  uint32_t live;  // the columns that exist

  uint32_t bits(const uint32_t* mask) const { return mask ? mask[index] & live : live; }
};

// Cuts a plane into segments, parts of a row of at most kSegmentWords words: few long rows and many
// short ones both split well. Segments are in the order of their elements.
class Plane {
 public:
  explicit Plane(const ita_plane_shape& s)
      : cols_(s.cols), words_(words_of(s.cols)), parts_(0), segments_(0) {
    int64_t rows = s.rows;
    if (cols_ % kWordColumns == 0) {  // no pad bits: the rows join to one
      cols_ *= rows;
      words_ *= rows;
      rows = 1;
    }
    parts_ = divide_up(words_, kSegmentWords);
    segments_ = rows * parts_;
  }

  int64_t segments() const { return segments_; }

  // Segments of one chunk of work, about 16384 elements.
  int64_t grain() const {
    int64_t columns = cols_ < kSegmentWords * kWordColumns ? cols_ : kSegmentWords * kWordColumns;
    return divide_up(16384, columns);
  }

  // Calls body(word) for the words of a segment, in order.
  template <class Body>
  void walk(int64_t segment, const Body& body) const {
    int64_t row = parts_ == 1 ? segment : segment / parts_;
    int64_t first = (segment - row * parts_) * kSegmentWords;
    int64_t last = first + kSegmentWords < words_ ? first + kSegmentWords : words_;
    int64_t full = cols_ / kWordColumns < last ? cols_ / kWordColumns : last;
    int64_t at = row * cols_ + first * kWordColumns;
    int64_t index = row * words_ + first;
    int64_t end = index + (full - first);
    for (; index < end; index++, at += kWordColumns) body(Word{at, index, ~0u});
    if (full < last) body(Word{at, index, (1u << (cols_ % kWordColumns)) - 1});
  }

 private:
  int64_t cols_;
  int64_t words_;     // of a row
  int64_t parts_;     // segments of a row
  int64_t segments_;  // of the plane
};

// Calls body(word) for every word of a plane, on the context's threads.
template <class Body>
inline void for_each_word(ita_context* ctx, const ita_plane_shape& shape, const Body& body) {
  const Plane plane(shape);
  parallel_for(ctx, plane.segments(), plane.grain(), [&](int64_t begin, int64_t end, int32_t) {
    const Body own = body;  // a copy that no store can alias: its pointers stay in registers
    for (int64_t segment = begin; segment < end; segment++) plane.walk(segment, own);
  });
}

// Sixteen columns, all selected.
struct AllLanes {
  V load(const float* p) const { return LoadU(p); }
  void store(V v, float* p) const { StoreU(v, p); }
};

// Sixteen columns that all exist, of which only those of the mask change. The others are stored
// back as they were: a whole vector costs less than a store with holes, which from DRAM took three
// times as long (8 ns a vector, whatever its bits). Nobody else may write to the word meanwhile.
struct BlendedLanes {
  M mask;
  V load(const float* p) const { return LoadU(p); }
  void store(V v, float* p) const { StoreU(IfThenElse(mask, v, LoadU(p)), p); }
};

// Sixteen columns, of which only those of the mask are read or written.
struct SomeLanes {
  M mask;
  V load(const float* p) const { return MaskedLoad(mask, p); }
  void store(V v, float* p) const { MaskedStore(mask, v, p); }
};

// Calls body(lanes, at) for each half of a word that has a selected column.
template <class Body>
inline void for_each_half(uint32_t selected, int64_t at, const Body& body) {
  for (int half = 0; half < 2; half++, selected >>= kLanes, at += kLanes) {
    uint32_t bits = selected & 0xFFFF;
    if (bits == 0xFFFF) {
      body(AllLanes{}, at);
    } else if (bits) {
      body(SomeLanes{FromBits(bits)}, at);
    }
  }
}

// The same for bodies that write, of which one owns the word: a word without pad bits is blended.
template <class Body>
inline void update_word(const Word& word, uint32_t selected, const Body& body) {
  if (selected == ~0u) {
    body(AllLanes{}, word.at);
    body(AllLanes{}, word.at + kLanes);
  } else if (word.live != ~0u) {
    for_each_half(selected, word.at, body);
  } else {
    const uint32_t low = selected & 0xFFFF, high = selected >> kLanes;
    if (low) body(BlendedLanes{FromBits(low)}, word.at);
    if (high) body(BlendedLanes{FromBits(high)}, word.at + kLanes);
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_PLANE_H_
