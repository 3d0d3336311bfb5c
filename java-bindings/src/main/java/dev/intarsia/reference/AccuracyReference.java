// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.LinearShape;

/** What {@code Accuracy} means. */
public final class AccuracyReference {
  private AccuracyReference() {}

  /**
   * Counts rows whose largest logit inside the class range (the first of equals) is the label's.
   *
   * @param first first class of the range
   * @param classes classes in the range
   * @param src [N, i] logits
   * @param labels [N]
   * @param correct [1], added to
   * @param hit [N], written: 1 where a row is right, else 0; null for none
   */
  public static void forward(
      LinearShape s, int first, int classes, float[] src, int[] labels, long[] correct, int[] hit) {
    for (int n = 0; n < s.n(); n++) {
      int row = n * s.i();
      int largest = first;
      for (int c = first + 1; c < first + classes; c++) {
        largest = src[row + c] > src[row + largest] ? c : largest;
      }
      int right = largest == labels[n] ? 1 : 0;
      correct[0] += right;
      if (hit != null) {
        hit[n] = right;
      }
    }
  }
}
