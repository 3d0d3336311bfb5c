// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.soft;

import dev.intarsia.SoftMaskMode;
import java.util.Arrays;

/**
 * What a task keeps of one layer's factors: a bit for each unit, row by row in words of 64; beside
 * it in SOFT one byte {@code round(255 a)} for each dropped unit, whose factor is then {@code scale
 * * byte / 255}; in TERNARY another bit for each unit, set where the factor is -1.
 */
public final class StoredMask {
  private static final int STEPS = 255;

  private final int units;
  private final float scale;
  private final long[] kept;
  private final long[] negative; // null but in TERNARY
  private final byte[] dropped; // null but in SOFT

  private StoredMask(int units, float scale, long[] kept, long[] negative, byte[] dropped) {
    this.units = units;
    this.scale = scale;
    this.kept = kept;
    this.negative = negative;
    this.dropped = dropped;
  }

  /**
   * Stores factors; the arrays stay the caller's.
   *
   * @param factors one for each unit, as the mode makes them
   * @param scale largest factor of a dropped unit in SOFT
   */
  public static StoredMask of(float[] factors, SoftMaskMode mode, float scale) {
    long[] kept = new long[(factors.length + Long.SIZE - 1) / Long.SIZE];
    long[] negative = mode == SoftMaskMode.TERNARY ? new long[kept.length] : null;
    byte[] dropped = new byte[mode == SoftMaskMode.SOFT ? factors.length : 0];
    int count = 0;
    for (int u = 0; u < factors.length; u++) {
      if (factors[u] == 1) {
        kept[u / Long.SIZE] |= 1L << u;
      } else if (mode == SoftMaskMode.SOFT) {
        double place = scale == 0 ? 0 : (double) factors[u] / scale;
        dropped[count++] = (byte) Math.rint(STEPS * place);
      } else if (factors[u] == -1) {
        negative[u / Long.SIZE] |= 1L << u;
      }
    }
    byte[] scales = mode == SoftMaskMode.SOFT ? Arrays.copyOf(dropped, count) : null;
    return new StoredMask(factors.length, scale, kept, negative, scales);
  }

  /** The factors that answer from now on, one for each unit; a new array. */
  public float[] factors() {
    float[] factors = new float[units];
    int at = 0;
    for (int u = 0; u < units; u++) {
      if (isSet(kept, u)) {
        factors[u] = 1;
      } else if (dropped != null) {
        factors[u] = (float) ((double) scale * (dropped[at++] & 0xff) / STEPS);
      } else if (negative != null && isSet(negative, u)) {
        factors[u] = -1;
      }
    }
    return factors;
  }

  private static boolean isSet(long[] bits, int unit) {
    return (bits[unit / Long.SIZE] >>> unit & 1) != 0;
  }

  /** Stored bytes: bitmaps in whole words, and the bytes of dropped units. */
  public long bytes() {
    long words = kept.length + (negative == null ? 0 : negative.length);
    return Long.BYTES * words + (dropped == null ? 0 : dropped.length);
  }

  /** Units that are kept. */
  public long kept() {
    return Arrays.stream(kept).map(Long::bitCount).sum();
  }
}
