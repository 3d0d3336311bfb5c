// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.CodeLayout;
import java.util.Arrays;

/**
 * Weights as codes of one to eight bits, in the memory of a context and in the layout that kernels
 * read: sixteen rows side by side, 32 / bits columns a word (docs/formats/codes.md). A code means
 * nothing without its codebook.
 */
public final class Codes implements AutoCloseable {
  /** Most bits of a code. */
  public static final int MAX_BITS = 8;

  private final Context context;
  private final CodeLayout layout;
  private final Tensor words;

  private Codes(Context context, CodeLayout layout) {
    this.context = context;
    this.layout = layout;
    words = Tensor.plain(context, DType.I32, layout.words());
  }

  /**
   * Allocates codes that are all 0.
   *
   * @param rows filters (O) or outputs
   * @param cols weights of one row
   * @param bits of a code, 1 to 8
   */
  public static Codes zeros(Context context, int rows, int cols, int bits) {
    if (bits < 1 || bits > MAX_BITS) {
      throw new IllegalArgumentException("bits is " + bits + ", expected 1 .. " + MAX_BITS);
    }
    return new Codes(context, new CodeLayout(new PlaneShape(rows, cols), bits));
  }

  /** Returns the bits that codes of so many centres need, 1 at least. */
  public static int bitsFor(int centres) {
    return Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(centres - 1));
  }

  /** Allocates codes from one byte per weight, [rows, cols], unsigned. */
  public static Codes of(Context context, int rows, int cols, int bits, byte[] codes) {
    Codes made = zeros(context, rows, cols, bits);
    made.pack(codes);
    return made;
  }

  /** Returns the number of filters or outputs. */
  public int rows() {
    return layout.shape().rows();
  }

  /** Returns the weights of one row. */
  public int cols() {
    return layout.shape().cols();
  }

  /** Returns the bits of a code. */
  public int bits() {
    return layout.bits();
  }

  /** Returns the bytes that the codes take. */
  public long bytes() {
    return 4L * layout.words();
  }

  /** Returns the context that the memory belongs to. */
  public Context context() {
    return context;
  }

  /** Returns one code, 0 to 2^bits - 1, without reading the others. */
  public int get(int row, int col) {
    requireOpen("get");
    if (row < 0 || row >= rows() || col < 0 || col >= cols()) {
      throw new IllegalArgumentException("the weight is [" + row + ", " + col + "], of " + this);
    }
    int[] word = new int[1];
    words.storage().download(word, layout.word(row, col));
    return word[0] >>> layout.shift(col) & (1 << bits()) - 1;
  }

  /** Returns one byte per weight, [rows, cols], unsigned. */
  public byte[] unpack() {
    return layout.unpack(words());
  }

  /**
   * Writes all codes from one byte per weight, [rows, cols], unsigned.
   *
   * @throws IllegalArgumentException when the length is wrong or a code has too many bits
   */
  public void pack(byte[] codes) {
    requireOpen("pack");
    if (codes.length != layout.shape().elements()) {
      throw new IllegalArgumentException(
          "there are " + codes.length + " codes, expected " + layout.shape().elements());
    }
    for (int i = 0; i < codes.length; i++) {
      if ((codes[i] & 0xFF) >>> bits() != 0) {
        throw new IllegalArgumentException(
            "code "
                + i
                + " is "
                + (codes[i] & 0xFF)
                + ", expected 0 .. "
                + ((1 << bits()) - 1)
                + "; take more bits");
      }
    }
    words.upload(layout.pack(codes));
  }

  /** Returns a copy of the words as they lie in memory. */
  public int[] words() {
    requireOpen("words");
    return words.downloadInts();
  }

  /**
   * Writes all words as {@link #words} returned them.
   *
   * @throws IllegalArgumentException when the length is wrong or an unused bit is set
   */
  public void setWords(int[] src) {
    requireOpen("setWords");
    if (src.length != layout.words()) {
      throw new IllegalArgumentException(
          "there are " + src.length + " words, expected " + layout.words() + " for " + this);
    }
    if (!Arrays.equals(src, layout.pack(layout.unpack(src)))) {
      throw new IllegalArgumentException(
          "a bit outside the codes of " + this + " is set; unused bits are zero");
    }
    words.upload(src);
  }

  /** Returns whether the memory was given back, by {@link #close} or with the context. */
  public boolean isClosed() {
    return words.isClosed();
  }

  /** Gives the memory back; a second call does nothing. */
  @Override
  public void close() {
    words.close();
  }

  /** Returns the words where they live, I32 [words]; internal to the bindings. */
  public Tensor tensor() {
    return words;
  }

  private void requireOpen(String call) {
    if (isClosed()) {
      throw new IllegalStateException(
          call + ": " + this + " is closed" + (context.isClosed() ? " with its context" : ""));
    }
  }

  @Override
  public String toString() {
    return "codes [" + rows() + ", " + cols() + "] of " + bits() + " bits";
  }
}
