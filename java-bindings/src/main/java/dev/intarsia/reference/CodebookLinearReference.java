// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.LinearShape;
import dev.intarsia.PlaneShape;
import java.util.Arrays;

/** What {@code CodebookLinear} means: weights from codes, then a plain product. */
public final class CodebookLinearReference {
  private CodebookLinearReference() {}

  /**
   * Returns the weights, [rows, cols].
   *
   * @param codes [rows, cols], unsigned
   * @param bits of a code
   * @param codebooks [sources, 2^bits]
   * @param owners [sources - 1, rows, cols] or null for one source
   * @param mask [rows, cols] or null for all
   */
  public static float[] decode(
      PlaneShape s, byte[] codes, int bits, float[] codebooks, boolean[][] owners, boolean[] mask) {
    float[] weights = new float[s.elements()];
    for (int k = 0; k < weights.length; k++) {
      if (mask != null && !mask[k]) {
        continue;
      }
      int source = 0;
      for (int i = 0; owners != null && i < owners.length; i++) {
        source = owners[i][k] ? i + 1 : source;
      }
      weights[k] = codebooks[(source << bits) + (codes[k] & 0xFF)];
    }
    return weights;
  }

  /**
   * {@code dst = src weights^T + bias}.
   *
   * @param weights [O, I] as decoded
   */
  public static void forward(
      LinearShape s, float[] src, float[] weights, float[] bias, float[] dst) {
    MaskedLinearReference.forward(s, src, weights, null, bias, dst);
  }

  /**
   * The same for images of several tasks: each as if it were alone.
   *
   * @param weights [masks] of [O, I], as decoded under each mask
   * @param maskOf [N], the mask of each image
   */
  public static void forward(
      LinearShape s, float[] src, float[][] weights, int[] maskOf, float[] bias, float[] dst) {
    int in = s.i();
    int out = s.o();
    for (int n = 0; n < s.n(); n++) {
      float[] image = Arrays.copyOfRange(src, n * in, (n + 1) * in);
      float[] result = new float[out];
      forward(s.withN(1), image, weights[maskOf[n]], bias, result);
      System.arraycopy(result, 0, dst, n * out, out);
    }
  }

  /**
   * {@code diffSrc = diffDst weights}.
   *
   * @param weights [O, I] as decoded
   */
  public static void backwardData(
      LinearShape s, float[] diffDst, float[] weights, float[] diffSrc) {
    MaskedLinearReference.backwardData(s, diffDst, weights, null, diffSrc);
  }
}
