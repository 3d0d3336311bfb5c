// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.LinearShape;

/**
 * What {@code CodebookLinearInt8} means: weights and images as bytes, then a product of integers.
 */
public final class CodebookLinearInt8Reference {
  /** A largest magnitude below this counts as zero. */
  private static final float LEAST_MAGNITUDE = 0x1p-100f;

  private static final float LARGEST_BYTE = 127;

  private CodebookLinearInt8Reference() {}

  /**
   * {@code dst = src weights^T + bias}, rounded.
   *
   * @param codebooks of all sources: their largest magnitude is that of the weights
   * @param weights [O, I] as {@link CodebookLinearReference#decode} gives them
   */
  public static void forward(
      LinearShape s, float[] src, float[] codebooks, float[] weights, float[] bias, float[] dst) {
    float largestCentre = largest(codebooks, 0, codebooks.length);
    byte[] bytes = bytes(weights, 0, weights.length, largestCentre);
    for (int n = 0; n < s.n(); n++) {
      float largest = largest(src, n * s.i(), s.i());
      byte[] image = bytes(src, n * s.i(), s.i(), largest);
      float scale = scale(largest) * scale(largestCentre);
      for (int o = 0; o < s.o(); o++) {
        int sum = 0;
        for (int i = 0; i < s.i(); i++) {
          sum += bytes[o * s.i() + i] * image[i];
        }
        dst[n * s.o() + o] = sum * scale + (bias == null ? 0 : bias[o]);
      }
    }
  }

  /** The largest magnitude of some values; NaN where one is not finite. */
  private static float largest(float[] values, int from, int count) {
    float largest = 0;
    for (int k = from; k < from + count; k++) {
      largest = Math.max(largest, Float.isFinite(values[k]) ? Math.abs(values[k]) : Float.NaN);
    }
    return largest;
  }

  private static float scale(float largest) {
    return largest < LEAST_MAGNITUDE ? 0 : largest / LARGEST_BYTE;
  }

  private static byte[] bytes(float[] values, int from, int count, float largest) {
    byte[] bytes = new byte[count];
    if (largest >= LEAST_MAGNITUDE) {
      float inverse = LARGEST_BYTE / largest;
      for (int k = 0; k < count; k++) {
        bytes[k] = (byte) Math.rint(values[from + k] * inverse);
      }
    }
    return bytes;
  }
}
