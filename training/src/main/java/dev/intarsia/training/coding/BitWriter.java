// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import java.util.Arrays;

/** Bits into bytes: the first bit written is bit 0 of byte 0. */
final class BitWriter {
  private byte[] bytes = new byte[64];
  private long bits;

  /** Appends the lowest {@code count} bits of a value, 0 to 32, the lowest first. */
  void write(int value, int count) {
    int needed = (int) ((bits + count + 7) / 8);
    if (needed > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(needed, 2 * bytes.length));
    }
    for (int i = 0; i < count; i++) {
      bytes[(int) (bits / 8)] |= (byte) ((value >>> i & 1) << bits % 8);
      bits++;
    }
  }

  /** Returns what was written; unused bits of the last byte are zero. */
  byte[] toBytes() {
    return Arrays.copyOf(bytes, (int) ((bits + 7) / 8));
  }
}
