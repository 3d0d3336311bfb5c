// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.Conv2dShape;
import java.util.Arrays;

/**
 * What {@code CodebookConv2d} means: weights from codes, as {@link CodebookLinearReference#decode}
 * has them for the plane [O, I*KH*KW], then a plain convolution.
 */
public final class CodebookConv2dReference {
  private CodebookConv2dReference() {}

  /**
   * {@code dst = conv2d(src, weights) + bias}.
   *
   * @param weights [O, I, KH, KW] as decoded
   */
  public static void forward(
      Conv2dShape s, float[] src, float[] weights, float[] bias, float[] dst) {
    MaskedConv2dReference.forward(s, src, weights, null, bias, dst);
  }

  /**
   * The same for images of several tasks: each as if it were alone.
   *
   * @param weights [masks] of [O, I, KH, KW], as decoded under each mask
   * @param maskOf [N], the mask of each image
   */
  public static void forward(
      Conv2dShape s, float[] src, float[][] weights, int[] maskOf, float[] bias, float[] dst) {
    int in = s.c() * s.h() * s.w();
    int out = s.o() * s.oh() * s.ow();
    for (int n = 0; n < s.n(); n++) {
      float[] image = Arrays.copyOfRange(src, n * in, (n + 1) * in);
      float[] result = new float[out];
      forward(s.withN(1), image, weights[maskOf[n]], bias, result);
      System.arraycopy(result, 0, dst, n * out, out);
    }
  }

  /**
   * The gradient of src.
   *
   * @param weights [O, I, KH, KW] as decoded
   */
  public static void backwardData(
      Conv2dShape s, float[] diffDst, float[] weights, float[] diffSrc) {
    MaskedConv2dReference.backwardData(s, diffDst, weights, null, diffSrc);
  }
}
