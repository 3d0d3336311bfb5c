// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.ActivationShape;

/** What {@code Relu} means. */
public final class ReluReference {
  private ReluReference() {}

  /** {@code dst = max(src, 0)}; src and dst [N, C, H, W], dst may be src. */
  public static void forward(ActivationShape s, float[] src, float[] dst) {
    for (int k = 0; k < s.elements(); k++) {
      dst[k] = Math.max(src[k], 0);
    }
  }

  /** {@code diffSrc = diffDst} where {@code dst > 0}, else 0; diffSrc may be diffDst. */
  public static void backwardData(
      ActivationShape s, float[] dst, float[] diffDst, float[] diffSrc) {
    for (int k = 0; k < s.elements(); k++) {
      diffSrc[k] = dst[k] > 0 ? diffDst[k] : 0;
    }
  }
}
