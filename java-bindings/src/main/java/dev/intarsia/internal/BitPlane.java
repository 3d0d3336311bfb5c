// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.PlaneShape;

/** Mask words to one boolean per weight and back. */
public final class BitPlane {
  private BitPlane() {}

  /** Returns one boolean per weight, [rows, cols], from words [rows, wordsPerRow]. */
  public static boolean[] bits(PlaneShape shape, int[] words) {
    boolean[] bits = new boolean[shape.elements()];
    for (int row = 0; row < shape.rows(); row++) {
      for (int col = 0; col < shape.cols(); col++) {
        int word = words[row * shape.wordsPerRow() + col / 32];
        bits[row * shape.cols() + col] = (word >>> (col % 32) & 1) != 0;
      }
    }
    return bits;
  }

  /** Returns words [rows, wordsPerRow], pad bits zero, from one boolean per weight. */
  public static int[] words(PlaneShape shape, boolean[] bits) {
    int[] words = new int[shape.rows() * shape.wordsPerRow()];
    for (int row = 0; row < shape.rows(); row++) {
      for (int col = 0; col < shape.cols(); col++) {
        if (bits[row * shape.cols() + col]) {
          words[row * shape.wordsPerRow() + col / 32] |= 1 << (col % 32);
        }
      }
    }
    return words;
  }
}
