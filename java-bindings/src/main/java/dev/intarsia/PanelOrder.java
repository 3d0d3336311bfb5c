// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/**
 * Planes as the codebook ops read them: the bits of sixteen rows at a column stand together. A
 * plane [rows, cols] becomes a {@link Mask} of [ceil(rows / 16), 16 * cols], in which bit 16 * c +
 * r of row p is that of weight (16 * p + r, c).
 */
public final class PanelOrder {
  /** Rows of a panel. */
  public static final int ROWS = 16;

  private PanelOrder() {}

  /** Returns the shape of a plane's mask in panel order. */
  public static PlaneShape shape(PlaneShape plane) {
    return new PlaneShape((plane.rows() + ROWS - 1) / ROWS, ROWS * plane.cols());
  }

  /** Returns words in panel order from those of a mask, [rows, wordsPerRow]. */
  public static int[] words(PlaneShape plane, int[] words) {
    if (words.length != plane.rows() * plane.wordsPerRow()) {
      throw new IllegalArgumentException(
          "the plane has "
              + words.length
              + " words, expected "
              + plane.rows() * plane.wordsPerRow()
              + " for "
              + plane);
    }
    PlaneShape panels = shape(plane);
    int[] turned = new int[panels.rows() * panels.wordsPerRow()];
    for (int row = 0; row < plane.rows(); row++) {
      int from = row * plane.wordsPerRow();
      int to = row / ROWS * panels.wordsPerRow();
      for (int word = 0; word < plane.wordsPerRow(); word++) {
        for (int bits = words[from + word]; bits != 0; bits &= bits - 1) {
          int col = 32 * word + Integer.numberOfTrailingZeros(bits);
          turned[to + col / 2] |= 1 << (col % 2 * ROWS + row % ROWS);
        }
      }
    }
    return turned;
  }

  /** Returns a mask in panel order with the bits of another, on its context. */
  public static Mask of(Mask mask) {
    PlaneShape plane = new PlaneShape(mask.rows(), mask.cols());
    PlaneShape panels = shape(plane);
    return Mask.of(mask.context(), panels.rows(), panels.cols(), words(plane, mask.words()));
  }
}
