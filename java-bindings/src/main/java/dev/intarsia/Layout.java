// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/**
 * How a tensor keeps its elements, fixed when it is made. What is not activations is row-major.
 *
 * <p>The CPU keeps activations of {@link #SMALL_BATCH} images or more in blocks of sixteen, and
 * fewer row-major, where blocks would be mostly pad lanes. The other backends are row-major.
 */
public enum Layout {
  /** Row-major [N, C, H, W]. */
  NCHW,
  /** [N/16][C][H][W][16]: sixteen images are the vector, so a weight is a scalar. */
  NCHW16;

  /** Images per block of {@link #NCHW16}. */
  public static final int BLOCK = 16;

  /** The fewest images that the CPU keeps in blocks, unless a layout is named. */
  public static final int SMALL_BATCH = 8;

  /** Returns how a context of this layout keeps activations that hold {@code n} images. */
  public Layout forImages(int n) {
    return n < SMALL_BATCH ? NCHW : this;
  }

  /** Returns how many images lie side by side, element by element: 16, or 1 for row-major. */
  public int block() {
    return this == NCHW ? 1 : BLOCK;
  }

  /** Returns how many images the memory of {@code n} images holds, pad lanes included. */
  public long paddedImages(int n) {
    return this == NCHW ? n : ((long) n + BLOCK - 1) / BLOCK * BLOCK;
  }
}
