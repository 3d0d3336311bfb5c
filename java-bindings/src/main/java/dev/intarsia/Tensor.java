// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Storage;
import java.util.Arrays;

/**
 * A shaped piece of a context's memory. Owned by whoever made it, freed by {@link #close} or with
 * its context; a {@link #view} borrows.
 *
 * <p>Plain tensors are row-major. Activations [N, C, H, W] have a {@link Layout}, which follows
 * from the context and from N, how many images they can hold, or is named. Users hand in and read
 * out NCHW: {@link #upload} and {@link #download} convert, one element at a time. In a net {@code
 * ops.Reorder} does that faster.
 */
public final class Tensor implements AutoCloseable {
  private final Context context;
  private final Storage storage;
  private final long[] dims;
  private final boolean activations;
  private final Layout layout;

  private Tensor(
      Context context, Storage storage, long[] dims, boolean activations, Layout layout) {
    this.context = context;
    this.storage = storage;
    this.dims = dims;
    this.activations = activations;
    this.layout = layout;
  }

  /** Allocates a row-major F32 tensor of zeros. */
  public static Tensor plain(Context context, long... dims) {
    return plain(context, DType.F32, dims);
  }

  /** Allocates a row-major tensor of zeros. */
  public static Tensor plain(Context context, DType dtype, long... dims) {
    long elements = count(dims);
    Storage storage = context.device().allocate(dtype, elements);
    return new Tensor(context, storage, dims.clone(), false, Layout.NCHW);
  }

  /**
   * Allocates an F32 tensor [N, C, H, W] of zeros, pad lanes included, in the layout that the
   * context gives to N images.
   */
  public static Tensor activations(Context context, int n, int c, int h, int w) {
    return activations(context, context.layout().forImages(n), n, c, h, w);
  }

  /**
   * Allocates an F32 tensor [N, C, H, W] of zeros in a layout; all activations of an op have the
   * same one.
   *
   * @throws IllegalArgumentException when the context does not know the layout
   */
  public static Tensor activations(Context context, Layout layout, int n, int c, int h, int w) {
    long[] dims = {n, c, h, w};
    count(dims);
    if (layout != Layout.NCHW && layout != context.layout()) {
      throw new IllegalArgumentException(
          "the layout is "
              + layout
              + ", expected NCHW: the "
              + context.backend()
              + " backend has no other; name none and the context chooses");
    }
    long elements = layout.paddedImages(n) * c * h * w;
    Storage storage = context.device().allocate(DType.F32, elements);
    return new Tensor(context, storage, dims, true, layout);
  }

  /**
   * Returns the first elements of a row-major tensor under other dimensions. The memory stays this
   * tensor's: closing the view does nothing, closing this tensor closes the view.
   *
   * @throws IllegalArgumentException for activations, or when the view would have more elements
   */
  public Tensor view(long... dims) {
    requireOpen("view");
    long elements = count(dims);
    if (activations || elements > elements()) {
      throw new IllegalArgumentException(
          "a view of "
              + Arrays.toString(dims)
              + " was asked of "
              + this
              + ", expected a row-major tensor of at least "
              + elements
              + " elements");
    }
    return new Tensor(context, storage.first(elements), dims.clone(), false, Layout.NCHW);
  }

  /**
   * Returns some images of activations, in their layout, for ops of as many images. The memory
   * stays this tensor's, as with {@link #view}.
   *
   * @param first starts a block of the layout
   * @param count from 1 to N - first
   * @throws IllegalArgumentException for row-major values that are not activations, or a range that
   *     does not fit
   * @throws UnsupportedOperationException on the reference backend
   */
  public Tensor images(int first, int count) {
    requireOpen("images");
    if (!activations
        || first < 0
        || first % layout.block() != 0
        || count < 1
        || count > dims[0] - first) {
      throw new IllegalArgumentException(
          "images %d .. %d were asked of %s, expected some of activations, from a multiple of %d on"
              .formatted(first, (long) first + count - 1, this, layout.block()));
    }
    long[] some = dims.clone();
    some[0] = count;
    Storage part =
        storage.part((long) first * imageElements(), layout.paddedImages(count) * imageElements());
    return new Tensor(context, part, some, true, layout);
  }

  private static long count(long[] dims) {
    if (dims.length == 0) {
      throw new IllegalArgumentException(
          "a tensor needs at least one dimension; use 1 for a scalar");
    }
    long product = 1;
    for (long dim : dims) {
      if (dim < 1) {
        throw new IllegalArgumentException(
            "the tensor shape is " + Arrays.toString(dims) + ", expected at least 1 everywhere");
      }
      product = Math.multiplyHigh(product, dim) != 0 ? -1 : product * dim;
      if (product < 0 || product > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "the tensor shape is "
                + Arrays.toString(dims)
                + ", expected at most 2147483647 elements; use a smaller batch or layer");
      }
    }
    return product;
  }

  /** Returns a copy of the dimensions; [N, C, H, W] for activations, in either layout. */
  public long[] dims() {
    return dims.clone();
  }

  /** Returns what one element is. */
  public DType dtype() {
    return storage.type();
  }

  /** Returns whether this holds activations, which ops bind in any {@link Layout}. */
  public boolean isActivations() {
    return activations;
  }

  /** Returns how the elements lie; fixed when the tensor was made. */
  public Layout layout() {
    return layout;
  }

  /** Returns the product of the dimensions; pad lanes are not counted. */
  public long elements() {
    return count(dims);
  }

  /** Returns the shape as text, {@code [8, 3, 32, 32]}. */
  public String shapeText() {
    return Arrays.toString(dims);
  }

  /** Returns the context that the memory belongs to. */
  public Context context() {
    return context;
  }

  /** Writes all elements; F32. The array has exactly {@link #elements} values, NCHW. */
  public void upload(float[] src) {
    requireLength(src.length);
    upload(src, 0, src.length);
  }

  /**
   * Writes the first {@code count} elements from {@code src[offset]}; F32. Activations take whole
   * images, NCHW.
   */
  public void upload(float[] src, int offset, int count) {
    requireOpen("upload");
    requireType(DType.F32, "upload(float[])");
    requireRange(src.length, offset, count);
    if (!isBlocked()) {
      storage.upload(src, offset, 0, count);
      return;
    }
    int image = imageElements();
    if (count % image != 0) {
      throw new IllegalArgumentException(
          "count is " + count + ", expected whole images of " + image + " values");
    }
    int block = image * Layout.BLOCK;
    for (int first = 0; first * image < count; first += Layout.BLOCK) {
      int images = Math.min(Layout.BLOCK, count / image - first);
      float[] lanes = new float[block];
      if (images < Layout.BLOCK) {
        storage.download(lanes, (long) first * image); // images that are not written stay
      }
      for (int n = 0; n < images; n++) {
        for (int e = 0; e < image; e++) {
          lanes[e * Layout.BLOCK + n] = src[offset + (first + n) * image + e];
        }
      }
      storage.upload(lanes, 0, (long) first * image, block);
    }
  }

  /** Writes all elements; I32. */
  public void upload(int[] src) {
    requireLength(src.length);
    upload(src, 0, src.length);
  }

  /** Writes the first {@code count} elements from {@code src[offset]}; I32. */
  public void upload(int[] src, int offset, int count) {
    requireOpen("upload");
    requireType(DType.I32, "upload(int[])");
    requireRange(src.length, offset, count);
    storage.upload(src, offset, 0, count);
  }

  /** Reads all elements; F32, NCHW. */
  public float[] download() {
    requireOpen("download");
    requireType(DType.F32, "download()");
    float[] values = new float[(int) elements()];
    if (!isBlocked()) {
      storage.download(values, 0);
      return values;
    }
    int image = imageElements();
    float[] lanes = new float[(int) storage.elements()];
    storage.download(lanes, 0);
    for (int n = 0; n < dims[0]; n++) {
      int block = n / Layout.BLOCK * Layout.BLOCK * image;
      for (int e = 0; e < image; e++) {
        values[n * image + e] = lanes[block + e * Layout.BLOCK + n % Layout.BLOCK];
      }
    }
    return values;
  }

  /** Reads all elements; I32. */
  public int[] downloadInts() {
    requireOpen("downloadInts");
    requireType(DType.I32, "downloadInts()");
    int[] values = new int[(int) elements()];
    storage.download(values, 0);
    return values;
  }

  /** Reads all elements; I64. */
  public long[] downloadLongs() {
    requireOpen("downloadLongs");
    requireType(DType.I64, "downloadLongs()");
    long[] values = new long[(int) elements()];
    storage.download(values);
    return values;
  }

  /** Writes zeros, into pad lanes too. */
  public void zero() {
    requireOpen("zero");
    storage.zero();
  }

  /** Copies a tensor of the same shape, type, layout and context. */
  public void copyFrom(Tensor src) {
    requireOpen("copyFrom");
    src.requireOpen("copyFrom");
    if (src.context != context) {
      throw new IllegalArgumentException(
          "the tensor to copy is of another context; download and upload it");
    }
    if (!Arrays.equals(src.dims, dims)
        || src.dtype() != dtype()
        || src.activations != activations
        || src.layout != layout) {
      throw new IllegalArgumentException("the tensor to copy is " + src + ", expected " + this);
    }
    storage.copyFrom(src.storage);
  }

  /** Returns whether the memory was given back, by {@link #close} or with the context. */
  public boolean isClosed() {
    return storage.isFree() || context.isClosed();
  }

  /** Gives the memory back; a second call does nothing. */
  @Override
  public void close() {
    storage.free();
  }

  /** Returns the elements where they live; internal to the bindings. */
  public Storage storage() {
    return storage;
  }

  private boolean isBlocked() {
    return layout == Layout.NCHW16;
  }

  private int imageElements() {
    return (int) (dims[1] * dims[2] * dims[3]);
  }

  private void requireOpen(String call) {
    if (isClosed()) {
      throw new IllegalStateException(
          call
              + ": the tensor "
              + this
              + " is closed"
              + (context.isClosed() ? " with its context" : ""));
    }
  }

  private void requireType(DType expected, String call) {
    if (dtype() != expected) {
      throw new IllegalArgumentException(
          call + ": the tensor " + this + " holds " + dtype() + ", expected " + expected);
    }
  }

  private void requireLength(int length) {
    if (length != elements()) {
      throw new IllegalArgumentException(
          "the array has " + length + " values, the tensor " + this + " has " + elements());
    }
  }

  private void requireRange(int length, int offset, int count) {
    if (offset < 0 || count < 0 || offset > length - count || count > elements()) {
      throw new IllegalArgumentException(
          "values "
              + offset
              + " .. "
              + ((long) offset + count)
              + " were asked for; the array has "
              + length
              + ", the tensor "
              + this
              + " takes "
              + elements());
    }
  }

  @Override
  public String toString() {
    return dtype() + " " + shapeText() + (activations ? " activations" : "");
  }
}
