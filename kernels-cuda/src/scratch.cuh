// SPDX-License-Identifier: Apache-2.0
// Device memory that dies with the call. It comes from the stream's pool, ordered like the kernels
// that use it: neither getting it nor giving it back waits for them.
#ifndef INTARSIA_SCRATCH_CUH_
#define INTARSIA_SCRATCH_CUH_

#include "launch.cuh"

namespace cuda {

class Scratch {
 public:
  explicit Scratch(ita_context* ctx) : device_(device_of(ctx)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    // Nobody is left to hear of a failure.
    if (memory_) (void)cudaFreeAsync(memory_, device_.stream);
  }

  // Plans an array; returns where it will lie. All of them before reserve().
  template <class T>
  int64_t plan(int64_t count) {
    constexpr int64_t kAlignment = 64;
    const int64_t at = bytes_;
    bytes_ += divide_up(count * static_cast<int64_t>(sizeof(T)), kAlignment) * kAlignment;
    return at;
  }

  cudaError_t reserve() {
    const cudaError_t error = cudaSetDevice(device_.index);
    if (error != cudaSuccess) return error;
    return cudaMallocAsync(&memory_, static_cast<size_t>(bytes_), device_.stream);
  }

  template <class T>
  T* at(int64_t planned) const {
    return reinterpret_cast<T*>(static_cast<char*>(memory_) + planned);
  }

 private:
  const Device& device_;
  void* memory_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace cuda

#endif  // INTARSIA_SCRATCH_CUH_
