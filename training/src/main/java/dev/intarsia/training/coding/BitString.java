// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import java.util.Arrays;

/**
 * Codes of one to eight bits side by side, for files: element {@code i} is at bits {@code [i *
 * bits, (i + 1) * bits)} of a little-endian string, bit 0 of byte 0 first. Unused bits of the last
 * byte are zero. Kernels read another layout, {@code dev.intarsia.Codes}.
 */
public final class BitString {
  private static final int MAX_BITS = 8;

  private BitString() {}

  /** Returns how many bytes {@code count} codes take. */
  public static long bytes(long count, int bits) {
    requireBits(bits);
    return Math.floorDiv(Math.addExact(Math.multiplyExact(count, bits), 7), 8);
  }

  /**
   * Packs codes.
   *
   * @param codes one unsigned byte each, below 2^bits
   */
  public static byte[] pack(byte[] codes, int bits) {
    byte[] packed = new byte[Math.toIntExact(bytes(codes.length, bits))];
    for (int i = 0; i < codes.length; i++) {
      int code = codes[i] & 0xFF;
      if (code >>> bits != 0) {
        throw new IllegalArgumentException(
            "code %d is %d, must be below %d; take more bits".formatted(i, code, 1 << bits));
      }
      long at = (long) i * bits;
      int byteAt = (int) (at >>> 3);
      int shifted = code << (at & 7);
      packed[byteAt] |= (byte) shifted;
      if (shifted > 0xFF) {
        packed[byteAt + 1] |= (byte) (shifted >>> 8);
      }
    }
    return packed;
  }

  /** Returns code {@code index} of a string, without reading the others. */
  public static int get(byte[] packed, int bits, long index) {
    requireBits(bits);
    long at = Math.multiplyExact(index, (long) bits);
    if (index < 0 || at + bits > 8L * packed.length) {
      throw new IndexOutOfBoundsException(
          "code %d of %d bits, the string has %d bytes".formatted(index, bits, packed.length));
    }
    int byteAt = (int) (at >>> 3);
    int both = packed[byteAt] & 0xFF;
    if ((at & 7) + bits > 8) {
      both |= (packed[byteAt + 1] & 0xFF) << 8;
    }
    return both >>> (at & 7) & (1 << bits) - 1;
  }

  /**
   * Returns the codes, one unsigned byte each.
   *
   * @throws CorruptCodeException if the string is not the length of {@code count} codes, or an
   *     unused bit is set
   */
  public static byte[] unpack(byte[] packed, int bits, int count) {
    if (packed.length != bytes(count, bits)) {
      throw new CorruptCodeException(
          "%d codes of %d bits take %d bytes, there are %d; take an intact copy"
              .formatted(count, bits, bytes(count, bits), packed.length));
    }
    byte[] codes = new byte[count];
    for (int i = 0; i < count; i++) {
      codes[i] = (byte) get(packed, bits, i);
    }
    if (!Arrays.equals(pack(codes, bits), packed)) {
      throw new CorruptCodeException("a bit behind the last code is set; unused bits are zero");
    }
    return codes;
  }

  private static void requireBits(int bits) {
    if (bits < 1 || bits > MAX_BITS) {
      throw new IllegalArgumentException("bits is " + bits + ", must be from 1 to " + MAX_BITS);
    }
  }
}
