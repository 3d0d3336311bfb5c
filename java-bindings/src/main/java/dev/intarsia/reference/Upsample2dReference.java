// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.Upsample2dShape;

/** What {@code Upsample2d} means: every result is a weighted sum of inputs, along each axis. */
public final class Upsample2dReference {
  private Upsample2dReference() {}

  /** src [N, C, H, W], dst [N, C, OH, OW], written; nearest unless bilinear. */
  public static void forward(Upsample2dShape s, boolean bilinear, float[] src, float[] dst) {
    double[][] down = weights(bilinear, s.h(), s.scaleH());
    double[][] across = weights(bilinear, s.w(), s.scaleW());
    for (int n = 0; n < s.n(); n++) {
      for (int c = 0; c < s.c(); c++) {
        for (int oh = 0; oh < s.oh(); oh++) {
          for (int ow = 0; ow < s.ow(); ow++) {
            double sum = 0;
            for (int h = 0; h < s.h(); h++) {
              for (int w = 0; down[oh][h] != 0 && w < s.w(); w++) {
                sum += down[oh][h] * across[ow][w] * src[s.srcIndex(n, c, h, w)];
              }
            }
            dst[s.dstIndex(n, c, oh, ow)] = (float) sum;
          }
        }
      }
    }
  }

  /** The same sums transposed; diffDst [N, C, OH, OW], diffSrc [N, C, H, W], written. */
  public static void backwardData(
      Upsample2dShape s, boolean bilinear, float[] diffDst, float[] diffSrc) {
    double[][] down = weights(bilinear, s.h(), s.scaleH());
    double[][] across = weights(bilinear, s.w(), s.scaleW());
    for (int n = 0; n < s.n(); n++) {
      for (int c = 0; c < s.c(); c++) {
        for (int h = 0; h < s.h(); h++) {
          for (int w = 0; w < s.w(); w++) {
            double sum = 0;
            for (int oh = 0; oh < s.oh(); oh++) {
              for (int ow = 0; down[oh][h] != 0 && ow < s.ow(); ow++) {
                sum += down[oh][h] * across[ow][w] * diffDst[s.dstIndex(n, c, oh, ow)];
              }
            }
            diffSrc[s.srcIndex(n, c, h, w)] = (float) sum;
          }
        }
      }
    }
  }

  /** Along one axis: [size * scale results][size inputs], each row adds up to one. */
  private static double[][] weights(boolean bilinear, int size, int scale) {
    double[][] weights = new double[size * scale][size];
    for (int o = 0; o < weights.length; o++) {
      if (!bilinear) {
        weights[o][o / scale] = 1;
        continue;
      }
      double at = Math.max(0, Math.min(size - 1, (o + 0.5) / scale - 0.5));
      int low = (int) at;
      weights[o][low] += 1 - (at - low);
      weights[o][Math.min(low + 1, size - 1)] += at - low;
    }
    return weights;
  }
}
