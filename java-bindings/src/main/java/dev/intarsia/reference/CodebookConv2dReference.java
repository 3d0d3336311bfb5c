// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.Conv2dShape;

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
   * The gradient of src.
   *
   * @param weights [O, I, KH, KW] as decoded
   */
  public static void backwardData(
      Conv2dShape s, float[] diffDst, float[] weights, float[] diffSrc) {
    MaskedConv2dReference.backwardData(s, diffDst, weights, null, diffSrc);
  }
}
