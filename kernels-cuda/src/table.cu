// SPDX-License-Identifier: Apache-2.0
// The CUDA backend: the table of ops, the memory of a device, and the one exported symbol.
//
// Each context has one stream. Nothing else orders work: an op returns when its kernels are queued.
// Only transfers, allocation, synchronize, and ops that refuse values wait.
#include <stdlib.h>

#include "launch.cuh"

namespace cuda {

// Weak and hidden: a stem without its file here is an empty slot of the table.
#define ITA_OP(name, op) \
  __attribute__((weak, visibility("hidden"))) ita_status name(ita_context*, const ita_##op*);
#include "ops.inc"
#undef ITA_OP

namespace {

const OpTable kOps = {
#define ITA_OP(name, op) name,
#include "ops.inc"
#undef ITA_OP
    nullptr,  // one way to convolve, nothing to explain
};

// Asked about, never launched: tells whether this library has code for a device.
__global__ void image_probe_kernel() {}

cudaError_t probe_image(int device_index) {
  const cudaError_t error = cudaSetDevice(device_index);
  cudaFuncAttributes attributes;
  return error == cudaSuccess ? cudaFuncGetAttributes(&attributes, image_probe_kernel) : error;
}

// ---- life of a context

ita_status read_synchronous(ita_context* ctx, bool* synchronous) {
  const char* value = getenv("INTARSIA_SYNC");
  *synchronous = value && strcmp(value, "1") == 0;
  if (!value || *synchronous || strcmp(value, "0") == 0 || !*value) return ITA_OK;
  return fail(ctx, ITA_UNSUPPORTED,
              "INTARSIA_SYNC is \"%s\", expected 1 (wait after each op) or 0 or unset", value);
}

ita_status check_device(ita_context* ctx, int32_t device_index) {
  int count = 0;
  ITA_CUDA_TRY(cudaGetDeviceCount(&count));
  if (device_index < 0 || device_index >= count) {
    return fail(ctx, ITA_UNSUPPORTED, "CUDA device %d was asked for, expected 0 .. %d",
                device_index, count - 1);
  }
  const cudaError_t error = probe_image(device_index);
  if (error != cudaErrorNoKernelImageForDevice && error != cudaErrorInvalidDeviceFunction) {
    ITA_CUDA_TRY(error);
    return ITA_OK;
  }
  return fail(ctx, ITA_UNSUPPORTED, "CUDA device %d cannot run these kernels: %s", device_index,
              cudaGetErrorString(error));
}

ita_status open(ita_context* ctx, int32_t device_index) {
  bool synchronous;
  ita_status status = read_synchronous(ctx, &synchronous);
  if (status == ITA_OK) status = check_device(ctx, device_index);
  if (status != ITA_OK) return status;
  Device* device = static_cast<Device*>(malloc(sizeof(Device)));
  if (!device) return fail(ctx, ITA_OUT_OF_MEMORY, "cannot allocate the state of a CUDA context");
  cudaStream_t stream;
  const cudaError_t error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  if (error != cudaSuccess) {
    free(device);
    ITA_CUDA_TRY(error);
  }
  *device = {stream, device_index, synchronous};
  ctx->device_state = device;
  return ITA_OK;
}

void close(ita_context* ctx) {
  if (!ctx->device_state) return;
  const Device& device = device_of(ctx);
  // Nobody is left to hear of a failure.
  if (cudaSetDevice(device.index) == cudaSuccess) (void)cudaStreamDestroy(device.stream);
  free(ctx->device_state);
  ctx->device_state = nullptr;
}

// ---- memory

ita_status zero(ita_context* ctx, void* memory, int64_t bytes) {
  const Device& device = device_of(ctx);
  ITA_CUDA_TRY(cudaSetDevice(device.index));
  ITA_CUDA_TRY(cudaMemsetAsync(memory, 0, static_cast<size_t>(bytes), device.stream));
  return ITA_OK;
}

void release(ita_context* ctx, void* memory, int64_t) {
  // cudaFree waits for the kernels that still use the memory; their failure surfaces elsewhere.
  if (cudaSetDevice(device_of(ctx).index) == cudaSuccess) (void)cudaFree(memory);
}

ita_status allocate(ita_context* ctx, int64_t bytes, void** memory) {
  const Device& device = device_of(ctx);
  ITA_CUDA_TRY(cudaSetDevice(device.index));
  const cudaError_t error = cudaMalloc(memory, static_cast<size_t>(bytes));
  if (error == cudaErrorMemoryAllocation) {
    return fail(ctx, ITA_OUT_OF_MEMORY,
                "cannot allocate %lld bytes on CUDA device %d; %lld are in use by this context",
                static_cast<long long>(bytes), device.index,
                static_cast<long long>(ctx->used_bytes));
  }
  ITA_CUDA_TRY(error);
  const ita_status status = zero(ctx, *memory, bytes);
  if (status != ITA_OK) release(ctx, *memory, bytes);
  return status;
}

ita_status transfer(ita_context* ctx, void* dst, const void* src, int64_t bytes,
                    cudaMemcpyKind kind) {
  const Device& device = device_of(ctx);
  ITA_CUDA_TRY(cudaSetDevice(device.index));
  ITA_CUDA_TRY(cudaMemcpyAsync(dst, src, static_cast<size_t>(bytes), kind, device.stream));
  ITA_CUDA_TRY(cudaStreamSynchronize(device.stream));
  return ITA_OK;
}

ita_status upload(ita_context* ctx, void* dst, const void* host, int64_t bytes) {
  return transfer(ctx, dst, host, bytes, cudaMemcpyHostToDevice);
}

ita_status download(ita_context* ctx, void* host, const void* src, int64_t bytes) {
  return transfer(ctx, host, src, bytes, cudaMemcpyDeviceToHost);
}

ita_status copy(ita_context* ctx, void* dst, const void* src, int64_t bytes) {
  return transfer(ctx, dst, src, bytes, cudaMemcpyDeviceToDevice);
}

ita_status synchronize(ita_context* ctx) {
  const Device& device = device_of(ctx);
  ITA_CUDA_TRY(cudaSetDevice(device.index));
  ITA_CUDA_TRY(cudaStreamSynchronize(device.stream));
  return ITA_OK;
}

const Backend kBackend = {
    ITA_ABI_VERSION, ITA_LAYOUT_NCHW, &kOps, open,        close, allocate, release, zero,
    upload,          download,        copy,  synchronize,
};

// ---- the probe

constexpr int major_of(int version) { return version / 1000; }
constexpr int minor_of(int version) { return version % 1000 / 10; }

// Writes why CUDA cannot be used here, as one sentence; false when it can.
bool find_obstacle(char* message, size_t message_size) {
  // Asked first: without a driver cudaGetDeviceCount complains of an insufficient version.
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    snprintf(message, message_size, "no NVIDIA driver on this machine (libcuda.so.1 not found)");
    return true;
  }
  if (major_of(driver) < major_of(CUDART_VERSION)) {
    snprintf(message, message_size,
             "the NVIDIA driver supports CUDA %d.%d, these kernels need %d.0 or newer; update the "
             "driver",
             major_of(driver), minor_of(driver), major_of(CUDART_VERSION));
    return true;
  }
  int count = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) {
    snprintf(message, message_size, "the NVIDIA driver finds no CUDA device");
    return true;
  }
  // One device that can run the kernels will do; the others are not even initialised.
  for (int index = 0; error == cudaSuccess && index < count; ++index) {
    if (probe_image(index) == cudaSuccess) return false;
  }
  if (error == cudaSuccess) error = probe_image(0);
  snprintf(message, message_size, "no CUDA device can run these kernels: %s (%s)",
           cudaGetErrorString(error), cudaGetErrorName(error));
  return true;
}

}  // namespace

}  // namespace cuda

// The backend when the device can be used, else NULL and one sentence.
extern "C" ITA_API const Backend* ita_cuda_plugin(char* message, size_t message_size) {
  return cuda::find_obstacle(message, message_size) ? nullptr : &cuda::kBackend;
}
