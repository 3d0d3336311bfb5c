// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

/**
 * Reads what {@link RangeEncoder} wrote. Bytes past the end read as zero, as they were left out.
 */
final class RangeDecoder {
  private final byte[] bytes;
  private int position;
  private long code;
  private long range = 0xFFFFFFFFL;

  RangeDecoder(byte[] bytes, int from) {
    this.bytes = bytes;
    position = from;
    for (int i = 0; i < 4; i++) {
      code = code << 8 | next();
    }
  }

  private int next() {
    int value = position < bytes.length ? bytes[position] & 0xFF : 0;
    position++;
    return value;
  }

  int decode(int one) {
    long bound = (range >>> 16) * one;
    int bit;
    if (code < bound) {
      range = bound;
      bit = 1;
    } else {
      code -= bound;
      range -= bound;
      bit = 0;
    }
    while (range < 1L << RangeEncoder.SMALLEST) {
      range <<= 8;
      code = (code << 8 | next()) & 0xFFFFFFFFL;
    }
    return bit;
  }

  /** Checks that every byte was wanted: an encoder writes none that its decoder does not read. */
  void requireEnd() {
    if (position < bytes.length) {
      throw new CorruptCodeException(
          "the code has "
              + bytes.length
              + " bytes but ends at byte "
              + position
              + "; take an intact copy");
    }
  }
}
