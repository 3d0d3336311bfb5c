// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;

/** What {@code CodebookGradient} means. */
public final class CodebookGradientReference {
  private CodebookGradientReference() {}

  /**
   * Sums the gradients of the weights that share a code.
   *
   * @param gradient [rows, cols]
   * @param selected [rows, cols] or null for all
   * @param codes [rows, cols], unsigned
   * @param diffCentres [2^bits], written
   */
  public static void apply(
      PlaneShape s, float[] gradient, boolean[] selected, byte[] codes, float[] diffCentres) {
    double[] sums = new double[diffCentres.length];
    for (int k = 0; k < s.elements(); k++) {
      if (selected == null || selected[k]) {
        sums[codes[k] & 0xFF] += gradient[k];
      }
    }
    for (int j = 0; j < sums.length; j++) {
      diffCentres[j] = (float) sums[j];
    }
  }
}
