// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.PlaneShape;
import dev.intarsia.Ties;

/** What {@code MaskCut} means. */
public final class MaskCutReference {
  private MaskCutReference() {}

  /**
   * One bit per candidate at or above a threshold; zero elsewhere.
   *
   * @param values [rows, cols]
   * @param candidates [rows, cols] or null for all
   * @param threshold at least 0
   * @param ties what happens to values equal to the threshold
   * @param keep with EXACT, bits to set in all
   * @param mask [rows, cols], written
   * @return bits set
   */
  public static long apply(
      PlaneShape s,
      float[] values,
      boolean[] candidates,
      float threshold,
      Ties ties,
      long keep,
      boolean[] mask) {
    long kept = 0;
    for (int k = 0; k < s.elements(); k++) {
      boolean candidate = candidates == null || candidates[k];
      int order = order(values[k], threshold);
      mask[k] = candidate && (order > 0 || order == 0 && ties == Ties.KEPT);
      kept += mask[k] ? 1 : 0;
    }
    for (int k = 0; ties == Ties.EXACT && kept < keep && k < s.elements(); k++) {
      if ((candidates == null || candidates[k]) && order(values[k], threshold) == 0) {
        mask[k] = true;
        kept++;
      }
    }
    return kept;
  }

  /** Compares |value| with |threshold| by their bits, which order like the numbers. */
  private static int order(float value, float threshold) {
    int magnitude = Float.floatToRawIntBits(value) & 0x7fffffff;
    return Integer.compare(magnitude, Float.floatToRawIntBits(threshold) & 0x7fffffff);
  }
}
