// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

/** Reads what {@link BitWriter} wrote. */
final class BitReader {
  private final byte[] bytes;
  private long position;

  BitReader(byte[] bytes) {
    this.bytes = bytes;
  }

  int readBit() {
    if (position >= 8L * bytes.length) {
      throw new CorruptCodeException(
          "the code ends after " + bytes.length + " bytes, expected more; take an intact copy");
    }
    int bit = bytes[(int) (position / 8)] >>> position % 8 & 1;
    position++;
    return bit;
  }

  int read(int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
      value |= readBit() << i;
    }
    return value;
  }

  /** Checks that nothing is left but the zero bits that fill the last byte. */
  void requireEnd() {
    boolean clean = (position + 7) / 8 == bytes.length;
    while (clean && position < 8L * bytes.length) {
      clean = readBit() == 0;
    }
    if (!clean) {
      throw new CorruptCodeException(
          "the code has "
              + bytes.length
              + " bytes but ends at bit "
              + position
              + "; take an intact copy");
    }
  }
}
