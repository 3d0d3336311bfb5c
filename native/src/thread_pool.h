// SPDX-License-Identifier: Apache-2.0
#ifndef INTARSIA_THREAD_POOL_H_
#define INTARSIA_THREAD_POOL_H_

#include "context.h"

// A pool of threads - 1 workers; the caller of run is the last one. NULL when a thread cannot be
// started.
ThreadPool* thread_pool_create(int32_t threads);
void thread_pool_destroy(ThreadPool* pool);
void thread_pool_run(ThreadPool* pool, int64_t count, int64_t grain, ita_core_work work,
                     void* argument);

// Flush denormals to zero on this thread; returns the former state for restore. Denormals slow a
// kernel by an order of magnitude; the JVM needs its own state back.
uint32_t float_state_enter();
void float_state_restore(uint32_t state);

#endif  // INTARSIA_THREAD_POOL_H_
