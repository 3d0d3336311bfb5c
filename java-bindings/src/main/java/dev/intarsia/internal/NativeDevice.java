// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.DType;
import dev.intarsia.Isa;
import dev.intarsia.Layout;
import dev.intarsia.internal.ffi.Ita;
import dev.intarsia.internal.ffi.ita_context;
import dev.intarsia.internal.ffi.ita_context_info;
import dev.intarsia.internal.ffi.ita_context_options;
import java.util.function.Consumer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** A native context: memory and kernels of the CPU or of one CUDA device. */
public final class NativeDevice implements Device {
  private static final int MESSAGE_BYTES = 512;

  private final ita_context context;
  private final ita_context_info info = new ita_context_info();
  private final boolean host; // the device's memory is the process's
  private final Isa isa;
  private final int threads;
  private final Layout layout;
  private BytePointer staging; // between Java arrays and a device's memory; grows, never shrinks
  private boolean closed;

  private NativeDevice(ita_context context) {
    this.context = context;
    Ita.ita_context_get_info(context, info);
    host = info.device() == Ita.ITA_DEVICE_CPU;
    isa = Isa.values()[info.isa()];
    threads = info.threads();
    layout = info.layout() == Ita.ITA_LAYOUT_NCHW16 ? Layout.NCHW16 : Layout.NCHW;
  }

  /** Opens the CPU. The caller has seen that the natives are available. */
  public static NativeDevice cpu(Isa isa, int threads) {
    return open(Ita.ITA_DEVICE_CPU, 0, isa, threads);
  }

  /** Opens a CUDA device. The caller has seen that the plug-in is available. */
  public static NativeDevice cuda(int index) {
    return open(Ita.ITA_DEVICE_CUDA, index, Isa.AUTO, 0);
  }

  private static NativeDevice open(int device, int index, Isa isa, int threads) {
    try (ita_context_options options = new ita_context_options()) {
      options.device(device).device_index(index).isa(isa.ordinal()).threads(threads);
      ita_context context = new ita_context();
      byte[] message = new byte[MESSAGE_BYTES];
      int status = Ita.ita_context_create(options, context, message, message.length);
      if (status != Ita.ITA_OK) {
        throw Status.failure(status, "context_create", Natives.text(message));
      }
      return new NativeDevice(context);
    }
  }

  /** Returns the native context, for calls. */
  public ita_context pointer() {
    return context;
  }

  /** Throws unless a call on this context went well. */
  public void check(int status, String entry) {
    if (status != Ita.ITA_OK) {
      Status.check(context, status, entry);
    }
  }

  @Override
  public String backend() {
    return host ? "cpu" : "cuda";
  }

  @Override
  public String isa() {
    return host ? isa.word() : "cuda";
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public Layout layout() {
    return layout;
  }

  @Override
  public synchronized Usage usage() {
    check(Ita.ita_context_get_info(context, info), "context_get_info");
    return new Usage(
        info.used_bytes(), info.peak_bytes(), info.scratch_bytes(), info.allocations());
  }

  @Override
  public Storage allocate(DType type, long elements) {
    Pointer memory = new Pointer((Pointer) null);
    long bytes = Math.multiplyExact(elements, (long) type.bytes());
    check(Ita.ita_memory_allocate(context, bytes, memory), "memory_allocate");
    return new NativeStorage(this, type, elements, memory);
  }

  @Override
  public void synchronize() {
    check(Ita.ita_context_synchronize(context), "context_synchronize");
  }

  @Override
  public synchronized void close() {
    closed = true;
    Ita.ita_context_destroy(context);
    info.close();
    if (staging != null) {
      staging.close();
    }
  }

  /** Lets {@code fill} write the bytes, in place on the CPU, else by way of a staging buffer. */
  synchronized void upload(Pointer dst, long bytes, Consumer<Pointer> fill) {
    if (host) {
      fill.accept(dst);
    } else {
      fill.accept(staging(bytes));
      check(Ita.ita_memory_upload(context, dst, staging, bytes), "memory_upload");
    }
  }

  /** Lets {@code read} see the bytes, in place on the CPU, else by way of a staging buffer. */
  synchronized void download(Pointer src, long bytes, Consumer<Pointer> read) {
    if (host) {
      read.accept(src);
    } else {
      check(Ita.ita_memory_download(context, staging(bytes), src, bytes), "memory_download");
      read.accept(staging);
    }
  }

  void zero(Pointer memory, long bytes) {
    check(Ita.ita_memory_zero(context, memory, bytes), "memory_zero");
  }

  void copy(Pointer dst, Pointer src, long bytes) {
    check(Ita.ita_memory_copy(context, dst, src, bytes), "memory_copy");
  }

  synchronized void release(Pointer memory) {
    if (!closed) { // the context has freed everything else itself
      check(Ita.ita_memory_free(context, memory), "memory_free");
    }
  }

  private BytePointer staging(long bytes) {
    if (staging == null || staging.capacity() < bytes) {
      if (staging != null) {
        staging.close();
      }
      staging = new BytePointer(bytes);
    }
    return staging;
  }
}
