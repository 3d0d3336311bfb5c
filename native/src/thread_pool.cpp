// SPDX-License-Identifier: Apache-2.0
// Own thread pool: no OpenMP run time to clash with, no static split to wait for.
//
// Chunks are handed out from one atomic counter, so that a worker that lost its core delays only
// the chunk it holds. Workers spin briefly after a job, since the next op of a step follows within
// microseconds, then park on a condition variable.
#include "thread_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

struct Worker {
  ThreadPool* pool;
  pthread_t thread;
  int32_t index;
};

struct ThreadPool {
  pthread_mutex_t lock;
  pthread_cond_t wake;  // a job was posted, or stop was set
  pthread_cond_t done;  // the last worker left the job
  int64_t job;          // counts jobs; guarded by lock, read without it while spinning
  bool stop;
  int32_t active;  // workers that have not yet left the current job; atomic

  ita_core_work work;
  void* argument;
  int64_t count;
  int64_t grain;
  int64_t next;  // first item not yet handed out; atomic

  int32_t workers;
  Worker worker[1];  // [workers]
};

namespace {

constexpr int kSpins = 2000;  // about 20 microseconds

void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

void take_chunks(ThreadPool* pool, int32_t worker) {
  for (;;) {
    int64_t begin = __atomic_fetch_add(&pool->next, pool->grain, __ATOMIC_RELAXED);
    if (begin >= pool->count) return;
    int64_t end = begin + pool->grain < pool->count ? begin + pool->grain : pool->count;
    pool->work(pool->argument, begin, end, worker);
  }
}

void* worker_main(void* argument) {
  Worker* self = static_cast<Worker*>(argument);
  ThreadPool* pool = self->pool;
  float_state_enter();
  int64_t seen = 0;
  for (;;) {
    for (int spin = 0; spin < kSpins && __atomic_load_n(&pool->job, __ATOMIC_ACQUIRE) == seen;
         spin++) {
      pause_briefly();
    }
    pthread_mutex_lock(&pool->lock);
    while (pool->job == seen && !pool->stop) pthread_cond_wait(&pool->wake, &pool->lock);
    bool stop = pool->stop;
    seen = pool->job;
    pthread_mutex_unlock(&pool->lock);
    if (stop) return nullptr;

    take_chunks(pool, self->index);

    pthread_mutex_lock(&pool->lock);
    if (__atomic_sub_fetch(&pool->active, 1, __ATOMIC_RELEASE) == 0)
      pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->lock);
  }
}

void stop_workers(ThreadPool* pool) {
  pthread_mutex_lock(&pool->lock);
  pool->stop = true;
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->lock);
  for (int32_t i = 0; i < pool->workers; i++) pthread_join(pool->worker[i].thread, nullptr);
}

}  // namespace

ThreadPool* thread_pool_create(int32_t threads) {
  int32_t workers = threads - 1;
  size_t bytes = sizeof(ThreadPool) + sizeof(Worker) * static_cast<size_t>(workers);
  ThreadPool* pool = static_cast<ThreadPool*>(calloc(1, bytes));
  if (!pool) return nullptr;
  pthread_mutex_init(&pool->lock, nullptr);
  pthread_cond_init(&pool->wake, nullptr);
  pthread_cond_init(&pool->done, nullptr);
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
  stop_workers(pool);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->lock);
  free(pool);
}

void thread_pool_run(ThreadPool* pool, int64_t count, int64_t grain, ita_core_work work,
                     void* argument) {
  pthread_mutex_lock(&pool->lock);
  pool->work = work;
  pool->argument = argument;
  pool->count = count;
  pool->grain = grain;
  __atomic_store_n(&pool->next, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&pool->active, pool->workers, __ATOMIC_RELAXED);
  __atomic_store_n(&pool->job, pool->job + 1, __ATOMIC_RELEASE);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->lock);

  take_chunks(pool, pool->workers);

  // The job's fields stay put until every worker has left it: a late worker finds no chunk, but it
  // reads them.
  for (int spin = 0; spin < kSpins && __atomic_load_n(&pool->active, __ATOMIC_ACQUIRE) != 0;
       spin++) {
    pause_briefly();
  }
  pthread_mutex_lock(&pool->lock);
  while (__atomic_load_n(&pool->active, __ATOMIC_ACQUIRE) != 0)
    pthread_cond_wait(&pool->done, &pool->lock);
  pthread_mutex_unlock(&pool->lock);
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
