// SPDX-License-Identifier: Apache-2.0
#ifndef INTARSIA_CPU_FEATURES_H_
#define INTARSIA_CPU_FEATURES_H_

#include "op_table.h"

const char* isa_name(ita_isa isa);

// Resolves AUTO through INTARSIA_ISA, then the best available. A word that is unknown, or names a
// set that this machine lacks, is an error: `message` says which and what would do.
ita_status isa_choose(ita_isa wanted, ita_isa* chosen, char* message, size_t message_size);

// The table of an available instruction set.
const OpTable* cpu_table(ita_isa isa);

// Cores this process may use: affinity mask and cgroup quota, at least 1.
int32_t usable_cores();

#endif  // INTARSIA_CPU_FEATURES_H_
