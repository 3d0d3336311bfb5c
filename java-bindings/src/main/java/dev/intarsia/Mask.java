// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.BitPlane;
import dev.intarsia.internal.Storage;
import java.util.Arrays;
import java.util.function.IntBinaryOperator;

/**
 * One bit per weight, in the memory of a context: what a kernel obeys.
 *
 * <p>Rows of [ceil(cols / 32)] words, bit 0 first; a row starts on a word and its pad bits are
 * zero. A row is one filter (cols = I * KH * KW) or one output (cols = I). Bit algebra runs on the
 * host; it is meant for once per task, not for every step.
 */
public final class Mask implements AutoCloseable {
  private final Context context;
  private final PlaneShape shape;
  private final Storage storage;

  private Mask(Context context, PlaneShape shape) {
    this.context = context;
    this.shape = shape;
    storage = context.device().allocate(DType.I32, (long) shape.rows() * shape.wordsPerRow());
  }

  /** Allocates a mask without a bit. */
  public static Mask empty(Context context, int rows, int cols) {
    return new Mask(context, new PlaneShape(rows, cols));
  }

  /** Allocates a mask with every bit. */
  public static Mask full(Context context, int rows, int cols) {
    Mask mask = empty(context, rows, cols);
    mask.setAll();
    return mask;
  }

  /** Allocates a mask from one boolean per weight, row-major [rows, cols]. */
  public static Mask of(Context context, int rows, int cols, boolean[] bits) {
    PlaneShape shape = new PlaneShape(rows, cols);
    if (bits.length != shape.elements()) {
      throw new IllegalArgumentException(
          "the mask has "
              + bits.length
              + " values, expected "
              + rows
              + " x "
              + cols
              + " = "
              + shape.elements());
    }
    return of(context, rows, cols, BitPlane.words(shape, bits));
  }

  /** Allocates a mask from its words, [rows, ceil(cols / 32)]. */
  public static Mask of(Context context, int rows, int cols, int[] words) {
    PlaneShape shape = new PlaneShape(rows, cols);
    requireWords(shape, words);
    Mask mask = new Mask(context, shape);
    mask.storage.upload(words, 0, 0, words.length);
    return mask;
  }

  /** Returns the number of filters or outputs. */
  public int rows() {
    return shape.rows();
  }

  /** Returns the weights of one row. */
  public int cols() {
    return shape.cols();
  }

  /** Returns the 32-bit words of one row. */
  public int wordsPerRow() {
    return shape.wordsPerRow();
  }

  /** Returns the context that the memory belongs to. */
  public Context context() {
    return context;
  }

  /** Returns one bit; reads the whole mask, so take {@link #words} for many. */
  public boolean get(int row, int col) {
    if (row < 0 || row >= rows() || col < 0 || col >= cols()) {
      throw new IllegalArgumentException(
          "the weight is ["
              + row
              + ", "
              + col
              + "], the mask has ["
              + rows()
              + ", "
              + cols()
              + "]");
    }
    return (words()[row * wordsPerRow() + col / 32] >>> (col % 32) & 1) != 0;
  }

  /** Returns the number of bits set. */
  public long cardinality() {
    long count = 0;
    for (int word : words()) {
      count += Integer.bitCount(word);
    }
    return count;
  }

  /** Returns a copy of the words, [rows, wordsPerRow]. */
  public int[] words() {
    requireOpen("words");
    int[] words = new int[(int) storage.elements()];
    storage.download(words, 0);
    return words;
  }

  /**
   * Writes all words.
   *
   * @param words [rows, wordsPerRow], pad bits zero
   * @throws IllegalArgumentException when the length is wrong or a pad bit is set
   */
  public void setWords(int[] words) {
    requireOpen("setWords");
    requireWords(shape, words);
    storage.upload(words, 0, 0, words.length);
  }

  /** Sets every bit. */
  public void setAll() {
    int[] words = new int[rows() * wordsPerRow()];
    for (int i = 0; i < words.length; i++) {
      words[i] = wordMask(shape, i);
    }
    setWords(words);
  }

  /** Clears every bit. */
  public void clear() {
    requireOpen("clear");
    storage.zero();
  }

  /** Copies a mask of the same shape; it may be of another context. */
  public void copyFrom(Mask src) {
    combine("copyFrom", src, (mine, theirs) -> theirs);
  }

  /** Keeps the bits of either. */
  public void or(Mask other) {
    combine("or", other, (mine, theirs) -> mine | theirs);
  }

  /** Keeps the bits of both. */
  public void and(Mask other) {
    combine("and", other, (mine, theirs) -> mine & theirs);
  }

  /** Keeps the bits that the other lacks. */
  public void andNot(Mask other) {
    combine("andNot", other, (mine, theirs) -> mine & ~theirs);
  }

  private void combine(String call, Mask other, IntBinaryOperator operator) {
    requireOpen(call);
    if (!other.shape.equals(shape)) {
      throw new IllegalArgumentException(
          call + ": the other mask is " + other + ", expected " + this);
    }
    int[] words = words();
    int[] others = other.words();
    Arrays.setAll(words, i -> operator.applyAsInt(words[i], others[i]));
    setWords(words);
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

  /** Returns the words where they live; internal to the bindings. */
  public Storage storage() {
    return storage;
  }

  private void requireOpen(String call) {
    if (isClosed()) {
      throw new IllegalStateException(
          call + ": " + this + " is closed" + (context.isClosed() ? " with its context" : ""));
    }
  }

  /** Returns the bits of word {@code i} of a mask that belong to weights. */
  private static int wordMask(PlaneShape shape, int i) {
    int bits = shape.cols() - i % shape.wordsPerRow() * 32;
    return bits >= 32 ? -1 : (1 << bits) - 1;
  }

  private static void requireWords(PlaneShape shape, int[] words) {
    if (words.length != shape.rows() * shape.wordsPerRow()) {
      throw new IllegalArgumentException(
          "the mask has "
              + words.length
              + " words, expected "
              + shape.rows()
              + " rows of "
              + shape.wordsPerRow()
              + " words for "
              + shape.cols()
              + " weights each");
    }
    for (int i = 0; i < words.length; i++) {
      if ((words[i] & ~wordMask(shape, i)) != 0) {
        throw new IllegalArgumentException(
            "mask word "
                + i
                + " is 0x"
                + Integer.toHexString(words[i])
                + ", a bit beyond weight "
                + (shape.cols() - 1)
                + " of its row is set; pad bits are zero");
      }
    }
  }

  @Override
  public String toString() {
    return "mask [" + rows() + ", " + cols() + "]";
  }
}
