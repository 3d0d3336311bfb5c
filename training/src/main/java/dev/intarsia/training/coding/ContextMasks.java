// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import dev.intarsia.PlaneShape;
import java.util.Arrays;
import java.util.List;

/**
 * One plane coded by what earlier tasks' planes and its own neighbours tell of each bit: tasks that
 * reuse weights, and masks with structure, cost less than the entropy of their density.
 *
 * <p>Layout: one byte, 0 raw or 1 coded. Raw: the words, little-endian. Coded: the range code of
 * all weights, row by row, pad bits left out. A plane that does not compress is stored raw, so a
 * code is never longer than the words and one byte. The decoder needs the same earlier planes.
 */
public final class ContextMasks {
  private static final int RAW = 0;
  private static final int CODED = 1;

  private ContextMasks() {}

  /**
   * Codes a plane.
   *
   * @param kernel weights of one k x k kernel (9 for 3x3), which masks often keep or drop together;
   *     1 for a linear layer
   * @param earlier planes of the same layer of the tasks before, the latest last
   * @param words the plane, [rows, wordsPerRow], pad bits zero
   */
  public static byte[] encode(PlaneShape shape, int kernel, List<int[]> earlier, int[] words) {
    require(shape, kernel, earlier);
    Planes.requireWords(shape, words);
    int[] known = new int[words.length];
    MaskModel model = new MaskModel(shape, kernel, earlier, known);
    RangeEncoder out = new RangeEncoder();
    Planes.forEach(
        shape,
        (row, col) -> {
          int bit = Planes.get(shape, words, row, col);
          out.encode(bit, model.predict(row, col));
          model.update(bit);
          Planes.set(shape, known, row, col, bit);
        });
    byte[] code = out.finish();
    return code.length < 4 * words.length ? prefixed(CODED, code) : raw(words);
  }

  /** Returns a code of the plane that is larger and read at once; {@link #decode} takes it, too. */
  public static byte[] raw(PlaneShape shape, int[] words) {
    Planes.requireWords(shape, words);
    return raw(words);
  }

  /** Returns the plane that {@link #encode} was given, from the same shape, kernel and planes. */
  public static int[] decode(PlaneShape shape, int kernel, List<int[]> earlier, byte[] coded) {
    require(shape, kernel, earlier);
    int[] words = new int[shape.rows() * shape.wordsPerRow()];
    if (coded.length == 0 || coded[0] != RAW && coded[0] != CODED) {
      throw new CorruptCodeException(
          coded.length == 0
              ? "the code of a mask is empty; take an intact copy"
              : "the code of a mask starts with " + coded[0] + ", expected 0 (raw) or 1 (coded)");
    }
    if (coded[0] == RAW) {
      readRaw(shape, coded, words);
      return words;
    }
    MaskModel model = new MaskModel(shape, kernel, earlier, words);
    RangeDecoder in = new RangeDecoder(coded, 1);
    Planes.forEach(
        shape,
        (row, col) -> {
          int bit = in.decode(model.predict(row, col));
          model.update(bit);
          Planes.set(shape, words, row, col, bit);
        });
    in.requireEnd();
    return words;
  }

  private static void require(PlaneShape shape, int kernel, List<int[]> earlier) {
    if (kernel < 1) {
      throw new IllegalArgumentException(
          "kernel is " + kernel + ", must be at least 1; 9 for 3x3, 1 for a linear layer");
    }
    earlier.forEach(plane -> Planes.requireWords(shape, plane));
  }

  private static byte[] prefixed(int kind, byte[] code) {
    byte[] bytes = new byte[code.length + 1];
    bytes[0] = (byte) kind;
    System.arraycopy(code, 0, bytes, 1, code.length);
    return bytes;
  }

  private static byte[] raw(int[] words) {
    BitWriter out = new BitWriter();
    Arrays.stream(words).forEach(word -> out.write(word, 32));
    return prefixed(RAW, out.toBytes());
  }

  private static void readRaw(PlaneShape shape, byte[] coded, int[] words) {
    if (coded.length != 1 + 4 * words.length) {
      throw new CorruptCodeException(
          "a raw mask has " + (coded.length - 1) + " bytes, expected " + 4 * words.length);
    }
    BitReader in = new BitReader(Arrays.copyOfRange(coded, 1, coded.length));
    int pad = shape.cols() % 32 == 0 ? 0 : -1 << shape.cols() % 32;
    for (int i = 0; i < words.length; i++) {
      words[i] = in.read(32);
      if ((i + 1) % shape.wordsPerRow() == 0 && (words[i] & pad) != 0) {
        throw new CorruptCodeException("a raw mask has bits set behind its last column");
      }
    }
  }
}
