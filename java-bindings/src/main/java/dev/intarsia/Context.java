// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Device;
import dev.intarsia.internal.JavaDevice;
import dev.intarsia.internal.NativeDevice;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.LoggerFactory;

/**
 * One device with its threads, memory and kernels. Everything made on a context belongs to it and
 * is freed with it.
 *
 * <p>Calls on one context are serialised; tensors, masks and ops are each meant for one thread at a
 * time. A result never depends on the number of threads.
 */
public final class Context implements AutoCloseable {
  private static final int MAX_THREADS = 1024;
  private static final AtomicBoolean WARNED = new AtomicBoolean();

  private final Device device;
  private volatile boolean closed;

  private Context(Device device) {
    this.device = device;
  }

  /** Opens the CPU with the best instruction set and every usable core. */
  public static Context cpu() {
    return cpu(Isa.AUTO, 0);
  }

  /**
   * Opens the CPU.
   *
   * @param isa the instruction set; AUTO honours {@code INTARSIA_ISA}
   * @param threads 1 .. 1024, or 0 for the cores this process may use
   * @throws IllegalStateException when the natives do not load
   * @throws UnsupportedOperationException when this machine lacks the instruction set
   */
  public static Context cpu(Isa isa, int threads) {
    requireThreads(threads);
    requireAvailable(Backends.cpu());
    return new Context(NativeDevice.cpu(isa, threads));
  }

  /**
   * Opens a CUDA device.
   *
   * @param index the device, counted from 0
   * @throws IllegalStateException when CUDA is not available here
   */
  public static Context cuda(int index) {
    if (index < 0) {
      throw new IllegalArgumentException("the CUDA device is " + index + ", expected at least 0");
    }
    requireAvailable(Backends.cuda());
    return new Context(NativeDevice.cuda(index));
  }

  /** Opens the reference: plain Java, slow, the definition of every operation. */
  public static Context reference() {
    return new Context(new JavaDevice());
  }

  /**
   * Opens a backend by name.
   *
   * @param backend {@code cpu}, {@code cuda}, {@code reference}, or {@code auto}: the CPU if its
   *     natives load, else the reference, with one warning per process
   * @param threads CPU only: 1 .. 1024, or 0 for the cores this process may use
   */
  public static Context open(String backend, int threads) {
    requireThreads(threads);
    return switch (backend) {
      case "cpu" -> cpu(Isa.AUTO, threads);
      case "cuda" -> cuda(0);
      case "reference" -> reference();
      case "auto" -> auto(threads);
      default ->
          throw new IllegalArgumentException(
              "the backend is '" + backend + "', expected auto, cpu, cuda or reference");
    };
  }

  private static Context auto(int threads) {
    Backends.Status cpu = Backends.cpu();
    if (cpu.available()) {
      return cpu(Isa.AUTO, threads);
    }
    if (WARNED.compareAndSet(false, true)) {
      LoggerFactory.getLogger(Context.class)
          .warn("the reference backend is used, which is slow: {}", cpu.reason());
    }
    return reference();
  }

  private static void requireThreads(int threads) {
    if (threads < 0 || threads > MAX_THREADS) {
      throw new IllegalArgumentException(
          "threads is "
              + threads
              + ", expected 1 .. "
              + MAX_THREADS
              + ", or 0 for the usable cores");
    }
  }

  private static void requireAvailable(Backends.Status status) {
    if (!status.available()) {
      throw new IllegalStateException(
          "the " + status.name() + " backend is unavailable: " + status.reason());
    }
  }

  /** Returns {@code cpu}, {@code cuda} or {@code reference}. */
  public String backend() {
    return device.backend();
  }

  /** Returns {@code scalar}, {@code avx2}, {@code avx512}; {@code cuda}; or {@code java}. */
  public String isa() {
    return device.isa();
  }

  /** Returns the threads that the kernels use. */
  public int threads() {
    return device.threads();
  }

  /**
   * Returns how activations of at least {@link Layout#SMALL_BATCH} images are kept; fewer are
   * row-major.
   */
  public Layout layout() {
    return device.layout();
  }

  /** Returns the bytes allocated and not yet freed; 0 after close. */
  public long usedBytes() {
    return usage().usedBytes();
  }

  /** Returns the highest {@link #usedBytes} so far; 0 after close. */
  public long peakBytes() {
    return usage().peakBytes();
  }

  /** Returns the bytes of the scratch arena; 0 after close. */
  public long scratchBytes() {
    return usage().scratchBytes();
  }

  /** Returns the requests to the system so far, arena growth included; 0 after close. */
  public long allocations() {
    return usage().allocations();
  }

  private Device.Usage usage() {
    return closed ? new Device.Usage(0, 0, 0, 0) : device.usage();
  }

  /** Waits until every op issued so far is done. */
  public void synchronize() {
    requireOpen();
    device.synchronize();
  }

  /** Returns whether {@link #close} was called. */
  public boolean isClosed() {
    return closed;
  }

  /** Frees the context and everything made on it; a second call does nothing. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      device.close();
    }
  }

  /** Returns what the context stands on; internal to the bindings, throws after close. */
  public Device device() {
    requireOpen();
    return device;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException(
          "the " + device.backend() + " context is closed; open a new one");
    }
  }

  @Override
  public String toString() {
    return device.backend()
        + " ("
        + device.isa()
        + ", "
        + device.threads()
        + " threads)"
        + (closed ? ", closed" : "");
  }
}
