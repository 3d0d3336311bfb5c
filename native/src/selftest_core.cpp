// SPDX-License-Identifier: Apache-2.0
// Self-test of the core's inner parts. No check looks at a clock.
#include "selftest_core.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "cpu_quota.h"
#include "job.h"
#include "thread_pool.h"

namespace selftest {
namespace {

using Expect = void (*)(bool, const std::string&);

// ---- the door of a job: here the test itself plays the worker that comes late

void check_door(Expect expect) {
  Job job = {0};
  const auto never = [] {};
  expect(!job_join(&job), "no job, nothing to join");
  job_open(&job);
  job_close(&job, never);
  expect(!job_join(&job), "a late worker finds the door closed and nobody waited for it");
  job_open(&job);
  expect(job_join(&job) && job_join(&job), "workers join an open job");
  job_leave(&job);
  job_leave(&job);
  expect(job_join(&job), "a worker may come back while the job is open");
  job_leave(&job);
  job_close(&job, never);
  expect(!job_join(&job), "the door is closed again");
}

// A worker that stays inside until the caller says that it is late.
struct Late {
  Job job;
  bool joined;   // atomic
  bool noticed;  // atomic
};

void* stay_inside(void* argument) {
  Late* late = static_cast<Late*>(argument);
  while (!job_join(&late->job)) pause_briefly();
  __atomic_store_n(&late->joined, true, __ATOMIC_RELEASE);
  while (!__atomic_load_n(&late->noticed, __ATOMIC_ACQUIRE)) usleep(50);
  job_leave(&late->job);
  return nullptr;
}

void check_late_worker(Expect expect) {
  Late late = {{0}, false, false};
  pthread_t thread;
  job_open(&late.job);
  expect(pthread_create(&thread, nullptr, stay_inside, &late) == 0, "a thread starts");
  while (!__atomic_load_n(&late.joined, __ATOMIC_ACQUIRE)) pause_briefly();
  int calls = 0;
  job_close(&late.job, [&] {
    calls++;
    __atomic_store_n(&late.noticed, true, __ATOMIC_RELEASE);
  });
  expect(calls == 1, "the caller notices a worker that does not leave, once");
  pthread_join(thread, nullptr);
}

// ---- the pool: many short jobs, each with other fields, some after a rest in which workers sleep

struct Work {
  std::vector<int> times;
  int64_t grain;
  bool too_large;  // atomic
};

void count_items(void* argument, int64_t begin, int64_t end, int32_t) {
  Work* work = static_cast<Work*>(argument);
  if (end - begin > work->grain) __atomic_store_n(&work->too_large, true, __ATOMIC_RELAXED);
  for (int64_t i = begin; i < end; i++) work->times[static_cast<size_t>(i)]++;
}

void check_pool(Expect expect) {
  ThreadPool* pool = thread_pool_create(4);
  expect(pool, "a pool starts");
  if (!pool) return;
  bool once = true, small = true;
  for (int64_t job = 0; job < 3000; job++) {
    const int64_t count = 1 + job * 7 % 61;
    Work work = {std::vector<int>(static_cast<size_t>(count)), 1 + job % 5, false};
    thread_pool_run(pool, count, work.grain, count_items, &work);
    for (int times : work.times) once = once && times == 1;
    small = small && !work.too_large;
    if (job % 500 == 0) usleep(3000);
  }
  expect(once, "every item is done once, by the end of its job");
  expect(small, "no chunk is larger than its grain");
  thread_pool_destroy(pool);
}

// ---- quotas, from a tree of files

void write_file(const std::string& folder, const char* name, const char* text) {
  for (size_t at = 1; at != std::string::npos;) {
    at = folder.find('/', at + 1);
    mkdir(folder.substr(0, at).c_str(), 0700);
  }
  if (FILE* file = fopen((folder + "/" + name).c_str(), "we")) {
    fputs(text, file);
    fclose(file);
  }
}

void check_quotas(Expect expect) {
  char root[] = "/tmp/intarsia-quota-XXXXXX";
  if (!mkdtemp(root)) return expect(false, "a temporary folder");
  const std::string mount = std::string(root) + "/mount";
  const std::string process = std::string(root) + "/process";
  const auto cores = [&](const char* groups) {
    write_file(root, "process", groups);
    return quota_cores(process.c_str(), mount.c_str());
  };
  expect(cores("0::/\n") == 0, "no file, no quota");
  write_file(mount + "/a/b", "cpu.max", "max 100000\n");
  expect(cores("0::/a/b\n") == 0, "max is no quota");
  write_file(mount + "/a", "cpu.max", "250000 100000\n");
  expect(cores("0::/a/b\n") == 3, "a group above binds, rounded up to cores");
  write_file(mount + "/a/b", "cpu.max", "100000 100000\n");
  expect(cores("0::/a/b\n") == 1, "the tightest quota counts");
  expect(cores("0::/elsewhere\n") == 0, "a group of others does not");
  write_file(mount, "cpu.max", "400000 100000\n");
  expect(cores("0::/on/the/host\n") == 4, "in a container the mount is the group");
  write_file(mount + "/cpu/c", "cpu.cfs_quota_us", "150000\n");
  write_file(mount + "/cpu/c", "cpu.cfs_period_us", "100000\n");
  expect(cores("5:cpuset:/c\n4:cpuacct,cpu:/c\n") == 2, "version 1 is read");
  expect(cores("5:cpuset:/c\n") == 0, "only where the controller is the CPU's");
  write_file(mount + "/cpu/c", "cpu.cfs_quota_us", "-1\n");
  expect(cores("4:cpu:/c\n") == 0, "-1 is no quota");
  const std::string remove = std::string("rm -r ") + root;
  expect(system(remove.c_str()) == 0, "the temporary folder goes");
}

}  // namespace

void check_core(Expect expect) {
  check_door(expect);
  check_late_worker(expect);
  check_pool(expect);
  check_quotas(expect);
}

}  // namespace selftest
