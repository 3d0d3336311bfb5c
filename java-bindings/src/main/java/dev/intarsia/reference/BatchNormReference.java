// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.ActivationShape;

/** What {@code BatchNorm} means, per channel: {@code (src - mean) * rstd * scale + shift}. */
public final class BatchNormReference {
  private BatchNormReference() {}

  /**
   * Normalises, with the batch's statistics or the running ones.
   *
   * @param batchStatistics true: the batch's are used and saved, the running ones move
   * @param scale [C] or null for ones
   * @param shift [C] or null for zeros
   * @param runningMean [C]; null with batchStatistics: not kept
   * @param runningVar [C]; null with batchStatistics: not kept
   * @param savedMean [C], written with batchStatistics
   * @param savedRstd [C], written with batchStatistics
   * @param src [N, C, H, W]
   * @param addend [N, C, H, W] or null, added to what was normalised
   * @param relu whether dst is rectified
   * @param dst [N, C, H, W], written
   */
  public static void forward(
      ActivationShape s,
      boolean batchStatistics,
      double momentum,
      double epsilon,
      float[] scale,
      float[] shift,
      float[] runningMean,
      float[] runningVar,
      float[] savedMean,
      float[] savedRstd,
      float[] src,
      float[] addend,
      boolean relu,
      float[] dst) {
    int plane = s.h() * s.w();
    long count = (long) s.n() * plane;
    for (int c = 0; c < s.c(); c++) {
      double mean;
      double rstd;
      if (batchStatistics) {
        double sum = 0;
        for (int n = 0; n < s.n(); n++) {
          for (int p = 0; p < plane; p++) {
            sum += src[s.index(n, c, 0, 0) + p];
          }
        }
        mean = sum / count;
        double squares = 0;
        for (int n = 0; n < s.n(); n++) {
          for (int p = 0; p < plane; p++) {
            double centred = src[s.index(n, c, 0, 0) + p] - mean;
            squares += centred * centred;
          }
        }
        rstd = 1 / Math.sqrt(squares / count + epsilon);
        savedMean[c] = (float) mean;
        savedRstd[c] = (float) rstd;
        if (runningMean != null) {
          runningMean[c] = (float) ((1 - momentum) * runningMean[c] + momentum * mean);
        }
        if (runningVar != null) {
          double unbiased = squares / (count - 1);
          runningVar[c] = (float) ((1 - momentum) * runningVar[c] + momentum * unbiased);
        }
      } else {
        mean = runningMean[c];
        rstd = 1 / Math.sqrt(runningVar[c] + epsilon);
      }
      double factor = rstd * (scale == null ? 1 : scale[c]);
      double offset = shift == null ? 0 : shift[c];
      for (int n = 0; n < s.n(); n++) {
        for (int p = 0; p < plane; p++) {
          int k = s.index(n, c, 0, 0) + p;
          dst[k] = NormEpilogue.value((src[k] - mean) * factor + offset, addend, relu, k);
        }
      }
    }
  }

  /**
   * The gradients of src, scale and shift.
   *
   * @param savedMean [C] as forward wrote it, read with batchStatistics
   * @param savedRstd [C] as forward wrote it, read with batchStatistics
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
      boolean batchStatistics,
      double epsilon,
      float[] scale,
      float[] runningMean,
      float[] runningVar,
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
    int plane = s.h() * s.w();
    long count = (long) s.n() * plane;
    for (int c = 0; c < s.c(); c++) {
      double mean = batchStatistics ? savedMean[c] : runningMean[c];
      double rstd = batchStatistics ? savedRstd[c] : 1 / Math.sqrt(runningVar[c] + epsilon);
      double sum = 0; // of incoming
      double dot = 0; // of incoming and the normalised src
      for (int n = 0; n < s.n(); n++) {
        for (int p = 0; p < plane; p++) {
          int k = s.index(n, c, 0, 0) + p;
          sum += incoming[k];
          dot += incoming[k] * (src[k] - mean) * rstd;
        }
      }
      double factor = rstd * (scale == null ? 1 : scale[c]);
      for (int n = 0; n < s.n(); n++) {
        for (int p = 0; p < plane; p++) {
          int k = s.index(n, c, 0, 0) + p;
          double normalised = (src[k] - mean) * rstd;
          double through = batchStatistics ? (sum + normalised * dot) / count : 0;
          diffSrc[k] = (float) (factor * (incoming[k] - through));
        }
      }
      if (diffScale != null) {
        diffScale[c] = (float) (diffScale[c] + dot);
      }
      if (diffShift != null) {
        diffShift[c] = (float) (diffShift[c] + sum);
      }
    }
  }
}
