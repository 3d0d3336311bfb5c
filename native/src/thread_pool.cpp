// SPDX-License-Identifier: Apache-2.0
// Own thread pool: no OpenMP run time to clash with, no static split to wait for.
//
// Chunks are handed out from one atomic counter. A worker joins a job before it takes a chunk and
// the caller waits for those that joined (job.h): a worker without a core costs nothing, and one
// that loses its core with a chunk in hand gets the caller's. No lock is held anywhere, for its
// holder could lose its core too. Workers spin briefly after a job, since the next op of a step
// follows within microseconds, then sleep on a futex; as many are woken as there are chunks for.
//
// What was tried. 40 chunks of 10 microseconds, two threads, on two cores that builds kept busy
// (load 8): share of the time in which the caller had no chunk left and waited, waits over 1 ms
//   1  wait until every worker has seen the job, under a mutex ............ 67 %, 8.0 % of the jobs
//   2  wait for workers that joined ........................................ 24 %, 2.3 %
//   3  and keep workers off the caller's core .............................. 8 %, 1.1 %
//   4  and lend the caller's core to a late worker (this) ................. 0.6 %, 0.1 %
#include "thread_pool.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

struct Worker {
  ThreadPool* pool;
  pthread_t thread;
  int32_t index;
  bool inside;  // atomic: the job
};

struct ThreadPool {
  // What the job is: written by the caller while nobody is inside, read by those inside.
  ita_core_work work;
  void* argument;
  int64_t count;
  int64_t grain;

  // Each written by many, so each on a cache line of its own.
  alignas(64) int64_t next;     // atomic: first item not yet handed out
  alignas(64) Job job;          // who is inside
  alignas(64) uint32_t posts;   // atomic: changes with every job; idle workers sleep on it
  alignas(64) uint32_t asleep;  // atomic: workers that sleep, or are about to
  bool stop;                    // atomic

  int32_t caller_core;  // where the caller last was, -1 at first; workers stay off it
  cpu_set_t cores;      // that the process may use

  int32_t workers;
  Worker worker[1];  // [workers]
};

namespace {

void take_chunks(ThreadPool* pool, int32_t worker) {
  for (;;) {
    int64_t begin = __atomic_fetch_add(&pool->next, pool->grain, __ATOMIC_RELAXED);
    if (begin >= pool->count) return;
    int64_t end = begin + pool->grain < pool->count ? begin + pool->grain : pool->count;
    pool->work(pool->argument, begin, end, worker);
  }
}

// Returns once something was posted after `seen`, or for no reason.
void await_post(ThreadPool* pool, uint32_t seen) {
  for (int spin = 0; spin < kSpins; spin++) {
    if (__atomic_load_n(&pool->posts, __ATOMIC_ACQUIRE) != seen) return;
    pause_briefly();
  }
  // The count goes up before the kernel compares posts, and the caller changes posts before it
  // looks at the count: one of the two sees the other.
  __atomic_add_fetch(&pool->asleep, 1, __ATOMIC_SEQ_CST);
  futex_wait(&pool->posts, seen);
  __atomic_sub_fetch(&pool->asleep, 1, __ATOMIC_SEQ_CST);
}

void post(ThreadPool* pool, int helpers) {
  __atomic_add_fetch(&pool->posts, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&pool->asleep, __ATOMIC_SEQ_CST) > 0) futex_wake(&pool->posts, helpers);
}

void restrict_to(const Worker& worker, const cpu_set_t& cores) {
  pthread_setaffinity_np(worker.thread, sizeof cores, &cores);
}

// A worker that wakes on a machine without an idle core may be queued on the caller's, and get
// there only when all is done. Told to stay off that core it takes its share of another.
void keep_off_callers_core(ThreadPool* pool) {
  const int core = sched_getcpu();
  if (core == pool->caller_core || core < 0) return;
  pool->caller_core = core;
  cpu_set_t others = pool->cores;
  if (pool->workers < CPU_COUNT(&others)) CPU_CLR(static_cast<size_t>(core), &others);
  for (int32_t i = 0; i < pool->workers; i++) restrict_to(pool->worker[i], others);
}

// The caller has nothing left to do, so a worker whose core was taken away finishes on its core.
void lend_callers_core(ThreadPool* pool) {
  if (CPU_COUNT(&pool->cores) == 0 || pool->caller_core < 0) return;
  cpu_set_t core;
  CPU_ZERO(&core);
  CPU_SET(static_cast<size_t>(pool->caller_core), &core);
  for (int32_t i = 0; i < pool->workers; i++) {
    if (__atomic_load_n(&pool->worker[i].inside, __ATOMIC_RELAXED))
      restrict_to(pool->worker[i], core);
  }
  pool->caller_core = -1;  // the next job sends them off it again
}

void* worker_main(void* argument) {
  Worker* self = static_cast<Worker*>(argument);
  ThreadPool* pool = self->pool;
  float_state_enter();
  for (;;) {
    uint32_t seen = __atomic_load_n(&pool->posts, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&pool->stop, __ATOMIC_ACQUIRE)) return nullptr;
    if (job_join(&pool->job)) {
      __atomic_store_n(&self->inside, true, __ATOMIC_RELAXED);
      take_chunks(pool, self->index);
      __atomic_store_n(&self->inside, false, __ATOMIC_RELAXED);
      job_leave(&pool->job);
    }
    await_post(pool, seen);
  }
}

}  // namespace

ThreadPool* thread_pool_create(int32_t threads) {
  int32_t workers = threads - 1;
  size_t bytes = sizeof(ThreadPool) + sizeof(Worker) * static_cast<size_t>(workers);
  bytes = (bytes + alignof(ThreadPool) - 1) / alignof(ThreadPool) * alignof(ThreadPool);
  ThreadPool* pool = static_cast<ThreadPool*>(aligned_alloc(alignof(ThreadPool), bytes));
  if (!pool) return nullptr;
  memset(static_cast<void*>(pool), 0, bytes);
  pool->caller_core = -1;
  sched_getaffinity(0, sizeof pool->cores, &pool->cores);
  for (int32_t i = 0; i < workers; i++) {
    Worker* worker = &pool->worker[i];
    worker->pool = pool;
    worker->index = i;
    if (pthread_create(&worker->thread, nullptr, worker_main, worker) != 0) {
      thread_pool_destroy(pool);
      return nullptr;
    }
    pool->workers = i + 1;
  }
  return pool;
}

void thread_pool_destroy(ThreadPool* pool) {
  if (!pool) return;
  __atomic_store_n(&pool->stop, true, __ATOMIC_RELEASE);
  post(pool, INT_MAX);
  for (int32_t i = 0; i < pool->workers; i++) pthread_join(pool->worker[i].thread, nullptr);
  free(pool);
}

void thread_pool_run(ThreadPool* pool, int64_t count, int64_t grain, ita_core_work work,
                     void* argument) {
  pool->work = work;
  pool->argument = argument;
  pool->count = count;
  pool->grain = grain;
  __atomic_store_n(&pool->next, 0, __ATOMIC_RELAXED);
  job_open(&pool->job);
  keep_off_callers_core(pool);
  const int64_t others = (count - 1) / grain;  // chunks beside the caller's first
  post(pool, static_cast<int>(others < pool->workers ? others : pool->workers));
  take_chunks(pool, pool->workers);
  job_close(&pool->job, [pool] { lend_callers_core(pool); });
}

uint32_t float_state_enter() {
#if defined(__x86_64__)
  uint32_t state = _mm_getcsr();
  _mm_setcsr(state | 0x8040);  // flush to zero, denormals are zero
  return state;
#else
  return 0;
#endif
}

void float_state_restore(uint32_t state) {
#if defined(__x86_64__)
  _mm_setcsr(state);
#else
  (void)state;
#endif
}
