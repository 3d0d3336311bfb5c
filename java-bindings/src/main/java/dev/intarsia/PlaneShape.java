// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Require;

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

  @Override
  public String toString() {
    return "r" + rows + "c" + cols;
  }
}
