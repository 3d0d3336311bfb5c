// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.DType;
import java.util.Arrays;

/** Elements in a Java array, row-major: the memory of the reference backend. */
public final class JavaStorage extends Storage {
  private final JavaDevice device;
  private Object array; // float[], int[] or long[]

  JavaStorage(JavaDevice device, DType type, int elements) {
    super(type, elements, null);
    this.device = device;
    array =
        switch (type) {
          case F32 -> new float[elements];
          case I32 -> new int[elements];
          case I64 -> new long[elements];
        };
  }

  private JavaStorage(JavaStorage owner, int elements) {
    super(owner.type(), elements, owner);
    device = owner.device;
    array = owner.array;
  }

  @Override
  public Storage first(long count) {
    return new JavaStorage(this, (int) count);
  }

  @Override
  public Storage part(long at, long count) {
    throw new UnsupportedOperationException(
        "the reference backend has no part of a tensor; take a native backend, or copy");
  }

  /** Returns the elements themselves, others after them where they are borrowed. */
  public float[] floats() {
    return (float[]) array;
  }

  /** Returns the elements themselves. */
  public int[] ints() {
    return (int[]) array;
  }

  /** Returns the elements themselves. */
  public long[] longs() {
    return (long[]) array;
  }

  @Override
  public void upload(float[] src, int offset, long at, int count) {
    System.arraycopy(src, offset, array, (int) at, count);
  }

  @Override
  public void upload(int[] src, int offset, long at, int count) {
    System.arraycopy(src, offset, array, (int) at, count);
  }

  @Override
  public void download(float[] dst, long at) {
    System.arraycopy(array, (int) at, dst, 0, dst.length);
  }

  @Override
  public void download(int[] dst, long at) {
    System.arraycopy(array, (int) at, dst, 0, dst.length);
  }

  @Override
  public void download(long[] dst) {
    System.arraycopy(array, 0, dst, 0, dst.length);
  }

  @Override
  public void zero() {
    switch (type()) {
      case F32 -> Arrays.fill(floats(), 0, (int) elements(), 0);
      case I32 -> Arrays.fill(ints(), 0, (int) elements(), 0);
      case I64 -> Arrays.fill(longs(), 0, (int) elements(), 0);
    }
  }

  @Override
  public void copyFrom(Storage src) {
    System.arraycopy(((JavaStorage) src).array, 0, array, 0, (int) elements());
  }

  @Override
  void release() {
    array = null;
    device.released(elements() * type().bytes());
  }
}
