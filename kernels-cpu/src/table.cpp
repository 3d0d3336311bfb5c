// SPDX-License-Identifier: Apache-2.0
// Fills this instruction set's table from the registry.
#include "op_table.h"

namespace ITA_ISA {

#define ITA_OP(name, op) ita_status name(ita_context*, const ita_##op*);
#include "ops.inc"
#undef ITA_OP
ita_status masked_conv2d_explain(ita_context*, const ita_masked_conv2d*, ita_direction, char*,
                                 size_t);

extern const OpTable table;
const OpTable table = {
#define ITA_OP(name, op) name,
#include "ops.inc"
#undef ITA_OP
    masked_conv2d_explain,
};

}  // namespace ITA_ISA
