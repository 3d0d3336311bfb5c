// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.Arrays;

/**
 * Shows stored grey images with a black border and in several equal channels, so that data sets of
 * different formats can share a net. Nothing is stored twice.
 *
 * @param height of the stored image, in pixels
 * @param width of the stored image, in pixels
 * @param border black pixels added on every side
 * @param channels that all show the image
 */
record Frame(int height, int width, int border, int channels) {

  int outerHeight() {
    return height + 2 * border;
  }

  int outerWidth() {
    return width + 2 * border;
  }

  int storedLength() {
    return height * width;
  }

  /** Writes [channels, outerHeight, outerWidth] from the image that starts at {@code from}. */
  void copy(byte[] pixels, int from, byte[] dst, int offset) {
    int area = outerHeight() * outerWidth();
    Arrays.fill(dst, offset, offset + area, (byte) 0);
    for (int y = 0; y < height; y++) {
      int to = offset + (y + border) * outerWidth() + border;
      System.arraycopy(pixels, from + y * width, dst, to, width);
    }
    for (int c = 1; c < channels; c++) {
      System.arraycopy(dst, offset, dst, offset + c * area, area);
    }
  }
}
