// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * A binary range coder: 32-bit range, carries propagated through pending 0xFF bytes. (Martin 1979,
 * with the carry handling that is common practice.)
 */
final class RangeEncoder {
  /** Below it a byte leaves the range. */
  static final int SMALLEST = 24;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private long low; // 33 bits
  private long range = 0xFFFFFFFFL;
  private int pending; // bytes 0xFF, or 0x00 once carried, between held and low
  private int held = -1; // the byte that a carry may still raise

  /** Codes a bit whose chance to be 1 is {@code one} / 65536, in [1, 65535]. */
  void encode(int bit, int one) {
    long bound = (range >>> 16) * one;
    if (bit != 0) {
      range = bound;
    } else {
      low += bound;
      range -= bound;
    }
    while (range < 1L << SMALLEST) {
      range <<= 8;
      shift();
    }
  }

  private void shift() {
    boolean carry = low > 0xFFFFFFFFL;
    if (carry || low < 0xFF000000L) {
      int raise = carry ? 1 : 0;
      if (held >= 0) {
        out.write(held + raise);
      }
      for (; pending > 0; pending--) {
        out.write(0xFF + raise);
      }
      held = (int) (low >>> 24 & 0xFF);
    } else {
      pending++;
    }
    low = low << 8 & 0xFFFFFFFFL;
  }

  /** Ends the code and returns its bytes; trailing zero bytes are left out. */
  byte[] finish() {
    for (int i = 0; i < 5; i++) {
      shift();
    }
    byte[] bytes = out.toByteArray();
    int length = bytes.length;
    while (length > 0 && bytes[length - 1] == 0) {
      length--;
    }
    return Arrays.copyOf(bytes, length);
  }
}
