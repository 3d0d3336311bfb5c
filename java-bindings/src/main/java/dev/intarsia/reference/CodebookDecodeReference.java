// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;

/** What {@code CodebookDecode} means. */
public final class CodebookDecodeReference {
  private CodebookDecodeReference() {}

  /**
   * Writes the weights.
   *
   * @param coded [rows, cols] as {@link CodebookLinearReference#decode} returns them
   * @param free [rows, cols] or null for none
   * @param values [count] of the free weights, in their order
   * @param weights [rows, cols]
   * @throws IllegalArgumentException if count is not the number of free weights
   */
  public static void forward(
      PlaneShape s, float[] coded, boolean[] free, float[] values, long count, float[] weights) {
    System.arraycopy(coded, 0, weights, 0, s.elements());
    if (free != null) {
      MaskCompressReference.unpack(s, free, values, count, weights);
    }
  }
}
