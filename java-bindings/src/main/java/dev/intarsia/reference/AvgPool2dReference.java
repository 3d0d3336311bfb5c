// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.Pool2dShape;

/** What {@code AvgPool2d} means. */
public final class AvgPool2dReference {
  private AvgPool2dReference() {}

  /** Mean of each window inside the image; src [N, C, H, W], dst [N, C, OH, OW]. */
  public static void forward(Pool2dShape s, float[] src, float[] dst) {
    for (int n = 0; n < s.n(); n++) {
      for (int c = 0; c < s.c(); c++) {
        for (int oh = 0; oh < s.oh(); oh++) {
          for (int ow = 0; ow < s.ow(); ow++) {
            double sum = 0;
            for (int kh = 0; kh < s.kh(); kh++) {
              for (int kw = 0; kw < s.kw(); kw++) {
                int h = oh * s.strideH() - s.padH() + kh;
                int w = ow * s.strideW() - s.padW() + kw;
                sum += s.inside(h, w) ? src[s.srcIndex(n, c, h, w)] : 0;
              }
            }
            dst[s.dstIndex(n, c, oh, ow)] = (float) (sum / count(s, oh, ow));
          }
        }
      }
    }
  }

  /** Each value of a window gets its share of the gradient; diffSrc [N, C, H, W], written. */
  public static void backwardData(Pool2dShape s, float[] diffDst, float[] diffSrc) {
    double[] sums = new double[s.n() * s.c() * s.h() * s.w()];
    for (int n = 0; n < s.n(); n++) {
      for (int c = 0; c < s.c(); c++) {
        for (int oh = 0; oh < s.oh(); oh++) {
          for (int ow = 0; ow < s.ow(); ow++) {
            double share = (double) diffDst[s.dstIndex(n, c, oh, ow)] / count(s, oh, ow);
            for (int kh = 0; kh < s.kh(); kh++) {
              for (int kw = 0; kw < s.kw(); kw++) {
                int h = oh * s.strideH() - s.padH() + kh;
                int w = ow * s.strideW() - s.padW() + kw;
                if (s.inside(h, w)) {
                  sums[s.srcIndex(n, c, h, w)] += share;
                }
              }
            }
          }
        }
      }
    }
    for (int k = 0; k < sums.length; k++) {
      diffSrc[k] = (float) sums[k];
    }
  }

  /** Values of a window inside the image; at least one, as padding is smaller than the window. */
  private static int count(Pool2dShape s, int oh, int ow) {
    int count = 0;
    for (int kh = 0; kh < s.kh(); kh++) {
      for (int kw = 0; kw < s.kw(); kw++) {
        int h = oh * s.strideH() - s.padH() + kh;
        int w = ow * s.strideW() - s.padW() + kw;
        count += s.inside(h, w) ? 1 : 0;
      }
    }
    return count;
  }
}
