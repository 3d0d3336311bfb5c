// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.LinearShape;

/** What {@code Distillation} means. */
public final class DistillationReference {
  private DistillationReference() {}

  /**
   * Cross entropy with the labels beside the divergence from a teacher's softmax, and the gradient
   * of {@code loss[0] + lambda * loss[1]} by src.
   *
   * @param temperature above 0, divides both logits in the divergence
   * @param src [N, i] logits of the student
   * @param teacher [N, i] logits of the teacher; not read in rows that are not known
   * @param labels [N], each below i; null for no cross entropy
   * @param known [N], 0 for rows without a teacher; null when all rows have one
   * @param loss [2], written: cross entropy, divergence
   * @param diffSrc [N, i], written
   */
  public static void apply(
      LinearShape s,
      double temperature,
      double lambda,
      float[] src,
      float[] teacher,
      int[] labels,
      int[] known,
      float[] loss,
      float[] diffSrc) {
    int classes = s.i();
    requireLabels(s, labels);
    int count = 0;
    for (int n = 0; n < s.n(); n++) {
      count += known == null || known[n] != 0 ? 1 : 0;
    }
    double share = Math.max(1, count);
    double crossEntropy = 0;
    double divergence = 0;
    for (int n = 0; n < s.n(); n++) {
      int row = n * classes;
      double[] diff = new double[classes];
      if (labels != null) {
        double[] logs = logSoftmax(src, row, classes, 1);
        crossEntropy -= logs[labels[n]];
        for (int c = 0; c < classes; c++) {
          diff[c] = (Math.exp(logs[c]) - (c == labels[n] ? 1 : 0)) / s.n();
        }
      }
      if (known == null || known[n] != 0) {
        double[] p = logSoftmax(teacher, row, classes, temperature);
        double[] q = logSoftmax(src, row, classes, temperature);
        for (int c = 0; c < classes; c++) {
          divergence += Math.exp(p[c]) * (p[c] - q[c]);
          diff[c] += lambda * temperature / share * (Math.exp(q[c]) - Math.exp(p[c]));
        }
      }
      for (int c = 0; c < classes; c++) {
        diffSrc[row + c] = (float) diff[c];
      }
    }
    loss[0] = (float) (crossEntropy / s.n());
    loss[1] = (float) (temperature * temperature / share * divergence);
  }

  /** Logarithms of the softmax of [from, from + classes) / temperature. */
  private static double[] logSoftmax(float[] logits, int from, int classes, double temperature) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < classes; c++) {
      largest = Math.max(largest, logits[from + c] / temperature);
    }
    double sum = 0;
    for (int c = 0; c < classes; c++) {
      sum += Math.exp(logits[from + c] / temperature - largest);
    }
    double[] logs = new double[classes];
    for (int c = 0; c < classes; c++) {
      logs[c] = logits[from + c] / temperature - largest - Math.log(sum);
    }
    return logs;
  }

  private static void requireLabels(LinearShape s, int[] labels) {
    for (int n = 0; labels != null && n < s.n(); n++) {
      if (labels[n] < 0 || labels[n] >= s.i()) {
        throw new IllegalArgumentException(
            "labels[%d] is %d, expected 0 .. %d, the classes asked for; widen the class range or correct the label"
                .formatted(n, labels[n], s.i() - 1));
      }
    }
  }
}
