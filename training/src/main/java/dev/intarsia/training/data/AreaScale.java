// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.stream.IntStream;

/**
 * Scaling by area: a new pixel is the mean of what it covers of the old ones, parts of pixels
 * counted by their area, rounded half up. Whole numbers throughout, so the same on every machine.
 */
final class AreaScale {
  private AreaScale() {}

  /** Scales every image of a dataset; the result is stored. */
  static Dataset of(Dataset from, int newHeight, int newWidth) {
    int channels = from.channels();
    if (newHeight < 1 || newWidth < 1) {
      throw new IllegalArgumentException(
          "%s: a size of %d x %d, must be at least 1".formatted(from.name(), newHeight, newWidth));
    }
    long bytes = (long) from.size() * channels * newHeight * newWidth;
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "%s: scaled to %d x %d it needs %d bytes, the limit is %d; set a smaller size"
              .formatted(from.name(), newHeight, newWidth, bytes, Integer.MAX_VALUE - 8));
    }
    byte[] scaled = new byte[(int) bytes]; // [N, C, newHeight, newWidth]
    byte[] image = new byte[from.imageLength()];
    int area = newHeight * newWidth;
    for (int i = 0; i < from.size(); i++) {
      from.copyPixels(i, image, 0);
      for (int c = 0; c < channels; c++) {
        int at = c * from.height() * from.width();
        int to = (i * channels + c) * area;
        plane(image, at, from.height(), from.width(), scaled, to, newHeight, newWidth);
      }
    }
    int[] labels = IntStream.range(0, from.size()).map(from::label).toArray();
    return Dataset.of(
        from.name(), scaled, channels, newHeight, newWidth, labels, from.classNames());
  }

  /** Scales one plane {@code src[from ..]} of h x w into {@code dst[to ..]} of oh x ow. */
  static void plane(byte[] src, int from, int h, int w, byte[] dst, int to, int oh, int ow) {
    long area = (long) h * w; // of a new pixel, in units of 1 / (oh * ow) old pixels
    for (int y = 0; y < oh; y++) {
      for (int x = 0; x < ow; x++) {
        long sum = 0;
        for (int sy = y * h / oh; sy * oh < (y + 1) * h; sy++) {
          long high = Math.min((sy + 1) * oh, (y + 1) * h) - Math.max(sy * oh, y * h);
          for (int sx = x * w / ow; sx * ow < (x + 1) * w; sx++) {
            long wide = Math.min((sx + 1) * ow, (x + 1) * w) - Math.max(sx * ow, x * w);
            sum += high * wide * (src[from + sy * w + sx] & 0xFF);
          }
        }
        dst[to + y * ow + x] = (byte) ((2 * sum + area) / (2 * area));
      }
    }
  }
}
