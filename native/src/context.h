// SPDX-License-Identifier: Apache-2.0
// What a kernel may know of its context, and the few services that the core gives to kernels.
// Plug-ins see it too: a change here raises ITA_ABI_VERSION. Included by sources compiled with
// instruction-set flags: no inline function, no standard header with one.
#ifndef INTARSIA_CONTEXT_H_
#define INTARSIA_CONTEXT_H_

#include "op_table.h"

struct Backend;
struct ThreadPool;
struct Block;

struct ita_context {
  const OpTable* ops;      // the table that the dispatcher reads
  const Backend* backend;  // memory of the device
  ita_device device;
  ita_isa isa;
  ita_layout layout;
  int32_t threads;
  ThreadPool* pool;    // CPU: NULL when threads is 1
  void* device_state;  // owned by the backend: a stream on CUDA, NULL on the CPU
  void* lock;          // pthread_mutex_t; serialises calls

  void* scratch;  // arena that dies with the call; grows, never shrinks
  int64_t scratch_bytes;

  Block* blocks;  // every live allocation, so that destroy frees all
  int64_t used_bytes;
  int64_t peak_bytes;
  int64_t allocations;

  char last_error[512];
};

// Memory and life of a device. Every function records its failure in the context.
struct Backend {
  int32_t abi_version;
  ita_layout layout;
  const OpTable* ops;  // NULL for the CPU, whose table depends on the instruction set
  ita_status (*open)(ita_context* ctx, int32_t device_index);
  void (*close)(ita_context* ctx);
  ita_status (*allocate)(ita_context* ctx, int64_t bytes, void** memory);  // zeroed
  void (*release)(ita_context* ctx, void* memory, int64_t bytes);
  ita_status (*zero)(ita_context* ctx, void* memory, int64_t bytes);
  ita_status (*upload)(ita_context* ctx, void* dst, const void* host, int64_t bytes);
  ita_status (*download)(ita_context* ctx, void* host, const void* src, int64_t bytes);
  ita_status (*copy)(ita_context* ctx, void* dst, const void* src, int64_t bytes);
  ita_status (*synchronize)(ita_context* ctx);
};

extern "C" {

// Sets last_error from a printf format and returns `status`.
__attribute__((format(printf, 3, 4))) ita_status ita_core_fail(ita_context* ctx, ita_status status,
                                                               const char* format, ...);

// snprintf for sources that may not include <stdio.h>.
__attribute__((format(printf, 3, 4))) void ita_core_format(char* text, size_t size,
                                                           const char* format, ...);

// Scratch memory of the context's device, 64-byte aligned, uninitialised, valid until the call
// returns. NULL when it cannot be had; the failure is recorded and the op returns
// ITA_OUT_OF_MEMORY.
void* ita_core_scratch(ita_context* ctx, int64_t bytes);

// Calls work(argument, begin, end, worker) on chunks of [0, count) of at most `grain` items, on the
// context's threads, or all of it at once on the calling thread when `grain` is not below `count`;
// worker is in [0, threads). Which worker takes which chunk varies from run to run: an item's
// result must depend on the item alone.
typedef void (*ita_core_work)(void* argument, int64_t begin, int64_t end, int32_t worker);
void ita_core_parallel(ita_context* ctx, int64_t count, int64_t grain, ita_core_work work,
                       void* argument);
}

// On in test builds, where an op is called without the checks that Java makes.
#ifdef ITA_CHECKED
#define ITA_ASSERT(condition) \
  if (!(condition)) return ita_core_fail(ctx, ITA_INTERNAL, "%s: %s", __func__, #condition)
#else
#define ITA_ASSERT(condition) (void)0
#endif

#endif  // INTARSIA_CONTEXT_H_
