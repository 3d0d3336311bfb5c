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

  /**
   * The epilogue of {@code backward_weights}: the same of a gradient that is nobody's result, with
   * the sum over each kernel (Yang et al. 2021, KSM).
   *
   * @param kernel weights of a kernel, {@code diffKernels[o, i] = sum over them of g . weights}
   * @param g [rows, cols], the dense gradient
   * @param mask [rows, cols] or null for all
   * @param scores [rows, cols], read with diffScores; null for a sign of 1
   * @param diffWeights [rows, cols] or null, written
   * @param diffScores [rows, cols] or null, written
   * @param diffKernels [rows, kernels of a row] or null, written
   */
  public static void split(
      int kernel,
      float[] g,
      float[] weights,
      boolean[] mask,
      float[] scores,
      boolean[] frozen,
      boolean[] candidates,
      float[] diffWeights,
      float[] diffScores,
      float[] diffKernels) {
    double sum = 0;
    for (int k = 0; k < g.length; k++) {
      if (diffScores != null) {
        boolean candidate = candidates == null || candidates[k];
        float sign = scores == null ? 1 : Math.signum(scores[k]);
        diffScores[k] = candidate ? g[k] * weights[k] * sign : 0;
      }
      if (diffWeights != null) {
        boolean trained = (mask == null || mask[k]) && (frozen == null || !frozen[k]);
        diffWeights[k] = trained ? g[k] : 0;
      }
      if (diffKernels != null) {
        sum = (k % kernel == 0 ? 0 : sum) + (double) g[k] * weights[k];
        diffKernels[k / kernel] = (float) sum;
      }
    }
  }
}
