// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/** How a context keeps activations; every other tensor is row-major. */
public enum Layout {
  /** Row-major [N, C, H, W]. */
  NCHW,
  /** [N/16][C][H][W][16]: sixteen images are the vector, so a weight is a scalar. */
  NCHW16;

  /** Images per block of {@link #NCHW16}. */
  public static final int BLOCK = 16;

  /** Returns how many images the memory of {@code n} images holds, pad lanes included. */
  public long paddedImages(int n) {
    return this == NCHW ? n : ((long) n + BLOCK - 1) / BLOCK * BLOCK;
  }
}
