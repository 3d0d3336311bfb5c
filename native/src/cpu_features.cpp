// SPDX-License-Identifier: Apache-2.0
// CPUID -> table; INTARSIA_ISA honoured or refused, never ignored.
#include "cpu_features.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_quota.h"

namespace scalar {
extern const OpTable table;
}
#if defined(__x86_64__)
namespace avx2 {
extern const OpTable table;
}
namespace avx512 {
extern const OpTable table;
}
#endif

namespace {

struct Isa {
  ita_isa isa;
  const char* name;
};

constexpr Isa kIsas[] = {
    // worst first
    {ITA_ISA_SCALAR, "scalar"},
    {ITA_ISA_AVX2, "avx2"},
    {ITA_ISA_AVX512, "avx512"},
};

ita_isa best_available() {
  ita_isa best = ITA_ISA_SCALAR;
  for (const Isa& entry : kIsas) {
    if (ita_isa_available(entry.isa)) best = entry.isa;
  }
  return best;
}

void list_available(char* text, size_t size) {
  text[0] = 0;
  for (const Isa& entry : kIsas) {
    if (!ita_isa_available(entry.isa)) continue;
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? ", " : "", entry.name);
  }
}

}  // namespace

extern "C" int32_t ita_isa_available(ita_isa isa) {
  switch (isa) {
    case ITA_ISA_SCALAR:
      return 1;
#if defined(__x86_64__)
    case ITA_ISA_AVX2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case ITA_ISA_AVX512:
      return ita_isa_available(ITA_ISA_AVX2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
#endif
    default:
      return 0;
  }
}

const char* isa_name(ita_isa isa) {
  for (const Isa& entry : kIsas) {
    if (entry.isa == isa) return entry.name;
  }
  return "auto";
}

ita_status isa_choose(ita_isa wanted, ita_isa* chosen, char* message, size_t message_size) {
  const char* asked_by = "the context's options";
  if (wanted == ITA_ISA_AUTO) {
    const char* word = getenv("INTARSIA_ISA");
    if (!word || !*word) {
      *chosen = best_available();
      return ITA_OK;
    }
    asked_by = "INTARSIA_ISA";
    for (const Isa& entry : kIsas) {
      if (strcmp(word, entry.name) == 0) wanted = entry.isa;
    }
    if (wanted == ITA_ISA_AUTO) {
      snprintf(message, message_size,
               "INTARSIA_ISA is \"%s\", expected one of scalar, avx2, avx512 (or unset)", word);
      return ITA_UNSUPPORTED;
    }
  }
  if (!ita_isa_available(wanted)) {
    char available[64];
    list_available(available, sizeof available);
    snprintf(message, message_size, "%s asks for %s, which this machine lacks; it has %s", asked_by,
             isa_name(wanted), available);
    return ITA_UNSUPPORTED;
  }
  *chosen = wanted;
  return ITA_OK;
}

const OpTable* cpu_table(ita_isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case ITA_ISA_AVX2:
      return &avx2::table;
    case ITA_ISA_AVX512:
      return &avx512::table;
#endif
    default:
      return &scalar::table;
  }
}

int32_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int32_t cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  int32_t quota = quota_cores("/proc/self/cgroup", "/sys/fs/cgroup");
  if (quota > 0 && quota < cores) cores = quota;
  return cores > 0 ? cores : 1;
}
