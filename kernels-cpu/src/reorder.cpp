// SPDX-License-Identifier: Apache-2.0
// Row-major NCHW to activations and back: a transposition of 16 images by C*H*W elements.
//
// Tiles of 16 images by 16 elements pass through a small array that stays in L1: memory is read and
// written in whole cache lines on both sides. Activations of block 1 are row-major already: a copy.
#include "lanes.h"

namespace ITA_ISA {

namespace {

// Sixteen elements of sixteen images, or fewer of either at the ends.
struct Tile {
  int64_t row_major;    // of its first element in [N, C*H*W]
  int64_t activations;  // of its first element in [N/16, C*H*W, 16]
  int images;           // 1 .. 16
  int elements;         // 1 .. 16
};

// Calls body(tile) for every tile of a tensor, on the context's threads.
template <class Body>
void for_each_tile(ita_context* ctx, const ita_activation_shape& s, const Body& body) {
  const int64_t elements = int64_t{s.c} * s.h * s.w;
  const int64_t tiles = divide_up(elements, kLanes);  // of a block
  const int64_t images = s.n;
  parallel_for(ctx, blocks_of(images) * tiles, 64, [=](int64_t begin, int64_t end, int32_t) {
    for (int64_t item = begin; item < end; item++) {
      const int64_t block = item / tiles;
      const int64_t first = (item - block * tiles) * kLanes;
      const int64_t images_left = images - block * kLanes;
      const int64_t elements_left = elements - first;
      body(Tile{block * kLanes * elements + first, (block * elements + first) * kLanes,
                tile_width(images_left), tile_width(elements_left)});
    }
  });
}

void copy(ita_context* ctx, const ita_reorder* op) {
  const float* src = op->src;
  float* dst = op->dst;
  for_each_float(ctx, op->shape,
                 [=](auto vector, int64_t at) { vector.store(vector.load(src + at), dst + at); });
}

}  // namespace

ita_status reorder_pack(ita_context* ctx, const ita_reorder* op) {
  ITA_ASSERT(op->src && op->dst);
  if (op->shape.block == 1) {
    copy(ctx, op);
    return ITA_OK;
  }
  const int64_t stride = int64_t{op->shape.c} * op->shape.h * op->shape.w;
  for_each_tile(ctx, op->shape, [=](const Tile& tile) {
    tile_to_lanes(op->src + tile.row_major, stride, tile.images, tile.elements,
                  op->dst + tile.activations);
  });
  return ITA_OK;
}

ita_status reorder_unpack(ita_context* ctx, const ita_reorder* op) {
  ITA_ASSERT(op->src && op->dst);
  if (op->shape.block == 1) {
    copy(ctx, op);
    return ITA_OK;
  }
  const int64_t stride = int64_t{op->shape.c} * op->shape.h * op->shape.w;
  for_each_tile(ctx, op->shape, [=](const Tile& tile) {
    tile_to_rows(op->src + tile.activations, stride, tile.images, tile.elements,
                 op->dst + tile.row_major);
  });
  return ITA_OK;
}

}  // namespace ITA_ISA
