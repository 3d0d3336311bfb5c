// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;

/** What {@code MaskedSgd} means. */
public final class MaskedSgdReference {
  private MaskedSgdReference() {}

  /**
   * One step on the trainable elements; the others are not touched.
   *
   * @param gradient [rows, cols]
   * @param trainable [rows, cols] or null for all
   * @param weights [rows, cols], added to
   * @param velocity [rows, cols], read and written, or null when momentum is 0
   */
  public static void step(
      PlaneShape s,
      float[] gradient,
      boolean[] trainable,
      float[] weights,
      float[] velocity,
      double learningRate,
      double momentum,
      double weightDecay,
      boolean nesterov) {
    for (int k = 0; k < s.elements(); k++) {
      if (trainable == null || trainable[k]) {
        double g = gradient[k] + weightDecay * weights[k];
        double v = (velocity == null ? 0 : momentum * velocity[k]) + g;
        if (velocity != null) {
          velocity[k] = (float) v;
        }
        weights[k] = (float) (weights[k] - learningRate * (nesterov ? g + momentum * v : v));
      }
    }
  }
}
