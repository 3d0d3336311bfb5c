// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;

/** What {@code ScoreEpilogue} means (Kang et al. 2022, WSN, eq. 5 and algorithm 1). */
public final class ScoreEpilogueReference {
  private ScoreEpilogueReference() {}

  /**
   * {@code diffWeights = g . mask . not(frozen)}, {@code diffScores = g . weights . sign(scores)}.
   *
   * @param weights [rows, cols]
   * @param scores [rows, cols]; the sign of 0 is 0
   * @param mask [rows, cols]
   * @param frozen [rows, cols] or null for none
   * @param candidates [rows, cols] or null for all; the score gradient is 0 outside
   * @param diffWeights [rows, cols], read as g and written
   * @param diffScores [rows, cols], written
   */
  public static void apply(
      PlaneShape s,
      float[] weights,
      float[] scores,
      boolean[] mask,
      boolean[] frozen,
      boolean[] candidates,
      float[] diffWeights,
      float[] diffScores) {
    for (int k = 0; k < s.elements(); k++) {
      float g = diffWeights[k];
      boolean candidate = candidates == null || candidates[k];
      diffScores[k] = candidate ? g * weights[k] * Math.signum(scores[k]) : 0;
      diffWeights[k] = mask[k] && (frozen == null || !frozen[k]) ? g : 0;
    }
  }
}
