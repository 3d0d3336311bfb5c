// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.LinearShape;

/** What {@code MaskedLinear} means. A mask of null holds every weight. */
public final class MaskedLinearReference {
  private MaskedLinearReference() {}

  /**
   * {@code dst = src (weights . mask)^T + bias}.
   *
   * @param src [N, I]
   * @param weights [O, I]
   * @param mask [O, I] or null
   * @param bias [O] or null
   * @param dst [N, O], written
   */
  public static void forward(
      LinearShape s, float[] src, float[] weights, boolean[] mask, float[] bias, float[] dst) {
    for (int n = 0; n < s.n(); n++) {
      for (int o = 0; o < s.o(); o++) {
        double sum = bias == null ? 0 : bias[o];
        for (int i = 0; i < s.i(); i++) {
          int k = o * s.i() + i;
          if (mask == null || mask[k]) {
            sum += (double) src[n * s.i() + i] * weights[k];
          }
        }
        dst[n * s.o() + o] = (float) sum;
      }
    }
  }

  /**
   * The gradient of src.
   *
   * @param diffDst [N, O]
   * @param weights [O, I]
   * @param mask [O, I] or null
   * @param diffSrc [N, I], written
   */
  public static void backwardData(
      LinearShape s, float[] diffDst, float[] weights, boolean[] mask, float[] diffSrc) {
    for (int n = 0; n < s.n(); n++) {
      for (int i = 0; i < s.i(); i++) {
        double sum = 0;
        for (int o = 0; o < s.o(); o++) {
          int k = o * s.i() + i;
          if (mask == null || mask[k]) {
            sum += (double) diffDst[n * s.o() + o] * weights[k];
          }
        }
        diffSrc[n * s.i() + i] = (float) sum;
      }
    }
  }

  /**
   * The gradients of weights (inside the mask only) and bias, added to what is there.
   *
   * @param src [N, I]
   * @param diffDst [N, O]
   * @param mask [O, I] or null
   * @param diffWeights [O, I], added to
   * @param diffBias [O] or null, added to
   */
  public static void backwardWeights(
      LinearShape s,
      float[] src,
      float[] diffDst,
      boolean[] mask,
      float[] diffWeights,
      float[] diffBias) {
    for (int o = 0; o < s.o(); o++) {
      for (int i = 0; i < s.i(); i++) {
        int k = o * s.i() + i;
        if (mask == null || mask[k]) {
          double sum = 0;
          for (int n = 0; n < s.n(); n++) {
            sum += (double) src[n * s.i() + i] * diffDst[n * s.o() + o];
          }
          diffWeights[k] = (float) (diffWeights[k] + sum);
        }
      }
      if (diffBias != null) {
        double sum = 0;
        for (int n = 0; n < s.n(); n++) {
          sum += diffDst[n * s.o() + o];
        }
        diffBias[o] = (float) (diffBias[o] + sum);
      }
    }
  }
}
