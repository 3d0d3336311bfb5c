// SPDX-License-Identifier: Apache-2.0
#ifndef INTARSIA_CPU_MEMORY_H_
#define INTARSIA_CPU_MEMORY_H_

#include "context.h"

// The CPU as a device: memory of the process, no stream.
extern const Backend kCpuBackend;

// What scratch memory is a multiple of: a huge page, so that an arena never lies in small ones.
// Under AddressSanitizer nothing is rounded up, so that its red zones begin where the size ends.
extern const int64_t kArenaStep;

#endif  // INTARSIA_CPU_MEMORY_H_
