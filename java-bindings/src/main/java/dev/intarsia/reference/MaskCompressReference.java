// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;

/** What {@code MaskCompress} means. */
public final class MaskCompressReference {
  private MaskCompressReference() {}

  /**
   * Moves the selected elements side by side.
   *
   * @param selected [rows, cols]
   * @param dense [rows, cols]
   * @param compact [count], written
   * @throws IllegalArgumentException if count is not the number of selected elements
   */
  public static void pack(
      PlaneShape s, boolean[] selected, float[] dense, float[] compact, long count) {
    requireCount(s, selected, count);
    int at = 0;
    for (int k = 0; k < s.elements(); k++) {
      if (selected[k]) {
        compact[at++] = dense[k];
      }
    }
  }

  /**
   * Moves them back; elements that are not selected stay.
   *
   * @param selected [rows, cols]
   * @param compact [count]
   * @param dense [rows, cols], selected ones written
   * @throws IllegalArgumentException if count is not the number of selected elements
   */
  public static void unpack(
      PlaneShape s, boolean[] selected, float[] compact, long count, float[] dense) {
    requireCount(s, selected, count);
    int at = 0;
    for (int k = 0; k < s.elements(); k++) {
      if (selected[k]) {
        dense[k] = compact[at++];
      }
    }
  }

  private static void requireCount(PlaneShape s, boolean[] selected, long count) {
    long bits = 0;
    for (int k = 0; k < s.elements(); k++) {
      bits += selected[k] ? 1 : 0;
    }
    if (bits != count) {
      throw new IllegalArgumentException(
          bits + " elements are selected and the compact array has " + count);
    }
  }
}
