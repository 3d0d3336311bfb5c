// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;

/** What {@code CodebookAssign} means. */
public final class CodebookAssignReference {
  private CodebookAssignReference() {}

  /**
   * Rounds the selected values to their nearest centres.
   *
   * @param values [rows, cols], the selected ones replaced by their centres
   * @param selected [rows, cols] or null for all
   * @param centres [size], not falling
   * @param codes [rows, cols], those of the selected weights written
   */
  public static void apply(
      PlaneShape s, float[] values, boolean[] selected, float[] centres, byte[] codes) {
    for (int k = 0; k < s.elements(); k++) {
      if (selected != null && !selected[k]) {
        continue;
      }
      int code = 0;
      while (code + 1 < centres.length && values[k] > 0.5f * (centres[code] + centres[code + 1])) {
        code++;
      }
      codes[k] = (byte) code;
      values[k] = centres[code];
    }
  }
}
