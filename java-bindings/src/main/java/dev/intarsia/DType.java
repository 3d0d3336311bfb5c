// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

/** What one element of a {@link Tensor} is. */
public enum DType {
  /** IEEE 754 single precision. */
  F32(4),
  /** Signed 32-bit integer: labels, mask words. */
  I32(4),
  /** Signed 64-bit integer: counts. */
  I64(8);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Returns the bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
