// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.Conv2dShape;

/** What {@code MaskedConv2d} means. A mask of null holds every weight. */
public final class MaskedConv2dReference {
  private MaskedConv2dReference() {}

  /**
   * {@code dst = conv2d(src, weights . mask) + bias}.
   *
   * @param src [N, C, H, W]
   * @param weights [O, I, KH, KW]
   * @param mask [O, I, KH, KW] or null
   * @param bias [O] or null
   * @param dst [N, O, OH, OW], written
   */
  public static void forward(
      Conv2dShape s, float[] src, float[] weights, boolean[] mask, float[] bias, float[] dst) {
    int height = s.oh();
    int width = s.ow();
    for (int n = 0; n < s.n(); n++) {
      for (int o = 0; o < s.o(); o++) {
        for (int oh = 0; oh < height; oh++) {
          for (int ow = 0; ow < width; ow++) {
            double sum = bias == null ? 0 : bias[o];
            for (int i = 0; i < s.i(); i++) {
              for (int kh = 0; kh < s.kh(); kh++) {
                for (int kw = 0; kw < s.kw(); kw++) {
                  int h = oh * s.strideH() - s.padH() + kh * s.dilationH();
                  int w = ow * s.strideW() - s.padW() + kw * s.dilationW();
                  int k = s.weightIndex(o, i, kh, kw);
                  if ((mask == null || mask[k]) && s.inside(h, w)) {
                    sum += (double) src[s.srcIndex(n, s.channel(o, i), h, w)] * weights[k];
                  }
                }
              }
            }
            dst[s.dstIndex(n, o, oh, ow)] = (float) sum;
          }
        }
      }
    }
  }

  /**
   * The gradient of src.
   *
   * @param diffDst [N, O, OH, OW]
   * @param weights [O, I, KH, KW]
   * @param mask [O, I, KH, KW] or null
   * @param diffSrc [N, C, H, W], written
   */
  public static void backwardData(
      Conv2dShape s, float[] diffDst, float[] weights, boolean[] mask, float[] diffSrc) {
    double[] sums = new double[s.n() * s.c() * s.h() * s.w()];
    int height = s.oh();
    int width = s.ow();
    for (int n = 0; n < s.n(); n++) {
      for (int o = 0; o < s.o(); o++) {
        for (int oh = 0; oh < height; oh++) {
          for (int ow = 0; ow < width; ow++) {
            double diff = diffDst[s.dstIndex(n, o, oh, ow)];
            for (int i = 0; i < s.i(); i++) {
              for (int kh = 0; kh < s.kh(); kh++) {
                for (int kw = 0; kw < s.kw(); kw++) {
                  int h = oh * s.strideH() - s.padH() + kh * s.dilationH();
                  int w = ow * s.strideW() - s.padW() + kw * s.dilationW();
                  int k = s.weightIndex(o, i, kh, kw);
                  if ((mask == null || mask[k]) && s.inside(h, w)) {
                    sums[s.srcIndex(n, s.channel(o, i), h, w)] += diff * weights[k];
                  }
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

  /**
   * The gradients of weights (inside the mask only) and bias, added to what is there.
   *
   * @param src [N, C, H, W]
   * @param diffDst [N, O, OH, OW]
   * @param mask [O, I, KH, KW] or null
   * @param diffWeights [O, I, KH, KW], added to
   * @param diffBias [O] or null, added to
   */
  public static void backwardWeights(
      Conv2dShape s,
      float[] src,
      float[] diffDst,
      boolean[] mask,
      float[] diffWeights,
      float[] diffBias) {
    for (int o = 0; o < s.o(); o++) {
      for (int i = 0; i < s.i(); i++) {
        for (int kh = 0; kh < s.kh(); kh++) {
          for (int kw = 0; kw < s.kw(); kw++) {
            int k = s.weightIndex(o, i, kh, kw);
            if (mask == null || mask[k]) {
              diffWeights[k] = (float) (diffWeights[k] + weightSum(s, src, diffDst, o, i, kh, kw));
            }
          }
        }
      }
      if (diffBias != null) {
        diffBias[o] = (float) (diffBias[o] + biasSum(s, diffDst, o));
      }
    }
  }

  private static double weightSum(
      Conv2dShape s, float[] src, float[] diffDst, int o, int i, int kh, int kw) {
    double sum = 0;
    int height = s.oh();
    int width = s.ow();
    for (int n = 0; n < s.n(); n++) {
      for (int oh = 0; oh < height; oh++) {
        for (int ow = 0; ow < width; ow++) {
          int h = oh * s.strideH() - s.padH() + kh * s.dilationH();
          int w = ow * s.strideW() - s.padW() + kw * s.dilationW();
          if (s.inside(h, w)) {
            double value = src[s.srcIndex(n, s.channel(o, i), h, w)];
            sum += value * diffDst[s.dstIndex(n, o, oh, ow)];
          }
        }
      }
    }
    return sum;
  }

  private static double biasSum(Conv2dShape s, float[] diffDst, int o) {
    double sum = 0;
    int height = s.oh();
    int width = s.ow();
    for (int n = 0; n < s.n(); n++) {
      for (int oh = 0; oh < height; oh++) {
        for (int ow = 0; ow < width; ow++) {
          sum += diffDst[s.dstIndex(n, o, oh, ow)];
        }
      }
    }
    return sum;
  }
}
