// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.DType;

/** The elements of one tensor or mask, wherever they live. Ranges are checked by the caller. */
public abstract sealed class Storage permits NativeStorage, JavaStorage {
  private final DType type;
  private final long elements;
  private final Storage owner; // of the memory; null when this owns it
  private boolean free;

  Storage(DType type, long elements, Storage owner) {
    this.type = type;
    this.elements = elements;
    this.owner = owner;
  }

  public final DType type() {
    return type;
  }

  public final long elements() {
    return elements;
  }

  /** Returns whether the memory was given back. */
  public final boolean isFree() {
    return owner == null ? free : owner.isFree();
  }

  /** Gives the memory back; a second call does nothing, nor does one on borrowed memory. */
  public final void free() {
    if (owner == null && !free) {
      free = true;
      release();
    }
  }

  /** Returns the first elements, borrowed: they are freed with these. */
  public abstract Storage first(long count);

  /**
   * Returns {@code count} elements from element {@code at}, borrowed.
   *
   * @throws UnsupportedOperationException on the reference, whose elements start an array
   */
  public abstract Storage part(long at, long count);

  /** Writes {@code count} elements from {@code src[offset]} to element {@code at}. */
  public abstract void upload(float[] src, int offset, long at, int count);

  /** Writes {@code count} elements from {@code src[offset]} to element {@code at}. */
  public abstract void upload(int[] src, int offset, long at, int count);

  /** Reads {@code dst.length} elements from element {@code at}. */
  public abstract void download(float[] dst, long at);

  /** Reads {@code dst.length} elements from element {@code at}. */
  public abstract void download(int[] dst, long at);

  /** Reads the first {@code dst.length} elements. */
  public abstract void download(long[] dst);

  /** Writes zeros everywhere. */
  public abstract void zero();

  /** Copies all elements of a storage of the same device, type and length. */
  public abstract void copyFrom(Storage src);

  abstract void release();
}
