// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import dev.intarsia.PlaneShape;
import java.util.List;

/** Single bits of mask planes on the host: words [rows, wordsPerRow], bit 0 first. */
final class Planes {
  private Planes() {}

  /** Takes one weight at a time. */
  interface Visitor {
    void visit(int row, int col);
  }

  static void forEach(PlaneShape shape, Visitor visitor) {
    for (int row = 0; row < shape.rows(); row++) {
      for (int col = 0; col < shape.cols(); col++) {
        visitor.visit(row, col);
      }
    }
  }

  static int get(PlaneShape shape, int[] words, int row, int col) {
    return words[row * shape.wordsPerRow() + col / 32] >>> col % 32 & 1;
  }

  static void set(PlaneShape shape, int[] words, int row, int col, int bit) {
    words[row * shape.wordsPerRow() + col / 32] |= bit << col % 32;
  }

  /**
   * Counts symbols: bit p of a weight's symbol is its bit in plane p. Eight weights at a time are
   * turned from bytes of planes into bytes of symbols, the transpose of eight by eight bits.
   *
   * @param planes 1 to 8 of them
   * @return how often each symbol occurs, [2^planes]
   */
  static long[] counts(PlaneShape shape, List<int[]> planes) {
    long[] counts = new long[1 << planes.size()];
    int[][] words = planes.toArray(int[][]::new);
    int wordsPerRow = shape.wordsPerRow();
    for (int row = 0; row < shape.rows(); row++) {
      for (int col = 0; col < shape.cols(); col += Byte.SIZE) {
        int word = row * wordsPerRow + col / 32;
        long bytes = 0;
        for (int p = 0; p < words.length; p++) {
          bytes |= (words[p][word] >>> col % 32 & 0xFFL) << 8 * p;
        }
        long symbols = transposed(bytes);
        for (int k = Math.min(Byte.SIZE, shape.cols() - col); k > 0; k--) {
          counts[(int) symbols & 0xFF]++;
          symbols >>>= 8;
        }
      }
    }
    return counts;
  }

  /** Bit i of byte j becomes bit j of byte i (Warren, <em>Hacker's Delight</em>, 7-3). */
  private static long transposed(long x) {
    long t = (x ^ x >>> 7) & 0x00AA00AA00AA00AAL;
    x ^= t ^ t << 7;
    t = (x ^ x >>> 14) & 0x0000CCCC0000CCCCL;
    x ^= t ^ t << 14;
    t = (x ^ x >>> 28) & 0x00000000F0F0F0F0L;
    return x ^ t ^ t << 28;
  }

  static void requireWords(PlaneShape shape, int[] words) {
    int expected = shape.rows() * shape.wordsPerRow();
    if (words.length != expected) {
      throw new IllegalArgumentException(
          "the plane has " + words.length + " words, expected " + expected + " for " + shape);
    }
  }
}
