// SPDX-License-Identifier: Apache-2.0
// Fills this instruction set's table from the registry.
#include "op_table.h"

namespace ITA_ISA {

#define ITA_OP(name, op) ita_status name(ita_context*, const ita_##op*);
#include "ops.inc"
#undef ITA_OP

extern const OpTable table;
const OpTable table = {
#define ITA_OP(name, op) name,
#include "ops.inc"
#undef ITA_OP
};

}  // namespace ITA_ISA
