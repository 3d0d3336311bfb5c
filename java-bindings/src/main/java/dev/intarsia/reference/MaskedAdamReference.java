// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;

/**
 * What {@code MaskedAdam} means (Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019 when
 * decoupled).
 */
public final class MaskedAdamReference {
  private MaskedAdamReference() {}

  /**
   * One step on the trainable elements; the others are not touched.
   *
   * @param gradient [rows, cols]
   * @param trainable [rows, cols] or null for all
   * @param weights [rows, cols], added to
   * @param firstMoment [rows, cols], read and written
   * @param secondMoment [rows, cols], read and written
   * @param decoupled whether the weight decay acts on the weights, not on the gradient
   * @param stepCount counts from 1
   */
  public static void step(
      PlaneShape s,
      float[] gradient,
      boolean[] trainable,
      float[] weights,
      float[] firstMoment,
      float[] secondMoment,
      double learningRate,
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      boolean decoupled,
      long stepCount) {
    double correction1 = 1 - Math.pow(beta1, stepCount);
    double correction2 = 1 - Math.pow(beta2, stepCount);
    for (int k = 0; k < s.elements(); k++) {
      if (trainable == null || trainable[k]) {
        double weight = decoupled ? weights[k] * (1 - learningRate * weightDecay) : weights[k];
        double g = decoupled ? gradient[k] : gradient[k] + weightDecay * weights[k];
        double m = beta1 * firstMoment[k] + (1 - beta1) * g;
        double v = beta2 * secondMoment[k] + (1 - beta2) * g * g;
        firstMoment[k] = (float) m;
        secondMoment[k] = (float) v;
        double step = m / correction1 / (Math.sqrt(v / correction2) + epsilon);
        weights[k] = (float) (weight - learningRate * step);
      }
    }
  }
}
