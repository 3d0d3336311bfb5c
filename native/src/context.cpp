// SPDX-License-Identifier: Apache-2.0
// Context: device, threads, scratch arena, memory accounts, last error.
#include "context.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpu_features.h"
#include "cpu_memory.h"
#include "cuda_loader.h"
#include "thread_pool.h"

// One live allocation of a context, in a linked list so that destroy frees all.
struct Block {
  Block* next;
  void* memory;
  int64_t bytes;
};

namespace {

constexpr int64_t kMaxThreads = 1024;

class Guard {
 public:
  explicit Guard(ita_context* ctx) : lock_(static_cast<pthread_mutex_t*>(ctx->lock)) {
    pthread_mutex_lock(lock_);
  }
  ~Guard() { pthread_mutex_unlock(lock_); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  pthread_mutex_t* lock_;
};

ita_status open_cpu(ita_context* ctx, const ita_context_options* options) {
  ita_status status = isa_choose(options->isa, &ctx->isa, ctx->last_error, sizeof ctx->last_error);
  if (status != ITA_OK) return status;
  if (options->threads < 0 || options->threads > kMaxThreads) {
    return ita_core_fail(ctx, ITA_UNSUPPORTED,
                         "threads is %d, expected 1 .. %lld, or 0 for the usable cores",
                         options->threads, static_cast<long long>(kMaxThreads));
  }
  ctx->backend = &kCpuBackend;
  ctx->ops = cpu_table(ctx->isa);
  ctx->threads = options->threads ? options->threads : usable_cores();
  if (ctx->threads > 1) {
    ctx->pool = thread_pool_create(ctx->threads);
    if (!ctx->pool) {
      return ita_core_fail(ctx, ITA_OUT_OF_MEMORY, "cannot start %d threads; ask for fewer",
                           ctx->threads);
    }
  }
  return ITA_OK;
}

ita_status open_cuda(ita_context* ctx, const ita_context_options* options) {
  const Backend* backend = cuda_backend(ctx->last_error, sizeof ctx->last_error);
  if (!backend) return ITA_UNSUPPORTED;
  ita_status status = backend->open(ctx, options->device_index);
  if (status != ITA_OK) return status;
  ctx->backend = backend;
  ctx->ops = backend->ops;
  ctx->isa = ITA_ISA_SCALAR;
  ctx->threads = 1;
  return ITA_OK;
}

ita_context* new_context() {
  ita_context* ctx = static_cast<ita_context*>(calloc(1, sizeof(ita_context)));
  pthread_mutex_t* lock = static_cast<pthread_mutex_t*>(calloc(1, sizeof(pthread_mutex_t)));
  if (!ctx || !lock) {
    free(ctx);
    free(lock);
    return nullptr;
  }
  pthread_mutex_init(lock, nullptr);
  ctx->lock = lock;
  return ctx;
}

void release_scratch(ita_context* ctx) {
  if (ctx->scratch) ctx->backend->release(ctx, ctx->scratch, ctx->scratch_bytes);
  ctx->scratch = nullptr;
  ctx->scratch_bytes = 0;
}

ita_status allocate_block(ita_context* ctx, int64_t bytes, void** memory) {
  Block* block = static_cast<Block*>(malloc(sizeof(Block)));
  if (!block) return ita_core_fail(ctx, ITA_OUT_OF_MEMORY, "cannot allocate a block header");
  ita_status status = ctx->backend->allocate(ctx, bytes, memory);
  if (status != ITA_OK) {
    free(block);
    return status;
  }
  *block = {ctx->blocks, *memory, bytes};
  ctx->blocks = block;
  ctx->allocations++;
  ctx->used_bytes += bytes;
  if (ctx->used_bytes > ctx->peak_bytes) ctx->peak_bytes = ctx->used_bytes;
  return ITA_OK;
}

}  // namespace

extern "C" {

int32_t ita_abi_version(void) { return ITA_ABI_VERSION; }

const char* ita_build_id(void) { return ITA_BUILD_ID; }

ita_status ita_context_create(const ita_context_options* options, ita_context** context,
                              char* message, size_t message_size) {
  *context = nullptr;
  ita_context* ctx = new_context();
  if (!ctx) {
    snprintf(message, message_size, "cannot allocate a context");
    return ITA_OUT_OF_MEMORY;
  }
  ctx->device = options->device;
  ita_status status =
      options->device == ITA_DEVICE_CUDA ? open_cuda(ctx, options) : open_cpu(ctx, options);
  if (status != ITA_OK) {
    snprintf(message, message_size, "%s", ctx->last_error);
    ita_context_destroy(ctx);
    return status;
  }
  ctx->layout = ctx->backend->layout;
  *context = ctx;
  return ITA_OK;
}

void ita_context_destroy(ita_context* context) {
  if (!context) return;
  if (context->backend) {
    while (Block* block = context->blocks) {
      context->blocks = block->next;
      context->backend->release(context, block->memory, block->bytes);
      free(block);
    }
    release_scratch(context);
    context->backend->close(context);
  }
  thread_pool_destroy(context->pool);
  pthread_mutex_destroy(static_cast<pthread_mutex_t*>(context->lock));
  free(context->lock);
  free(context);
}

ita_status ita_context_get_info(ita_context* context, ita_context_info* info) {
  Guard guard(context);
  *info = {context->device,     context->isa,        context->layout,        context->threads,
           context->used_bytes, context->peak_bytes, context->scratch_bytes, context->allocations};
  return ITA_OK;
}

ita_status ita_context_synchronize(ita_context* context) {
  Guard guard(context);
  return context->backend->synchronize(context);
}

const char* ita_last_error(const ita_context* context) { return context->last_error; }

ita_status ita_memory_allocate(ita_context* context, int64_t bytes, void** memory) {
  Guard guard(context);
  *memory = nullptr;
  if (bytes <= 0) {
    return ita_core_fail(context, ITA_INTERNAL, "%lld bytes asked for, expected at least 1",
                         static_cast<long long>(bytes));
  }
  return allocate_block(context, bytes, memory);
}

ita_status ita_memory_free(ita_context* context, void* memory) {
  Guard guard(context);
  for (Block** link = &context->blocks; *link; link = &(*link)->next) {
    Block* block = *link;
    if (block->memory != memory) continue;
    *link = block->next;
    context->used_bytes -= block->bytes;
    context->backend->release(context, memory, block->bytes);
    free(block);
    return ITA_OK;
  }
  return ita_core_fail(context, ITA_INTERNAL, "the memory to free is not of this context");
}

ita_status ita_memory_zero(ita_context* context, void* memory, int64_t bytes) {
  Guard guard(context);
  return context->backend->zero(context, memory, bytes);
}

ita_status ita_memory_upload(ita_context* context, void* dst, const void* host, int64_t bytes) {
  Guard guard(context);
  return context->backend->upload(context, dst, host, bytes);
}

ita_status ita_memory_download(ita_context* context, void* host, const void* src, int64_t bytes) {
  Guard guard(context);
  return context->backend->download(context, host, src, bytes);
}

ita_status ita_memory_copy(ita_context* context, void* dst, const void* src, int64_t bytes) {
  Guard guard(context);
  return context->backend->copy(context, dst, src, bytes);
}

ita_status ita_core_fail(ita_context* ctx, ita_status status, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(ctx->last_error, sizeof ctx->last_error, format, arguments);
  va_end(arguments);
  return status;
}

void ita_core_format(char* text, size_t size, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, size, format, arguments);
  va_end(arguments);
}

void* ita_core_scratch(ita_context* ctx, int64_t bytes) {
  if (bytes <= ctx->scratch_bytes) return ctx->scratch;
  release_scratch(ctx);  // its contents died with the last call
  bytes = (bytes + kArenaStep - 1) / kArenaStep * kArenaStep;
  void* memory = nullptr;
  if (ctx->backend->allocate(ctx, bytes, &memory) != ITA_OK) return nullptr;
  ctx->allocations++;
  ctx->scratch = memory;
  ctx->scratch_bytes = bytes;
  return memory;
}

void ita_core_parallel(ita_context* ctx, int64_t count, int64_t grain, ita_core_work work,
                       void* argument) {
  if (count <= 0) return;
  if (!ctx->pool || count <= grain) {
    work(argument, 0, count, 0);
  } else {
    thread_pool_run(ctx->pool, count, grain, work, argument);
  }
}
}
