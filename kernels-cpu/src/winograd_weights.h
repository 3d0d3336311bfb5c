// SPDX-License-Identifier: Apache-2.0
// How the Winograd product of winograd.h is cut, and the transformed weights of a chunk of rows: of
// floats, or of codes, which are decoded to a room of the thread or transformed as they come.
#ifndef INTARSIA_WINOGRAD_WEIGHTS_H_
#define INTARSIA_WINOGRAD_WEIGHTS_H_

#include "winograd_codes.h"

namespace ITA_ISA {
namespace winograd {

constexpr int kPanel = 4;  // rows whose transformed weights lie side by side

constexpr int64_t kChunkRows = 32;
constexpr int64_t kSliceVectors = 512;  // of V, that a product takes at a time: 32 KiB of L1
constexpr int64_t kDenseGroup = 4;      // tiles of a group
constexpr int64_t kSkipGroup = 8;

// ---- the cut into chunks and groups

struct Cut {
  const Conv3x3& c;
  bool skip;
  Tiles tiles;
  int64_t group, groups;              // tiles of a group
  int64_t chunks, pieces;             // of rows; of columns
  int64_t piece;                      // columns of a piece
  int64_t wide;                       // columns, rounded up to full panels of weights
  int64_t u_point, v_point, m_point;  // floats from a point to the next

  Cut(const Conv3x3& conv, bool skip_dead)
      : c(conv), skip(skip_dead), tiles(conv.blocks, conv.h, conv.w) {
    group = skip ? kSkipGroup : kDenseGroup;
    if (group > tiles.count) group = tiles.count;
    groups = divide_up(tiles.count, group);
    chunks = divide_up(c.rows, kChunkRows);
    piece = kSliceVectors / (skip ? kSkipGroup : group);
    pieces = divide_up(c.cols, piece);
    wide = round_up(c.cols, kLanes / kPanel);
    u_point = kChunkRows * wide + kStagger;
    v_point = c.cols * group * ITA_BLOCK + kStagger;
    m_point = kChunkRows * group * ITA_BLOCK + kStagger;
  }
  int64_t lists_of_chunk() const { return skip ? pieces * kChunkRows + 1 : 0; }
  int64_t entries_of_chunk() const { return skip ? kChunkRows * c.cols + 1 : 0; }
  int64_t tiles_of(int64_t g) const {
    return (g + 1) * group <= tiles.count ? group : tiles.count - g * group;
  }
  int64_t rows_of(int64_t chunk) const {
    const int64_t left = c.rows - chunk * kChunkRows;
    return left < kChunkRows ? left : kChunkRows;
  }
};

// The transformed weights of a chunk of rows.
// Dense: u[36][panel][col][4 rows]. Skipping: u[36][entry], entries by piece, row, column;
// list l = piece * kChunkRows + row is entries begin[l] .. begin[l + 1], column offsets at[entry].
struct ChunkWeights {
  float* u;
  int32_t* begin;
  int32_t* at;  // floats from the first column of a slice of V
};

// `c` is cut.c, or what was decoded of it.
inline void transform_dense(const Cut& cut, const Conv3x3& c, int64_t chunk,
                            const ChunkWeights& to) {
  constexpr int64_t kAbreast = kLanes / kPanel;
  const int64_t first = chunk * kChunkRows;
  const int64_t rows = cut.rows_of(chunk);
  const int64_t panels = divide_up(rows, kPanel);
  const int64_t quads = cut.wide / kAbreast;
  Kernels kernels(c);
  for (int64_t k = 0; k < panels * quads; k++) {
    // The inner loop follows the weights in memory: cols in forward, rows in backward_data.
    const int64_t row = (c.transposed ? k % panels : k / quads) * kPanel;
    const int64_t col = (c.transposed ? k / panels : k % quads) * kAbreast;
    for (int64_t lane = 0; lane < kLanes; lane++) {
      const int64_t r = row + lane % kPanel, at = col + lane / kPanel;
      if (r < rows && at < c.cols) {
        kernels.add(first + r, at);
      } else {
        kernels.add_none();
      }
    }
    kernels.transform(to.u + row * cut.wide + col * kPanel, cut.u_point);
  }
}

inline void transform_live(const Cut& cut, const Conv3x3& c, int64_t chunk,
                           const ChunkWeights& to) {
  const int64_t first = chunk * kChunkRows;
  const int64_t rows = cut.rows_of(chunk);
  Kernels kernels(c);
  int32_t entry = 0;
  for (int64_t piece = 0; piece < cut.pieces; piece++) {
    const int64_t end = (piece + 1) * cut.piece < c.cols ? (piece + 1) * cut.piece : c.cols;
    for (int64_t row = 0; row < kChunkRows; row++) {
      int32_t* begin = to.begin + piece * kChunkRows + row;
      begin[0] = entry;
      if (row < rows) {
        // Written without a branch: a dead kernel is overwritten by the next one.
        for (int64_t col = piece * cut.piece; col < end; col++) {
          to.at[entry] = static_cast<int32_t>(col);
          entry += c.live(first + row, col) != 0;
        }
      }
      begin[1] = entry;
      for (int32_t e = begin[0]; e < entry; e++) {
        kernels.add(first + row, to.at[e]);
        to.at[e] *= static_cast<int32_t>(cut.group * ITA_BLOCK);
        if (kernels.count == kLanes) kernels.transform(to.u + e + 1 - kLanes, cut.u_point);
      }
    }
  }
  if (kernels.count) kernels.transform(to.u + entry / kLanes * kLanes, cut.u_point);
}

// Whether codes are transformed as they come, without a room.
inline bool takes_codes(const Conv3x3& c, bool skip) { return c.coded && !skip && !c.transposed; }

// Floats that the weights of a chunk of rows are decoded to.
inline int64_t room_of(const Conv3x3& c, bool skip) {
  if (!c.coded || takes_codes(c, skip)) return 0;
  return kChunkRows * 9 * (c.transposed ? c.o : c.i);
}

// The part of coded weights that a chunk of rows reads, decoded to `room`.
inline Conv3x3 decode_chunk(const Cut& cut, int64_t chunk, float* room) {
  Conv3x3 c = cut.c;
  const int64_t first = chunk * kChunkRows;
  c.weights = room;
  if (c.transposed) {
    c.filter = kChunkRows * 9;
    c.origin = first * 9;
    c.coded->rows(0, c.o, c.origin, cut.rows_of(chunk) * 9, room, c.filter);
  } else {
    c.origin = first * c.filter;
    c.coded->rows(first, cut.rows_of(chunk), 0, c.filter, room, c.filter);
  }
  return c;
}

// room: of the thread, for codes.
inline void transform_weights(const Cut& cut, int64_t chunk, const ChunkWeights& to, float* room) {
  if (takes_codes(cut.c, cut.skip)) {
    const int64_t first = chunk * kChunkRows;
    transform_codes(cut.c.coded->decoder(), first, cut.rows_of(chunk), cut.wide, to.u, cut.u_point);
    return;
  }
  const Conv3x3 c = cut.c.coded ? decode_chunk(cut, chunk, room) : cut.c;
  if (cut.skip) {
    transform_live(cut, c, chunk, to);
  } else {
    transform_dense(cut, c, chunk, to);
  }
}

}  // namespace winograd
}  // namespace ITA_ISA

#endif  // INTARSIA_WINOGRAD_WEIGHTS_H_
