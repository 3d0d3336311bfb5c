// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.internal;

/** Checks of sizes, in sentences that name the value and the limit. */
public final class Require {
  private Require() {}

  /** Refuses a value below one. */
  public static void positive(String shape, String name, int value) {
    atLeast(shape, name, value, 1);
  }

  /** Refuses a value below a limit. */
  public static void atLeast(String shape, String name, int value, int limit) {
    if (value < limit) {
      throw new IllegalArgumentException(
          shape + ": " + name + " is " + value + ", expected at least " + limit);
    }
  }

  /** Refuses sizes whose product an int cannot index; returns the product. */
  public static int elements(String shape, String name, long... sizes) {
    long product = 1;
    for (long size : sizes) {
      product = Math.multiplyHigh(product, size) != 0 ? Long.MAX_VALUE : product * size;
      if (product > Integer.MAX_VALUE || product < 0) {
        throw new IllegalArgumentException(
            shape
                + ": "
                + name
                + " has more than 2147483647 elements; use a smaller batch or layer");
      }
    }
    return (int) product;
  }

  /**
   * Returns how many windows fit along one side: {@code (size + 2 pad - extent) / stride + 1} with
   * {@code extent = dilation (kernel - 1) + 1}.
   */
  public static int windows(
      String shape, String side, int size, int kernel, int stride, int pad, int dilation) {
    long extent = (long) dilation * (kernel - 1) + 1;
    long padded = size + 2L * pad;
    if (extent > padded || padded > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          shape
              + ": the padded "
              + side
              + " is "
              + padded
              + ", expected at least "
              + extent
              + ", the extent of the window; use a larger image, more padding or a smaller window");
    }
    return (int) ((padded - extent) / stride + 1);
  }
}
