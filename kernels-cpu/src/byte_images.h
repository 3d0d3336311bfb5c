// SPDX-License-Identifier: Apache-2.0
// Images as signed bytes, each with a scale of its own, in the order of the weights' groups: four
// bytes of an image are a word, those of `width` images stand side by side for the broadcasts of
// one tile.
#ifndef INTARSIA_BYTE_IMAGES_H_
#define INTARSIA_BYTE_IMAGES_H_

#include "byte_decode.h"

namespace ITA_ISA {

struct ByteImages {
  int64_t images;     // with those that fill the last tile, which are zero
  int64_t width;      // of a tile
  int64_t groups;     // of four columns
  uint32_t* x;        // [images / width][groups][width]
  float* scales;      // [images] of the result: image times weights
  uint32_t* offsets;  // [images] minus what the offset of the weights adds to every sum

  uint32_t* word(int64_t image, int64_t group) const {
    return x + (image / width * groups + group) * width + image % width;
  }
};

// What all images share.
struct ByteImagesFrom {
  const float* src;
  int64_t cols, words;
  float weight_scale;
  uint32_t offset;  // of a weight
};

// An image of a row: vectors of neighbours, then bytes picked one by one.
template <int kBits>
void quantise_row(const ByteImagesFrom& from, const ByteImages& to, int64_t image) {
  typedef Groups<kBits> G;
  constexpr int64_t kWords = 16, kCols = kWords * G::kPerWord;
  const float* src = from.src + image * from.cols;
  const auto vector = [&](int64_t c) {
    const int64_t left = from.cols - c;
    return MaskedLoad(FirstN(left < 0        ? 0
                             : left < kLanes ? static_cast<int>(left)
                                             : kLanes),
                      src + c);
  };
  Magnitude magnitude;
  for (int64_t c = 0; c < from.cols; c += kLanes) magnitude.add(vector(c));
  const ByteScale s = magnitude.over_lanes();
  U sum = SetU(0);
  uint32_t q[kCols];
  for (int64_t first = 0; first < from.words; first += kWords) {
    for (int64_t c = 0; c < kCols; c += kLanes) {
      const U bytes = s.quantised(vector(first * G::kPerWord + c));
      sum = AddU(sum, bytes);
      StoreInts(bytes, q + c);
    }
    const int64_t words = from.words - first < kWords ? from.words - first : kWords;
    for (int64_t w = 0; w < words; w++) {
      for (int g = 0; g < G::kCount; g++) {
        uint32_t four = 0;
        for (int t = 0; t < 4; t++) {
          const int c = G::column(g, t);
          if (c < G::kPerWord) four |= (q[w * G::kPerWord + c] & 0xFF) << 8 * t;
        }
        *to.word(image, (first + w) * G::kCount + g) = four;
      }
    }
  }
  uint32_t each[kLanes], total = 0;
  StoreInts(sum, each);
  for (uint32_t lane : each) total += lane;
  to.scales[image] = s.scale * from.weight_scale;
  to.offsets[image] = 0u - from.offset * total;
}

// Sixteen images of a block are the lanes.
template <int kBits>
void quantise_block(const ByteImagesFrom& from, const ByteImages& to, int64_t block) {
  typedef Groups<kBits> G;
  const float* src = from.src + block * from.cols * ITA_BLOCK;
  Magnitude magnitude;
  for (int64_t c = 0; c < from.cols; c++) magnitude.add(Load(src + c * ITA_BLOCK));
  const V inverse = magnitude.inverse();
  U sum = SetU(0);
  for (int64_t w = 0; w < from.words; w++) {
    for (int g = 0; g < G::kCount; g++) {
      U four = SetU(0);
      for (int t = 3; t >= 0; t--) {
        four = ShiftLeftU<8>(four);
        const int64_t c = w * G::kPerWord + G::column(g, t);
        if (G::column(g, t) >= G::kPerWord || c >= from.cols) continue;
        const U q = ToNearest(Mul(Load(src + c * ITA_BLOCK), inverse));
        sum = AddU(sum, q);
        four = XorU(four, AndU(q, SetU(0xFF)));
      }
      uint32_t each[ITA_BLOCK];
      StoreInts(four, each);
      for (int64_t n = 0; n < ITA_BLOCK; n += to.width) {
        memcpy(to.word(block * ITA_BLOCK + n, w * G::kCount + g), each + n,
               static_cast<size_t>(to.width) * sizeof *each);
      }
    }
  }
  Store(Mul(magnitude.scale(), Set(from.weight_scale)), to.scales + block * ITA_BLOCK);
  uint32_t* offsets = to.offsets + block * ITA_BLOCK;
  StoreInts(sum, offsets);
  for (int n = 0; n < ITA_BLOCK; n++) offsets[n] = 0u - from.offset * offsets[n];
}

inline void quantise_images(ita_context* ctx, int32_t bits, int64_t rows, int32_t block,
                            const ByteImagesFrom& from, const ByteImages& to) {
  const int64_t work = from.cols * (block == 1 ? 4 : 8);
  parallel_for(ctx, block == 1 ? rows : to.images / block, grain_for(work),
               [&](int64_t begin, int64_t end, int) {
                 with_bits(bits, [&](auto b) {
                   for (int64_t at = begin; at < end; at++) {
                     if (block == 1) {
                       quantise_row<decltype(b)::value>(from, to, at);
                     } else {
                       quantise_block<decltype(b)::value>(from, to, at);
                     }
                   }
                 });
               });
  if (block != 1) return;
  for (int64_t image = rows; image < to.images; image++) {  // those that fill the last tile
    to.scales[image] = 0.0f;
    to.offsets[image] = 0;
    for (int64_t g = 0; g < to.groups; g++) *to.word(image, g) = 0;
  }
}

}  // namespace ITA_ISA

#endif  // INTARSIA_BYTE_IMAGES_H_
