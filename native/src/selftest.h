// SPDX-License-Identifier: Apache-2.0
// Buffers for the self-test: of exactly the size that the contract gives an op, so that a sanitizer
// sees the first byte read or written beyond.
#ifndef INTARSIA_SELFTEST_H_
#define INTARSIA_SELFTEST_H_

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <memory>
#include <vector>

#include "intarsia/intarsia.h"

namespace selftest {

struct Size {
  int32_t n, c, h, w;         // activations
  int32_t rows, cols;         // planes, linear layers
  int32_t block = ITA_BLOCK;  // of activations: images side by side
};

enum class Kind { kBytes, kFloats, kDiffs };

struct Buffer {
  Kind kind;
  std::unique_ptr<char, void (*)(void*)> memory;
  std::vector<char> before;
  int32_t n;  // diffs: images
};

// Buffers of one op, filled from a seed: the same problem twice has the same bits.
class Problem {
 public:
  Problem(const Size& size, bool optional) : s(size), optional_(optional) {}

  const Size s;

  float* values(int64_t count) { return floats(Kind::kFloats, count, -1, 0); }
  float* positive(int64_t count) { return floats(Kind::kFloats, count, 0.1f, 0); }
  float* activations(int64_t elements) { return values(lanes() * elements); }
  float* diffs(int64_t elements) {
    float* diff = floats(Kind::kDiffs, lanes() * elements, -1, s.n);
    for_each_pad(diff, lanes() * elements, s.n, [](float* pad) { *pad = 0; });
    return remember(diff);
  }
  uint32_t* mask(int64_t rows, int64_t cols) {
    int64_t words = (cols + 31) / 32;
    uint32_t* mask = allocate<uint32_t>(Kind::kBytes, rows * words, 0);
    for (int64_t i = 0; i < rows * words; i++) {
      bool last = i % words == words - 1;
      mask[i] = next() & (last && cols % 32 ? (1u << cols % 32) - 1 : ~0u);
    }
    return remember(mask);
  }
  int32_t* labels(int32_t first, int32_t classes) {
    int32_t* labels = allocate<int32_t>(Kind::kBytes, s.n, 0);
    for (int32_t i = 0; i < s.n; i++) {
      labels[i] = first + static_cast<int32_t>(next() % static_cast<uint32_t>(classes));
    }
    return remember(labels);
  }
  // Of every pixel a class or, one in five, 255.
  int32_t* pixel_labels(int32_t classes) {
    const int64_t pixels = int64_t{s.n} * s.h * s.w;
    int32_t* labels = allocate<int32_t>(Kind::kBytes, pixels, 0);
    for (int64_t i = 0; i < pixels; i++) {
      labels[i] = static_cast<int32_t>(next() % static_cast<uint32_t>(classes));
      if (next() % 5 == 0) labels[i] = 255;
    }
    return remember(labels);
  }
  int64_t* counts(int64_t count) { return allocate<int64_t>(Kind::kBytes, count, 0); }

  template <class T>
  T* or_null(T* memory) const {
    return optional_ ? memory : nullptr;
  }

  // What a buffer held before the op ran.
  template <class T>
  const T* before(const T* memory) const {
    for (const Buffer& b : buffers_) {
      if (b.memory.get() == reinterpret_cast<const char*>(memory)) {
        return reinterpret_cast<const T*>(b.before.data());
      }
    }
    return nullptr;
  }

  bool finite() const {
    for (const Buffer& b : buffers_) {
      const float* p = reinterpret_cast<const float*>(b.memory.get());
      for (size_t i = 0; b.kind != Kind::kBytes && i < b.before.size() / sizeof(float); i++) {
        if (!isfinite(p[i])) return false;
      }
    }
    return true;
  }

  bool pads_are_zero() const {
    bool zero = true;
    for (const Buffer& b : buffers_) {
      if (b.kind != Kind::kDiffs) continue;
      for_each_pad(reinterpret_cast<float*>(b.memory.get()),
                   static_cast<int64_t>(b.before.size() / sizeof(float)), b.n,
                   [&](float* pad) { zero = zero && *pad == 0; });
    }
    return zero;
  }

  bool same_bits(const Problem& other) const {
    for (size_t i = 0; i < buffers_.size(); i++) {
      const Buffer& a = buffers_[i];
      const char* b = other.buffers_[i].memory.get();
      if (memcmp(a.memory.get(), b, a.before.size()) != 0) return false;
    }
    return true;
  }

 private:
  // Images, those of the pad lanes counted.
  int64_t lanes() const { return (s.n + s.block - 1) / s.block * s.block; }

  // Every vector of the last block has pad lanes from n % 16 on; row-major memory has none.
  template <class Body>
  void for_each_pad(float* memory, int64_t count, int32_t n, const Body& body) const {
    int64_t blocks = (n + s.block - 1) / s.block;
    for (int64_t i = count / blocks * (blocks - 1); i < count; i++) {
      if ((blocks - 1) * s.block + i % s.block >= n) body(memory + i);
    }
  }

  uint32_t next() {  // xorshift (Marsaglia 2003)
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    return state_ ^= state_ << 5;
  }

  template <class T>
  T* allocate(Kind kind, int64_t count, int32_t n) {
    void* memory = nullptr;
    size_t bytes = static_cast<size_t>(count) * sizeof(T);
    if (posix_memalign(&memory, 64, bytes) != 0) abort();
    memset(memory, 0, bytes);
    buffers_.push_back({kind, {static_cast<char*>(memory), free}, std::vector<char>(bytes), n});
    return static_cast<T*>(memory);
  }

  template <class T>
  T* remember(T* memory) {  // of the newest buffer
    Buffer& b = buffers_.back();
    memcpy(b.before.data(), b.memory.get(), b.before.size());
    return memory;
  }

  float* floats(Kind kind, int64_t count, float lowest, int32_t n) {
    float* p = allocate<float>(kind, count, n);
    for (int64_t i = 0; i < count; i++) {
      p[i] = lowest + (1 - lowest) * static_cast<float>(next() >> 8) * 0x1p-24f;
    }
    return remember(p);
  }

  bool optional_;
  uint32_t state_ = 2463534242u;
  std::vector<Buffer> buffers_;
};

}  // namespace selftest

#endif  // INTARSIA_SELFTEST_H_
