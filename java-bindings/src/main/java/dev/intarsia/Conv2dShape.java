// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Require;
import dev.intarsia.internal.ShapeText;
import java.util.Map;

/**
 * Geometry of a convolution, the only place that computes OH and OW.
 *
 * <p>Activations are NCHW, weights OIHW with {@code I = C / groups}. Dilation 1 means none. Padding
 * is symmetric and zero.
 *
 * @param n images
 * @param c input channels of the tensor
 * @param h input height
 * @param w input width
 * @param o output channels
 * @param kh filter height
 * @param kw filter width
 * @param strideH vertical step of the window
 * @param strideW horizontal step of the window
 * @param padH zero rows above and below
 * @param padW zero columns left and right
 * @param dilationH vertical distance of two taps
 * @param dilationW horizontal distance of two taps
 * @param groups blocks of channels that do not see each other; divides C and O
 */
public record Conv2dShape(
    int n,
    int c,
    int h,
    int w,
    int o,
    int kh,
    int kw,
    int strideH,
    int strideW,
    int padH,
    int padW,
    int dilationH,
    int dilationW,
    int groups) {
  private static final String NAME = "Conv2dShape";

  /** Checks every size. */
  public Conv2dShape {
    Require.positive(NAME, "n", n);
    Require.positive(NAME, "c", c);
    Require.positive(NAME, "h", h);
    Require.positive(NAME, "w", w);
    Require.positive(NAME, "o", o);
    Require.positive(NAME, "kh", kh);
    Require.positive(NAME, "kw", kw);
    Require.positive(NAME, "strideH", strideH);
    Require.positive(NAME, "strideW", strideW);
    Require.atLeast(NAME, "padH", padH, 0);
    Require.atLeast(NAME, "padW", padW, 0);
    Require.positive(NAME, "dilationH", dilationH);
    Require.positive(NAME, "dilationW", dilationW);
    Require.positive(NAME, "groups", groups);
    if (c % groups != 0 || o % groups != 0) {
      throw new IllegalArgumentException(
          NAME + ": groups is " + groups + ", expected a divisor of c " + c + " and o " + o);
    }
    int oh = Require.windows(NAME, "height", h, kh, strideH, padH, dilationH);
    int ow = Require.windows(NAME, "width", w, kw, strideW, padW, dilationW);
    Require.elements(NAME, "src", n, c, h, w);
    Require.elements(NAME, "dst", n, o, oh, ow);
    Require.elements(NAME, "weights", o, c / groups, kh, kw);
  }

  /** Returns a convolution with a square filter, one stride and padding, no dilation, one group. */
  public static Conv2dShape square(int n, int c, int h, int w, int o, int k, int stride, int pad) {
    return new Conv2dShape(n, c, h, w, o, k, k, stride, stride, pad, pad, 1, 1, 1);
  }

  /**
   * Reads what {@link #toString} writes: {@code n8c3h32w32 o64k7 s2p3}, pairs as {@code k3x5};
   * {@code s p d g} may be absent and are then 1, 0, 1 and 1.
   */
  public static Conv2dShape parse(String text) {
    Map<Character, int[]> fields =
        ShapeText.parse(text, "nchwokspdg", "a text such as n8c3h32w32 o64k7 s2p3d1g1");
    int[] k = ShapeText.field(fields, 'k', null);
    int[] s = ShapeText.field(fields, 's', 1);
    int[] p = ShapeText.field(fields, 'p', 0);
    int[] d = ShapeText.field(fields, 'd', 1);
    return new Conv2dShape(
        ShapeText.field(fields, 'n', null)[0],
        ShapeText.field(fields, 'c', null)[0],
        ShapeText.field(fields, 'h', null)[0],
        ShapeText.field(fields, 'w', null)[0],
        ShapeText.field(fields, 'o', null)[0],
        k[0],
        k[1],
        s[0],
        s[1],
        p[0],
        p[1],
        d[0],
        d[1],
        ShapeText.field(fields, 'g', 1)[0]);
  }

  /** Returns OH, the height of the result. */
  public int oh() {
    return Require.windows(NAME, "height", h, kh, strideH, padH, dilationH);
  }

  /** Returns OW, the width of the result. */
  public int ow() {
    return Require.windows(NAME, "width", w, kw, strideW, padW, dilationW);
  }

  /** Returns I, the input channels of one filter. */
  public int i() {
    return c / groups;
  }

  /** Returns I * KH * KW, the products that one result adds up. */
  public int reductionLength() {
    return i() * kh * kw;
  }

  /** Returns the index of a weight in [O, I, KH, KW]. */
  public int weightIndex(int o, int i, int kh, int kw) {
    return ((o * i() + i) * this.kh + kh) * this.kw + kw;
  }

  /** Returns the index of an input in [N, C, H, W]. */
  public int srcIndex(int n, int c, int h, int w) {
    return ((n * this.c + c) * this.h + h) * this.w + w;
  }

  /** Returns the index of a result in [N, O, OH, OW]. */
  public int dstIndex(int n, int o, int oh, int ow) {
    return ((n * this.o + o) * oh() + oh) * ow() + ow;
  }

  /** Returns whether a position is inside the image, not in its padding. */
  public boolean inside(int h, int w) {
    return h >= 0 && h < this.h && w >= 0 && w < this.w;
  }

  /** Returns the channel of the tensor that input channel {@code i} of filter {@code o} reads. */
  public int channel(int o, int i) {
    return o / (this.o / groups) * i() + i;
  }

  /** Returns the same geometry for another number of images. */
  public Conv2dShape withN(int n) {
    return new Conv2dShape(
        n, c, h, w, o, kh, kw, strideH, strideW, padH, padW, dilationH, dilationW, groups);
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
        + " o"
        + o
        + "k"
        + ShapeText.pair(kh, kw)
        + " s"
        + ShapeText.pair(strideH, strideW)
        + "p"
        + ShapeText.pair(padH, padW)
        + (dilationH == 1 && dilationW == 1 ? "" : "d" + ShapeText.pair(dilationH, dilationW))
        + (groups == 1 ? "" : "g" + groups);
  }
}
