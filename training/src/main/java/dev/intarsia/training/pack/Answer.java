// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

/**
 * What a net says of one image.
 *
 * @param task it was asked as
 * @param logits one per class of the task; handed over
 */
public record Answer(int task, float[] logits) {

  /** The class with the largest logit; of equal ones the first. */
  public int best() {
    int best = 0;
    for (int c = 1; c < logits.length; c++) {
      if (logits[c] > logits[best]) {
        best = c;
      }
    }
    return best;
  }

  /** The softmax of the best class, in (0, 1]. */
  public double confidence() {
    double sum = 0;
    float largest = logits[best()];
    for (float logit : logits) {
      sum += Math.exp((double) logit - largest);
    }
    return 1 / sum;
  }
}
