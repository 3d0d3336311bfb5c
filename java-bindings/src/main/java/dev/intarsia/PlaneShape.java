// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Require;
import java.util.Arrays;

/**
 * Geometry of a parameter and its masks: one row per filter or output, one column per weight of it.
 *
 * @param rows filters (O) or outputs
 * @param cols weights of one row: I * KH * KW, or I
 */
public record PlaneShape(int rows, int cols) {
  private static final String NAME = "PlaneShape";

  /** Checks both sizes. */
  public PlaneShape {
    Require.positive(NAME, "rows", rows);
    Require.positive(NAME, "cols", cols);
    Require.elements(NAME, "the plane", rows, cols);
  }

  /** Returns rows * cols. */
  public int elements() {
    return rows * cols;
  }

  /** Returns the 32-bit mask words of one row. */
  public int wordsPerRow() {
    return (cols + 31) / 32;
  }

  /**
   * Returns the places, rows * cols, of the weights inside a mask, ascending.
   *
   * @param words of the mask, [rows, wordsPerRow]
   */
  public int[] indices(int[] words) {
    int[] indices = new int[elements()];
    int count = 0;
    for (int word = 0; word < words.length; word++) {
      int first = word / wordsPerRow() * cols + word % wordsPerRow() * Integer.SIZE;
      for (int bits = words[word]; bits != 0; bits &= bits - 1) {
        indices[count++] = first + Integer.numberOfTrailingZeros(bits);
      }
    }
    return Arrays.copyOf(indices, count);
  }

  @Override
  public String toString() {
    return "r" + rows + "c" + cols;
  }
}
