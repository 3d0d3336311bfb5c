// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.ActivationShape;

/** What {@code GroupNorm} means (Wu and He 2018): statistics per image and group of channels. */
public final class GroupNormReference {
  private GroupNormReference() {}

  /**
   * {@code dst = (src - mean) * rstd * scale + shift}.
   *
   * @param groups divides C
   * @param scale [C] or null for ones
   * @param shift [C] or null for zeros
   * @param savedMean [N, groups], written
   * @param savedRstd [N, groups], written
   * @param src [N, C, H, W]
   * @param addend [N, C, H, W] or null, added to what was normalised
   * @param relu whether dst is rectified
   * @param dst [N, C, H, W], written
   */
  public static void forward(
      ActivationShape s,
      int groups,
      double epsilon,
      float[] scale,
      float[] shift,
      float[] savedMean,
      float[] savedRstd,
      float[] src,
      float[] addend,
      boolean relu,
      float[] dst) {
    int count = s.c() / groups * s.h() * s.w();
    for (int n = 0; n < s.n(); n++) {
      for (int group = 0; group < groups; group++) {
        int first = n * s.imageElements() + group * count;
        double sum = 0;
        for (int k = first; k < first + count; k++) {
          sum += src[k];
        }
        double mean = sum / count;
        double squares = 0;
        for (int k = first; k < first + count; k++) {
          squares += (src[k] - mean) * (src[k] - mean);
        }
        double rstd = 1 / Math.sqrt(squares / count + epsilon);
        savedMean[n * groups + group] = (float) mean;
        savedRstd[n * groups + group] = (float) rstd;
        for (int k = first; k < first + count; k++) {
          int c = channel(s, k);
          double factor = rstd * (scale == null ? 1 : scale[c]);
          dst[k] =
              NormEpilogue.value(
                  (src[k] - mean) * factor + (shift == null ? 0 : shift[c]), addend, relu, k);
        }
      }
    }
  }

  /**
   * The gradients of src, scale and shift.
   *
   * @param savedMean [N, groups] as forward wrote it
   * @param savedRstd [N, groups] as forward wrote it
   * @param src [N, C, H, W]
   * @param dst [N, C, H, W] as forward wrote it, read with relu
   * @param relu whether dst was rectified
   * @param diffDst [N, C, H, W]
   * @param diffSrc [N, C, H, W], written
   * @param diffAddend [N, C, H, W] or null, written
   * @param diffScale [C] or null, added to
   * @param diffShift [C] or null, added to
   */
  public static void backward(
      ActivationShape s,
      int groups,
      float[] scale,
      float[] savedMean,
      float[] savedRstd,
      float[] src,
      float[] dst,
      boolean relu,
      float[] diffDst,
      float[] diffSrc,
      float[] diffAddend,
      float[] diffScale,
      float[] diffShift) {
    float[] incoming = NormEpilogue.incoming(s.elements(), dst, relu, diffDst, diffAddend);
    int count = s.c() / groups * s.h() * s.w();
    double[] scaleSums = new double[s.c()];
    double[] shiftSums = new double[s.c()];
    for (int n = 0; n < s.n(); n++) {
      for (int group = 0; group < groups; group++) {
        int first = n * s.imageElements() + group * count;
        double mean = savedMean[n * groups + group];
        double rstd = savedRstd[n * groups + group];
        double sum = 0; // of incoming * scale
        double dot = 0; // of incoming * scale and the normalised src
        for (int k = first; k < first + count; k++) {
          int c = channel(s, k);
          double normalised = (src[k] - mean) * rstd;
          double diff = incoming[k] * (scale == null ? 1.0 : scale[c]);
          sum += diff;
          dot += diff * normalised;
          scaleSums[c] += incoming[k] * normalised;
          shiftSums[c] += incoming[k];
        }
        for (int k = first; k < first + count; k++) {
          double normalised = (src[k] - mean) * rstd;
          double diff = incoming[k] * (scale == null ? 1.0 : scale[channel(s, k)]);
          diffSrc[k] = (float) (rstd * (diff - (sum + normalised * dot) / count));
        }
      }
    }
    for (int c = 0; c < s.c(); c++) {
      if (diffScale != null) {
        diffScale[c] = (float) (diffScale[c] + scaleSums[c]);
      }
      if (diffShift != null) {
        diffShift[c] = (float) (diffShift[c] + shiftSums[c]);
      }
    }
  }

  private static int channel(ActivationShape s, int index) {
    return index / (s.h() * s.w()) % s.c();
  }
}
