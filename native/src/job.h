// SPDX-License-Identifier: Apache-2.0
// The door of a job: workers join while it is open, and the caller waits for those inside alone.
//
// A worker that has no core when the job is posted, or wakes when it is closed, never joins, and
// nobody waits for it. What a job is (its work, its counter of chunks) may be rewritten once the
// door is closed and nobody is inside: a worker reads it only between join and leave.
#ifndef INTARSIA_JOB_H_
#define INTARSIA_JOB_H_

#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Sleeps while *word is `value`, at most for `limit` if there is one, or returns for no reason:
// callers look again.
inline void futex_wait(uint32_t* word, uint32_t value, const timespec* limit = nullptr) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, limit, nullptr, 0);
}

inline void futex_wake(uint32_t* word, int sleepers) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, sleepers, nullptr, nullptr, 0);
}

inline void pause_briefly() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

constexpr int kSpins = 2000;  // about 100 microseconds: bridges what a step does on one thread

struct Job {
  static constexpr uint32_t kInside = 0xFFFF;  // how many workers are inside
  static constexpr uint32_t kOpen = 1 << 16;
  static constexpr uint32_t kAwaited = 1 << 17;  // the caller sleeps until the last has left
  uint32_t word;                                 // atomic; also what the caller sleeps on
};

// By the caller, when the job is closed and empty and all about it is written.
inline void job_open(Job* job) { __atomic_store_n(&job->word, Job::kOpen, __ATOMIC_SEQ_CST); }

// By a worker; false when there is nothing to join.
inline bool job_join(Job* job) {
  uint32_t word = __atomic_load_n(&job->word, __ATOMIC_RELAXED);
  while (word & Job::kOpen) {
    if (__atomic_compare_exchange_n(&job->word, &word, word + 1, true, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
      return true;
    }
  }
  return false;
}

// The last one wakes the caller. Once it has left the job may be another: only its word is touched.
inline void job_leave(Job* job) {
  uint32_t before = __atomic_fetch_sub(&job->word, 1, __ATOMIC_ACQ_REL);
  if ((before & Job::kAwaited) && (before & Job::kInside) == 1) futex_wake(&job->word, 1);
}

// By the caller: lets nobody in any more, and returns when nobody is inside. late() is called once
// if somebody still is after a while: too long for a chunk, so its worker may have lost its core.
template <class Late>
inline void job_close(Job* job, const Late& late) {
  constexpr timespec kWhile = {0, 300000};
  uint32_t word = __atomic_and_fetch(&job->word, ~Job::kOpen, __ATOMIC_ACQ_REL);
  for (int spin = 0; spin < kSpins && (word & Job::kInside); spin++) {
    pause_briefly();
    word = __atomic_load_n(&job->word, __ATOMIC_ACQUIRE);
  }
  if (!(word & Job::kInside)) return;
  word = __atomic_or_fetch(&job->word, Job::kAwaited, __ATOMIC_ACQ_REL);
  for (bool first = true; word & Job::kInside; first = false) {
    futex_wait(&job->word, word, first ? &kWhile : nullptr);
    word = __atomic_load_n(&job->word, __ATOMIC_ACQUIRE);
    if (first && (word & Job::kInside)) late();
  }
}

#endif  // INTARSIA_JOB_H_
