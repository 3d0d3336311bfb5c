// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

import dev.intarsia.PlaneShape;

/**
 * Where the code of a weight lies: panels of sixteen rows, words of 32 / bits columns, the first in
 * the lowest bits. The mirror of {@code codes.h}; docs/formats/codes.md.
 *
 * @param shape of the weights
 * @param bits of a code, 1 to 8
 */
public record CodeLayout(PlaneShape shape, int bits) {
  private static final int PANEL_ROWS = 16;

  /** Returns codes of one word. */
  public int perWord() {
    return Integer.SIZE / bits;
  }

  /** Returns all words. */
  public int words() {
    int panels = (shape.rows() + PANEL_ROWS - 1) / PANEL_ROWS;
    return panels * wordsPerPanel();
  }

  private int wordsPerPanel() {
    return (shape.cols() + perWord() - 1) / perWord() * PANEL_ROWS;
  }

  /** Returns the word of a weight. */
  public int word(int row, int col) {
    return row / PANEL_ROWS * wordsPerPanel() + col / perWord() * PANEL_ROWS + row % PANEL_ROWS;
  }

  /** Returns the lowest bit of its code there. */
  public int shift(int col) {
    return col % perWord() * bits;
  }

  /** Returns one code per weight, [rows, cols]. */
  public byte[] unpack(int[] words) {
    byte[] codes = new byte[shape.elements()];
    for (int row = 0; row < shape.rows(); row++) {
      for (int col = 0; col < shape.cols(); col++) {
        int code = words[word(row, col)] >>> shift(col) & (1 << bits) - 1;
        codes[row * shape.cols() + col] = (byte) code;
      }
    }
    return codes;
  }

  /** Returns words, unused bits zero, from one code per weight, each below 2^bits. */
  public int[] pack(byte[] codes) {
    int[] words = new int[words()];
    for (int row = 0; row < shape.rows(); row++) {
      for (int col = 0; col < shape.cols(); col++) {
        words[word(row, col)] |= (codes[row * shape.cols() + col] & 0xFF) << shift(col);
      }
    }
    return words;
  }
}
