// SPDX-License-Identifier: Apache-2.0
// The exported ops, derived from ops.inc: lock, flush denormals, call the table, restore.
#include <pthread.h>

#include "context.h"
#include "thread_pool.h"

namespace {

template <class Op>
ita_status dispatch(ita_context* ctx, ita_status (*kernel)(ita_context*, const Op*), const Op* op,
                    const char* name) {
  pthread_mutex_t* lock = static_cast<pthread_mutex_t*>(ctx->lock);
  pthread_mutex_lock(lock);
  ita_status status;
  if (kernel) {
    uint32_t state = float_state_enter();
    status = kernel(ctx, op);
    float_state_restore(state);
  } else {
    status = ita_core_fail(ctx, ITA_UNSUPPORTED, "%s is not implemented on this backend yet", name);
  }
  pthread_mutex_unlock(lock);
  return status;
}

}  // namespace

extern "C" {
#define ITA_OP(name, op)                                          \
  ita_status ita_##name(ita_context* ctx, const ita_##op* args) { \
    return dispatch<ita_##op>(ctx, ctx->ops->name, args, #name);  \
  }
#include "ops.inc"
#undef ITA_OP

ita_status ita_masked_conv2d_explain(ita_context* ctx, const ita_masked_conv2d* op,
                                     ita_direction direction, char* text, size_t text_size) {
  pthread_mutex_t* lock = static_cast<pthread_mutex_t*>(ctx->lock);
  pthread_mutex_lock(lock);
  ita_status status =
      ctx->ops->masked_conv2d_explain
          ? ctx->ops->masked_conv2d_explain(ctx, op, direction, text, text_size)
          : ita_core_fail(ctx, ITA_UNSUPPORTED, "this backend has one way to convolve");
  pthread_mutex_unlock(lock);
  return status;
}
}
