// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Require;
import dev.intarsia.internal.ShapeText;

/**
 * Geometry of an upsampling of [N, C, H, W] by whole factors.
 *
 * @param n images
 * @param c channels
 * @param h input height
 * @param w input width
 * @param scaleH rows of the result for each row, at least 1
 * @param scaleW columns of the result for each column, at least 1
 */
public record Upsample2dShape(int n, int c, int h, int w, int scaleH, int scaleW) {
  private static final String NAME = "Upsample2dShape";

  /** Checks every size. */
  public Upsample2dShape {
    Require.positive(NAME, "n", n);
    Require.positive(NAME, "c", c);
    Require.positive(NAME, "h", h);
    Require.positive(NAME, "w", w);
    Require.positive(NAME, "scaleH", scaleH);
    Require.positive(NAME, "scaleW", scaleW);
    Require.elements(NAME, "src", n, c, h, w);
    Require.elements(NAME, "dst", n, c, h, scaleH, w, scaleW);
  }

  /** Returns OH, the height of the result. */
  public int oh() {
    return h * scaleH;
  }

  /** Returns OW, the width of the result. */
  public int ow() {
    return w * scaleW;
  }

  /** Returns the index of an input in [N, C, H, W]. */
  public int srcIndex(int n, int c, int h, int w) {
    return ((n * this.c + c) * this.h + h) * this.w + w;
  }

  /** Returns the index of a result in [N, C, OH, OW]. */
  public int dstIndex(int n, int c, int oh, int ow) {
    return ((n * this.c + c) * oh() + oh) * ow() + ow;
  }

  /** Returns the same geometry for another number of images. */
  public Upsample2dShape withN(int n) {
    return new Upsample2dShape(n, c, h, w, scaleH, scaleW);
  }

  @Override
  public String toString() {
    return "n" + n + "c" + c + "h" + h + "w" + w + " u" + ShapeText.pair(scaleH, scaleW);
  }
}
