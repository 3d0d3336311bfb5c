// SPDX-License-Identifier: Apache-2.0
#ifndef INTARSIA_CUDA_LOADER_H_
#define INTARSIA_CUDA_LOADER_H_

#include "context.h"

// The CUDA backend, or NULL with the reason in `message`.
const Backend* cuda_backend(char* message, size_t message_size);

#endif  // INTARSIA_CUDA_LOADER_H_
