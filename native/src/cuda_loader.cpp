// SPDX-License-Identifier: Apache-2.0
// Opens libintarsia_cuda.so on demand; absent is not an error until someone asks for CUDA.
#include "cuda_loader.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

// Exported by the plug-in: its backend when the device can be used, else NULL and a sentence.
typedef const Backend* (*PluginEntry)(char* message, size_t message_size);

namespace {

pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
const Backend* g_backend = nullptr;
char g_reason[512] = "the CUDA plug-in was not opened";

const Backend* open_plugin(const char* path, char* message, size_t message_size) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(message, message_size, "cannot open %s: %s", path, dlerror());
    return nullptr;
  }
  void* symbol = dlsym(library, "ita_cuda_plugin");
  if (!symbol) {
    snprintf(message, message_size, "%s is not an Intarsia CUDA plug-in: %s", path, dlerror());
    return nullptr;
  }
  PluginEntry entry;
  memcpy(&entry, &symbol, sizeof entry);
  const Backend* backend = entry(message, message_size);
  if (backend && backend->abi_version != ITA_ABI_VERSION) {
    snprintf(message, message_size, "%s has ABI %d, the core has %d; use jars of one version", path,
             backend->abi_version, ITA_ABI_VERSION);
    return nullptr;
  }
  return backend;
}

}  // namespace

extern "C" ita_status ita_cuda_open(const char* path, char* message, size_t message_size) {
  pthread_mutex_lock(&g_lock);
  if (!g_backend) g_backend = open_plugin(path, g_reason, sizeof g_reason);
  ita_status status = g_backend ? ITA_OK : ITA_UNSUPPORTED;
  if (message_size) snprintf(message, message_size, "%s", g_backend ? "" : g_reason);
  pthread_mutex_unlock(&g_lock);
  return status;
}

const Backend* cuda_backend(char* message, size_t message_size) {
  pthread_mutex_lock(&g_lock);
  const Backend* backend = g_backend;
  if (!backend) snprintf(message, message_size, "%s", g_reason);
  pthread_mutex_unlock(&g_lock);
  return backend;
}
