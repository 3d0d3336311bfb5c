// SPDX-License-Identifier: Apache-2.0
// parallel_for over the context's threads, and the few sums and roundings that kernels share.
#ifndef INTARSIA_PARALLEL_H_
#define INTARSIA_PARALLEL_H_

#include <string.h>

#include "context.h"

namespace ITA_ISA {

// Calls body(begin, end, worker) on chunks of at most `grain` items. An item's result must depend
// on the item alone: then any number of threads gives the same bits.
template <class Body>
inline void parallel_for(ita_context* ctx, int64_t count, int64_t grain, const Body& body) {
  ita_core_parallel(
      ctx, count, grain,
      [](void* argument, int64_t begin, int64_t end, int32_t worker) {
        (*static_cast<const Body*>(argument))(begin, end, worker);
      },
      const_cast<Body*>(&body));
}

inline int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }
inline int64_t blocks_of(int64_t n) { return divide_up(n, ITA_BLOCK); }
inline int64_t words_of(int64_t cols) { return divide_up(cols, 32); }

// Items a chunk needs to hide its hand-out, from the vector operations that one item costs.
inline int64_t grain_for(int64_t operations_per_item) {
  constexpr int64_t kChunk = 32768;  // about 10 microseconds
  int64_t grain = kChunk / (operations_per_item > 0 ? operations_per_item : 1);
  return grain > 0 ? grain : 1;
}

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
