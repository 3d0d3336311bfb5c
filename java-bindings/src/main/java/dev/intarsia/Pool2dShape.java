// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Require;
import dev.intarsia.internal.ShapeText;

/**
 * Geometry of a pooling window over [N, C, H, W]. Padding is smaller than the window, so that every
 * window holds at least one value.
 *
 * @param n images
 * @param c channels
 * @param h input height
 * @param w input width
 * @param kh window height
 * @param kw window width
 * @param strideH vertical step of the window
 * @param strideW horizontal step of the window
 * @param padH rows above and below that belong to no image
 * @param padW columns left and right that belong to no image
 */
public record Pool2dShape(
    int n, int c, int h, int w, int kh, int kw, int strideH, int strideW, int padH, int padW) {
  private static final String NAME = "Pool2dShape";

  /** Checks every size. */
  public Pool2dShape {
    Require.positive(NAME, "n", n);
    Require.positive(NAME, "c", c);
    Require.positive(NAME, "h", h);
    Require.positive(NAME, "w", w);
    Require.positive(NAME, "kh", kh);
    Require.positive(NAME, "kw", kw);
    Require.positive(NAME, "strideH", strideH);
    Require.positive(NAME, "strideW", strideW);
    Require.atLeast(NAME, "padH", padH, 0);
    Require.atLeast(NAME, "padW", padW, 0);
    if (padH >= kh || padW >= kw) {
      throw new IllegalArgumentException(
          NAME
              + ": padding is "
              + padH
              + "x"
              + padW
              + ", expected less than the window "
              + kh
              + "x"
              + kw
              + "; a window of padding alone has no value");
    }
    Require.elements(NAME, "src", n, c, h, w);
    Require.elements(
        NAME,
        "dst",
        n,
        c,
        Require.windows(NAME, "height", h, kh, strideH, padH, 1),
        Require.windows(NAME, "width", w, kw, strideW, padW, 1));
  }

  /** Returns the window that covers a whole image: global pooling. */
  public static Pool2dShape global(int n, int c, int h, int w) {
    return new Pool2dShape(n, c, h, w, h, w, 1, 1, 0, 0);
  }

  /** Returns a square window with one stride and padding. */
  public static Pool2dShape square(int n, int c, int h, int w, int k, int stride, int pad) {
    return new Pool2dShape(n, c, h, w, k, k, stride, stride, pad, pad);
  }

  /** Returns OH, the height of the result. */
  public int oh() {
    return Require.windows(NAME, "height", h, kh, strideH, padH, 1);
  }

  /** Returns OW, the width of the result. */
  public int ow() {
    return Require.windows(NAME, "width", w, kw, strideW, padW, 1);
  }

  /** Returns the index of an input in [N, C, H, W]. */
  public int srcIndex(int n, int c, int h, int w) {
    return ((n * this.c + c) * this.h + h) * this.w + w;
  }

  /** Returns the index of a result in [N, C, OH, OW]. */
  public int dstIndex(int n, int c, int oh, int ow) {
    return ((n * this.c + c) * oh() + oh) * ow() + ow;
  }

  /** Returns whether a position is inside the image, not in its padding. */
  public boolean inside(int h, int w) {
    return h >= 0 && h < this.h && w >= 0 && w < this.w;
  }

  /** Returns the same geometry for another number of images. */
  public Pool2dShape withN(int n) {
    return new Pool2dShape(n, c, h, w, kh, kw, strideH, strideW, padH, padW);
  }

  @Override
  public String toString() {
    return "n"
        + n
        + "c"
        + c
        + "h"
        + h
        + "w"
        + w
        + " k"
        + ShapeText.pair(kh, kw)
        + " s"
        + ShapeText.pair(strideH, strideW)
        + "p"
        + ShapeText.pair(padH, padW);
  }
}
