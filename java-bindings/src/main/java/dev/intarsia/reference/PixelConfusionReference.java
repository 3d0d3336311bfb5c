// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.ActivationShape;

/** What {@code PixelConfusion} means. C are the classes. */
public final class PixelConfusionReference {
  private PixelConfusionReference() {}

  /**
   * Counts pixels by label (row) and by the class of their largest logit (column; of equals the
   * first).
   *
   * @param ignore label of the pixels that do not count
   * @param src [N, C, H, W] logits
   * @param labels [N, H*W], each a class or {@code ignore}
   * @param confusion [C, C], added to
   */
  public static void forward(
      ActivationShape s, int ignore, float[] src, int[] labels, long[] confusion) {
    PixelCrossEntropyReference.requireLabels(s, ignore, labels);
    int area = s.h() * s.w();
    for (int k = 0; k < s.n() * area; k++) {
      if (labels[k] == ignore) {
        continue;
      }
      int pixel = k / area * s.c() * area + k % area;
      int largest = 0;
      for (int c = 1; c < s.c(); c++) {
        largest = src[pixel + c * area] > src[pixel + largest * area] ? c : largest;
      }
      confusion[labels[k] * s.c() + largest]++;
    }
  }
}
