// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.DType;
import dev.intarsia.DeviceMemoryException;
import dev.intarsia.Layout;

/** The reference backend's device: Java arrays, one thread. */
public final class JavaDevice implements Device {
  private long usedBytes;
  private long peakBytes;
  private long allocations;

  @Override
  public String backend() {
    return "reference";
  }

  @Override
  public String isa() {
    return "java";
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public Layout layout() {
    return Layout.NCHW;
  }

  @Override
  public synchronized Usage usage() {
    return new Usage(usedBytes, peakBytes, 0, allocations);
  }

  @Override
  public synchronized Storage allocate(DType type, long elements) {
    if (elements > Integer.MAX_VALUE - 8) {
      throw new DeviceMemoryException(
          "memory_allocate: "
              + elements
              + " elements asked for, the reference backend holds at most "
              + (Integer.MAX_VALUE - 8)
              + " in one tensor; use the cpu backend");
    }
    Storage storage = new JavaStorage(this, type, (int) elements);
    allocations++;
    usedBytes += elements * type.bytes();
    peakBytes = Math.max(peakBytes, usedBytes);
    return storage;
  }

  synchronized void released(long bytes) {
    usedBytes -= bytes;
  }

  @Override
  public void synchronize() {}

  @Override
  public synchronized void close() {
    usedBytes = 0;
  }
}
