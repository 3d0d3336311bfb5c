// SPDX-License-Identifier: Apache-2.0
// A backend is nothing but a filled table: one slot per line of ops.inc. An empty slot is an op
// that the backend lacks; the dispatcher answers ITA_UNSUPPORTED for it.
#ifndef INTARSIA_OP_TABLE_H_
#define INTARSIA_OP_TABLE_H_

#include "intarsia/intarsia.h"

struct OpTable {
#define ITA_OP(name, op) ita_status (*name)(ita_context*, const ita_##op*);
#include "ops.inc"
#undef ITA_OP
  ita_status (*masked_conv2d_explain)(ita_context*, const ita_masked_conv2d*, ita_direction, char*,
                                      size_t);
};

#endif  // INTARSIA_OP_TABLE_H_
