// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/** How a tensor keeps its elements; what is not activations is row-major. */
public enum Layout {
  /** Row-major [N, C, H, W]. */
  NCHW,
  /** [N/16][C][H][W][16]: sixteen images are the vector, so a weight is a scalar. */
  NCHW16;

  /** Images per block of {@link #NCHW16}. */
  public static final int BLOCK = 16;

  /** Returns how many images lie side by side, element by element: 16, or 1 for row-major. */
  public int block() {
    return this == NCHW ? 1 : BLOCK;
  }

  /** Returns how many images the memory of {@code n} images holds, pad lanes included. */
  public long paddedImages(int n) {
    return this == NCHW ? n : ((long) n + BLOCK - 1) / BLOCK * BLOCK;
  }
}
