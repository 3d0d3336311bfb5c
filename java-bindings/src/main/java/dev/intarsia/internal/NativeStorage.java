// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.DType;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/** Elements in memory of a native context. The pointer is made once; nothing is freed by the GC. */
public final class NativeStorage extends Storage {
  private final NativeDevice device;
  private final Pointer pointer; // FloatPointer, IntPointer or LongPointer, by type

  NativeStorage(NativeDevice device, DType type, long elements, Pointer memory) {
    this(device, type, elements, memory, null);
  }

  private NativeStorage(
      NativeDevice device, DType type, long elements, Pointer memory, NativeStorage owner) {
    super(type, elements, owner);
    this.device = device;
    pointer =
        switch (type) {
          case F32 -> new FloatPointer(memory);
          case I32 -> new IntPointer(memory);
          case I64 -> new LongPointer(memory);
        };
    pointer.capacity(elements);
  }

  /** Returns the address of the first element; valid until the storage is freed. */
  public FloatPointer floats() {
    return (FloatPointer) pointer;
  }

  /** Returns the address of the first element; valid until the storage is freed. */
  public IntPointer ints() {
    return (IntPointer) pointer;
  }

  /** Returns the address of the first element; valid until the storage is freed. */
  public LongPointer longs() {
    return (LongPointer) pointer;
  }

  @Override
  public Storage first(long count) {
    return new NativeStorage(device, type(), count, pointer, this);
  }

  @Override
  public Storage part(long at, long count) {
    return new NativeStorage(device, type(), count, from(at), this);
  }

  @Override
  public void upload(float[] src, int offset, long at, int count) {
    device.upload(from(at), bytes(count), host -> new FloatPointer(host).put(src, offset, count));
  }

  @Override
  public void upload(int[] src, int offset, long at, int count) {
    device.upload(from(at), bytes(count), host -> new IntPointer(host).put(src, offset, count));
  }

  @Override
  public void download(float[] dst, long at) {
    device.download(from(at), bytes(dst.length), host -> new FloatPointer(host).get(dst));
  }

  @Override
  public void download(int[] dst, long at) {
    device.download(from(at), bytes(dst.length), host -> new IntPointer(host).get(dst));
  }

  @Override
  public void download(long[] dst) {
    device.download(pointer, bytes(dst.length), host -> new LongPointer(host).get(dst));
  }

  @Override
  public void zero() {
    device.zero(pointer, bytes(elements()));
  }

  @Override
  public void copyFrom(Storage src) {
    device.copy(pointer, ((NativeStorage) src).pointer, bytes(elements()));
  }

  @Override
  void release() {
    device.release(pointer);
  }

  private Pointer from(long at) {
    return at == 0 ? pointer : pointer.getPointer(at);
  }

  private long bytes(long count) {
    return count * type().bytes();
  }
}
