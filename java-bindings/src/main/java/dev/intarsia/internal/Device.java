// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.DType;
import dev.intarsia.Layout;

/** What a context stands on: native memory and kernels, or Java arrays and the reference. */
public sealed interface Device permits NativeDevice, JavaDevice {
  /** The backend's word: {@code cpu}, {@code cuda} or {@code reference}. */
  String backend();

  /** The instruction set's word; {@code cuda} and {@code java} for those backends. */
  String isa();

  /** Threads that the kernels use. */
  int threads();

  /** How activations of at least {@link Layout#SMALL_BATCH} images are kept. */
  Layout layout();

  /** Current memory accounts. */
  Usage usage();

  /** Allocates zeroed elements, owned by the device until they are freed or it is closed. */
  Storage allocate(DType type, long elements);

  /** Waits until every op issued so far is done. */
  void synchronize();

  /** Frees everything; no other call may follow. */
  void close();

  /**
   * Memory accounts.
   *
   * @param usedBytes allocated and not yet freed
   * @param peakBytes highest usedBytes so far
   * @param scratchBytes size of the scratch arena
   * @param allocations requests to the system so far
   */
  record Usage(long usedBytes, long peakBytes, long scratchBytes, long allocations) {}
}
