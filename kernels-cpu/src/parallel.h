// SPDX-License-Identifier: Apache-2.0
// parallel_for over the context's threads, and the few sums and roundings that kernels share.
#ifndef INTARSIA_PARALLEL_H_
#define INTARSIA_PARALLEL_H_

#include <string.h>

#include "context.h"

namespace ITA_ISA {

// What the items of a loop cost, in vector operations: about 0.3 ns each, a load or a product from
// cache. It decides how many items a chunk has and whether threads share the loop at all, by the
// shape alone. A vector that streams from memory counts for eight.
struct Grain {
#ifdef ITA_CHECKED
  static constexpr int64_t kChunk = 1024;  // the self-test's small shapes meet threads too
  static constexpr int64_t kAlone = 0;
#else
  static constexpr int64_t kChunk = 32768;       // operations that hide a hand-out: 10 microseconds
  static constexpr int64_t kAlone = 5 * kChunk;  // that do not repay waking a thread: 50
#endif

  int64_t items;  // of a chunk
  int64_t alone;  // items below which the calling thread does all of them

  // From a number of items that is known to be worth a chunk.
  Grain(int64_t chunk_items) : Grain(chunk_items, kAlone / kChunk * chunk_items) {}
  Grain(int64_t chunk_items, int64_t alone_items) : items(chunk_items), alone(alone_items) {}
};

inline Grain grain_for(int64_t operations_per_item) {
  const int64_t operations = operations_per_item > 0 ? operations_per_item : 1;
  const int64_t items = Grain::kChunk / operations;
  return Grain(items > 0 ? items : 1, Grain::kAlone / operations);
}

// Calls body(begin, end, worker) on chunks of at most grain.items items, or on all of them at once
// when there is too little to do for a second thread. An item's result must depend on the item
// alone: then any number of threads gives the same bits.
template <class Body>
inline void parallel_for(ita_context* ctx, int64_t count, Grain grain, const Body& body) {
  ita_core_parallel(
      ctx, count, count < grain.alone ? count : grain.items,
      [](void* argument, int64_t begin, int64_t end, int32_t worker) {
        (*static_cast<const Body*>(argument))(begin, end, worker);
      },
      const_cast<Body*>(&body));
}

inline int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }
inline int64_t blocks_of(int64_t n) { return divide_up(n, ITA_BLOCK); }
inline int64_t words_of(int64_t cols) { return divide_up(cols, 32); }

// Cuts one piece of scratch memory into 64-byte aligned parts: take() says where the next part
// starts, size() what is needed in all.
class Cutter {
 public:
  template <class T>
  int64_t take(int64_t count) {
    int64_t at = size_;
    size_ += round_up(count * static_cast<int64_t>(sizeof(T)), 64);
    return at;
  }
  int64_t size() const { return size_; }

 private:
  int64_t size_ = 0;
};

}  // namespace ITA_ISA

#endif  // INTARSIA_PARALLEL_H_
