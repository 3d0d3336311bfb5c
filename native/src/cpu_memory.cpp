// SPDX-License-Identifier: Apache-2.0
// Memory of the CPU: small blocks from the heap, large ones mapped in huge pages.
//
// A large block is a mapping of its own, aligned to 2 MiB and advised to be huge pages. The kernel
// hands out zero pages, so nothing is zeroed twice; a page is placed when it is first written, on
// the memory node of the thread that writes it; a block that is freed goes back to the system.
#include "cpu_memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kHugePage = 2 << 20;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kMapLarge = false;  // mappings have no red zones
#else
constexpr bool kMapLarge = true;
#endif

constexpr bool mapped(int64_t bytes) { return kMapLarge && bytes >= kHugePage; }

size_t mapping_size(int64_t bytes) {
  return static_cast<size_t>((bytes + kHugePage - 1) / kHugePage * kHugePage);
}

// Maps a huge page more than is wanted and gives the ends back: the rest is aligned.
void* map_large(int64_t bytes) {
  const size_t size = mapping_size(bytes);
  void* mapping =
      mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  char* begin = static_cast<char*>(mapping);
  const size_t before =
      static_cast<size_t>(-reinterpret_cast<intptr_t>(begin) & intptr_t{kHugePage - 1});
  if (before) munmap(begin, before);
  munmap(begin + before + size, kHugePage - before);
  madvise(begin + before, size, MADV_HUGEPAGE);  // advice: without it all is as right, but slower
  return begin + before;
}

void* heap_small(int64_t bytes) {
  void* memory = nullptr;
  if (posix_memalign(&memory, kAlignment, static_cast<size_t>(bytes)) != 0) return nullptr;
  return memset(memory, 0, static_cast<size_t>(bytes));
}

ita_status cpu_open(ita_context*, int32_t) { return ITA_OK; }
void cpu_close(ita_context*) {}

ita_status cpu_allocate(ita_context* ctx, int64_t bytes, void** memory) {
  *memory = mapped(bytes) ? map_large(bytes) : heap_small(bytes);
  if (*memory) return ITA_OK;
  return ita_core_fail(ctx, ITA_OUT_OF_MEMORY,
                       "cannot allocate %lld bytes; %lld are in use by this context",
                       static_cast<long long>(bytes), static_cast<long long>(ctx->used_bytes));
}

void cpu_release(ita_context*, void* memory, int64_t bytes) {
  if (mapped(bytes)) {
    munmap(memory, mapping_size(bytes));
  } else {
    free(memory);
  }
}

ita_status cpu_zero(ita_context*, void* memory, int64_t bytes) {
  memset(memory, 0, static_cast<size_t>(bytes));
  return ITA_OK;
}

ita_status cpu_copy(ita_context*, void* dst, const void* src, int64_t bytes) {
  memcpy(dst, src, static_cast<size_t>(bytes));
  return ITA_OK;
}

ita_status cpu_synchronize(ita_context*) { return ITA_OK; }

}  // namespace

const int64_t kArenaStep = kMapLarge ? kHugePage : 1;

const Backend kCpuBackend = {
    ITA_ABI_VERSION, ITA_LAYOUT_NCHW16, nullptr,  cpu_open, cpu_close, cpu_allocate,
    cpu_release,     cpu_zero,          cpu_copy, cpu_copy, cpu_copy,  cpu_synchronize,
};
