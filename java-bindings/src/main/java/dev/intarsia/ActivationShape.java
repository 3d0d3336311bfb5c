// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Require;

/**
 * Geometry of one activation tensor [N, C, H, W].
 *
 * @param n images
 * @param c channels
 * @param h height
 * @param w width
 */
public record ActivationShape(int n, int c, int h, int w) {
  private static final String NAME = "ActivationShape";

  /** Checks every size. */
  public ActivationShape {
    Require.positive(NAME, "n", n);
    Require.positive(NAME, "c", c);
    Require.positive(NAME, "h", h);
    Require.positive(NAME, "w", w);
    Require.elements(NAME, "the tensor", n, c, h, w);
  }

  /** Returns C * H * W, the elements of one image. */
  public int imageElements() {
    return c * h * w;
  }

  /** Returns N * C * H * W. */
  public int elements() {
    return n * imageElements();
  }

  /** Returns the index of an element in [N, C, H, W]. */
  public int index(int n, int c, int h, int w) {
    return ((n * this.c + c) * this.h + h) * this.w + w;
  }

  /** Returns the same geometry for another number of images. */
  public ActivationShape withN(int n) {
    return new ActivationShape(n, c, h, w);
  }

  @Override
  public String toString() {
    return "n" + n + "c" + c + "h" + h + "w" + w;
  }
}
