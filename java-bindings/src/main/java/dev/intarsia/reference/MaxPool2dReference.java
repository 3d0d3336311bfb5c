// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.Pool2dShape;

/** What {@code MaxPool2d} means. */
public final class MaxPool2dReference {
  private MaxPool2dReference() {}

  /** Largest value of each window; src [N, C, H, W], dst [N, C, OH, OW]. */
  public static void forward(Pool2dShape s, float[] src, float[] dst) {
    for (int n = 0; n < s.n(); n++) {
      for (int c = 0; c < s.c(); c++) {
        for (int oh = 0; oh < s.oh(); oh++) {
          for (int ow = 0; ow < s.ow(); ow++) {
            dst[s.dstIndex(n, c, oh, ow)] = src[firstLargest(s, src, n, c, oh, ow)];
          }
        }
      }
    }
  }

  /** The gradient goes to the first largest value of each window; diffSrc [N, C, H, W]. */
  public static void backwardData(Pool2dShape s, float[] src, float[] diffDst, float[] diffSrc) {
    double[] sums = new double[s.n() * s.c() * s.h() * s.w()];
    for (int n = 0; n < s.n(); n++) {
      for (int c = 0; c < s.c(); c++) {
        for (int oh = 0; oh < s.oh(); oh++) {
          for (int ow = 0; ow < s.ow(); ow++) {
            sums[firstLargest(s, src, n, c, oh, ow)] += diffDst[s.dstIndex(n, c, oh, ow)];
          }
        }
      }
    }
    for (int k = 0; k < sums.length; k++) {
      diffSrc[k] = (float) sums[k];
    }
  }

  /** Index in src of the first largest value of a window, in row-major order. */
  private static int firstLargest(Pool2dShape s, float[] src, int n, int c, int oh, int ow) {
    int largest = -1;
    for (int kh = 0; kh < s.kh(); kh++) {
      for (int kw = 0; kw < s.kw(); kw++) {
        int h = oh * s.strideH() - s.padH() + kh;
        int w = ow * s.strideW() - s.padW() + kw;
        if (s.inside(h, w)) {
          int k = s.srcIndex(n, c, h, w);
          largest = largest < 0 || src[k] > src[largest] ? k : largest;
        }
      }
    }
    return largest;
  }
}
