// SPDX-License-Identifier: Apache-2.0
// Linear layer whose weights are codes, times images rounded to bytes: products of bytes, four a
// lane and instruction.
#include "byte_product.h"

namespace ITA_ISA {
namespace {

// The images of one tile: as few as hold them all, else a full one.
int64_t tile_width(int64_t images) {
  int64_t width = 1;
  while (width < images && width < kTileImages) width *= 2;
  return width;
}

// With a dot product in one instruction. The sanitizers' small shapes take both ways.
bool takes_fast_dot(const ita_codebook_linear_int8* op) {
#ifdef ITA_CHECKED
  if (op->shape.i % 2) return false;
#endif
  (void)op;
  return HasByteDot();
}

}  // namespace

ita_status codebook_linear_int8_forward(ita_context* ctx, const ita_codebook_linear_int8* op) {
  ITA_ASSERT(op->src && op->weights.codes && op->weights.codebooks && op->dst);
  const ita_linear_shape& s = op->shape;
  const bool fast = takes_fast_dot(op);
  const uint32_t offset = fast ? FastByteFactor::kOffset : ByteFactor::kOffset;
  ByteImages images;
  images.width = tile_width(s.n);
  if (s.block != 1) images.width = kTileImages;
  images.images = round_up(s.n, s.block == 1 ? images.width : s.block);
  const int64_t words = divide_up(s.i, 32 / op->weights.bits);
  images.groups = words * groups_per_word(op->weights.bits);

  Cutter cutter;
  const int64_t floats_at = cutter.take<float>(Decoder::tables_floats(op->weights));
  const int64_t bytes_at = cutter.take<uint8_t>(ByteDecoder::tables_bytes(op->weights));
  const int64_t scales_at = cutter.take<float>(images.images);
  const int64_t offsets_at = cutter.take<uint32_t>(images.images);
  const int64_t x_at = cutter.take<uint32_t>(images.images * images.groups);
  char* room = static_cast<char*>(ita_core_scratch(ctx, cutter.size()));
  if (!room) return ITA_OUT_OF_MEMORY;
  images.scales = reinterpret_cast<float*>(room + scales_at);
  images.offsets = reinterpret_cast<uint32_t*>(room + offsets_at);
  images.x = reinterpret_cast<uint32_t*>(room + x_at);

  const Decoder decoder(op->weights, s.o, s.i, reinterpret_cast<float*>(room + floats_at));
  const ByteDecoder weights(decoder, offset, reinterpret_cast<uint8_t*>(room + bytes_at));
  quantise_images(ctx, op->weights.bits, s.n, s.block, {op->src, s.i, words, weights.scale, offset},
                  images);
  const ByteProduct product = {&weights, images, op->bias, op->dst, s.n, s.block};
  if (fast) {
    multiply_bytes<FastByteFactor>(ctx, product);
  } else {
    multiply_bytes<ByteFactor>(ctx, product);
  }
  return ITA_OK;
}

}  // namespace ITA_ISA
