// SPDX-License-Identifier: Apache-2.0
#ifndef INTARSIA_CPU_QUOTA_H_
#define INTARSIA_CPU_QUOTA_H_

#include <stdint.h>

// The tightest CPU quota over this process, in whole cores rounded up; 0 when there is none.
// `process` is "/proc/self/cgroup" and `mount` "/sys/fs/cgroup", but for tests.
int32_t quota_cores(const char* process, const char* mount);

#endif  // INTARSIA_CPU_QUOTA_H_
