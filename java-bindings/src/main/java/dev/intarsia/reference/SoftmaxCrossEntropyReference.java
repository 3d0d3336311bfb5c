// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.LinearShape;

/** What {@code SoftmaxCrossEntropy} means. */
public final class SoftmaxCrossEntropyReference {
  private SoftmaxCrossEntropyReference() {}

  /**
   * Mean over N of (logsumexp of src over the class range - src[label]).
   *
   * @param first first class of the range
   * @param classes classes in the range
   * @param src [N, i] logits
   * @param labels [N], each inside the range
   * @param loss [1], written
   */
  public static void forward(
      LinearShape s, int first, int classes, float[] src, int[] labels, float[] loss) {
    double sum = 0;
    for (int n = 0; n < s.n(); n++) {
      int row = n * s.i();
      requireLabel(labels[n], n, first, classes);
      sum += logSumExp(src, row + first, classes) - src[row + labels[n]];
    }
    loss[0] = (float) (sum / s.n());
  }

  /**
   * {@code (softmax - one_hot) / N} inside the range, 0 outside.
   *
   * @param diffSrc [N, i], written
   */
  public static void backwardData(
      LinearShape s, int first, int classes, float[] src, int[] labels, float[] diffSrc) {
    for (int n = 0; n < s.n(); n++) {
      int row = n * s.i();
      requireLabel(labels[n], n, first, classes);
      double logSum = logSumExp(src, row + first, classes);
      for (int c = 0; c < s.i(); c++) {
        boolean inside = c >= first && c < first + classes;
        double softmax = inside ? Math.exp(src[row + c] - logSum) : 0;
        diffSrc[row + c] = (float) ((softmax - (c == labels[n] ? 1 : 0)) / s.n());
      }
    }
  }

  private static double logSumExp(float[] src, int from, int classes) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int k = from; k < from + classes; k++) {
      largest = Math.max(largest, src[k]);
    }
    double sum = 0;
    for (int k = from; k < from + classes; k++) {
      sum += Math.exp(src[k] - largest);
    }
    return largest + Math.log(sum);
  }

  private static void requireLabel(int label, int n, int first, int classes) {
    if (label < first || label >= first + classes) {
      throw new IllegalArgumentException(
          "labels[%d] is %d, expected %d .. %d, the classes asked for; widen the class range or correct the label"
              .formatted(n, label, first, first + classes - 1));
    }
  }
}
