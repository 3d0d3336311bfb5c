// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import java.util.Arrays;

/** What the norms do beside normalising: {@code dst = max(norm + addend, 0)}. */
final class NormEpilogue {
  private NormEpilogue() {}

  /** One value of dst. */
  static float value(double norm, float[] addend, boolean relu, int k) {
    double sum = addend == null ? norm : norm + addend[k];
    return (float) (relu ? Math.max(sum, 0) : sum);
  }

  /**
   * The gradient of [N, C, H, W], {@code count} elements, that passes the rectifier, which is
   * written to diffAddend too.
   */
  static float[] incoming(
      int count, float[] dst, boolean relu, float[] diffDst, float[] diffAddend) {
    float[] incoming = Arrays.copyOf(diffDst, count);
    for (int k = 0; relu && k < count; k++) {
      incoming[k] = dst[k] > 0 ? incoming[k] : 0;
    }
    if (diffAddend != null) {
      System.arraycopy(incoming, 0, diffAddend, 0, count);
    }
    return incoming;
  }
}
