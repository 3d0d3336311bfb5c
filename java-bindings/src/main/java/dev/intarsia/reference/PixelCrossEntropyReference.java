// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.ActivationShape;

/** What {@code PixelCrossEntropy} means. C are the classes. */
public final class PixelCrossEntropyReference {
  private PixelCrossEntropyReference() {}

  /**
   * Mean, over the pixels that count, of (logsumexp of src over C - src at the label); 0 where none
   * counts.
   *
   * @param ignore label of the pixels that do not count
   * @param src [N, C, H, W] logits
   * @param labels [N, H*W], each a class or {@code ignore}
   * @param loss [1], written
   */
  public static void forward(
      ActivationShape s, int ignore, float[] src, int[] labels, float[] loss) {
    long counted = requireLabels(s, ignore, labels);
    int area = s.h() * s.w();
    double sum = 0;
    for (int k = 0; k < s.n() * area; k++) {
      if (labels[k] != ignore) {
        int pixel = k / area * s.c() * area + k % area;
        sum += logSumExp(s, src, pixel) - src[pixel + labels[k] * area];
      }
    }
    loss[0] = counted == 0 ? 0 : (float) (sum / counted);
  }

  /**
   * {@code (softmax - one_hot) / counted pixels} where a pixel counts, 0 elsewhere.
   *
   * @param diffSrc [N, C, H, W], written
   */
  public static void backwardData(
      ActivationShape s, int ignore, float[] src, int[] labels, float[] diffSrc) {
    long counted = requireLabels(s, ignore, labels);
    int area = s.h() * s.w();
    for (int k = 0; k < s.n() * area; k++) {
      int pixel = k / area * s.c() * area + k % area;
      boolean counts = labels[k] != ignore;
      double logSum = counts ? logSumExp(s, src, pixel) : 0;
      for (int c = 0; c < s.c(); c++) {
        int at = pixel + c * area;
        double difference = counts ? Math.exp(src[at] - logSum) - (c == labels[k] ? 1 : 0) : 0;
        diffSrc[at] = counts ? (float) (difference / counted) : 0;
      }
    }
  }

  private static double logSumExp(ActivationShape s, float[] src, int pixel) {
    int area = s.h() * s.w();
    double largest = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < s.c(); c++) {
      largest = Math.max(largest, src[pixel + c * area]);
    }
    double sum = 0;
    for (int c = 0; c < s.c(); c++) {
      sum += Math.exp(src[pixel + c * area] - largest);
    }
    return largest + Math.log(sum);
  }

  /** Refuses a label that is no class; returns how many pixels count. */
  static long requireLabels(ActivationShape s, int ignore, int[] labels) {
    int area = s.h() * s.w();
    long counted = 0;
    for (int k = 0; k < s.n() * area; k++) {
      if (labels[k] == ignore) {
        continue;
      }
      if (labels[k] < 0 || labels[k] >= s.c()) {
        throw new IllegalArgumentException(
            "labels[%d, %d] is %d, expected a class 0 .. %d or %d, which does not count; correct the label map"
                .formatted(k / area, k % area, labels[k], s.c() - 1, ignore));
      }
      counted++;
    }
    return counted;
  }
}
