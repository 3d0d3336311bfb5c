// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.Arrays;

/**
 * A label for each pixel of stored images, and what is shown of it: labels go through a table, so
 * that groupings of classes share the maps. Immutable.
 */
final class LabelMaps {
  private final byte[] maps; // [rows in the storage, area]
  private final int area;
  private final byte[] shown; // [256] of each stored label

  private LabelMaps(byte[] maps, int area, byte[] shown) {
    this.maps = maps;
    this.area = area;
    this.shown = shown;
  }

  /**
   * Takes maps over.
   *
   * @param maps [images, area], each a class or {@link Dataset#IGNORE}
   */
  static LabelMaps of(String name, byte[] maps, int area, int images, int classes) {
    if (maps.length != (long) images * area) {
      throw new IllegalArgumentException(
          "%s: %d labels of pixels, expected %d for %d images of %d pixels"
              .formatted(name, maps.length, (long) images * area, images, area));
    }
    if (classes > Dataset.IGNORE) {
      throw new IllegalArgumentException(
          "%s: %d classes of pixels, the limit is %d; join some"
              .formatted(name, classes, Dataset.IGNORE));
    }
    for (int k = 0; k < maps.length; k++) {
      int label = maps[k] & 0xFF;
      if (label >= classes && label != Dataset.IGNORE) {
        throw new IllegalArgumentException(
            "%s: label of pixel %d of image %d is %d, it must be in 0..%d or %d, which does not count"
                .formatted(name, k % area, k / area, label, classes - 1, Dataset.IGNORE));
      }
    }
    byte[] same = new byte[256];
    for (int label = 0; label < same.length; label++) {
      same[label] = (byte) label;
    }
    return new LabelMaps(maps, area, same);
  }

  /**
   * The same maps with other labels.
   *
   * @param newLabel of each label that is shown now, {@link Dataset#IGNORE} aside
   */
  LabelMaps relabelled(int[] newLabel) {
    byte[] composed = new byte[256];
    for (int label = 0; label < composed.length; label++) {
      int now = shown[label] & 0xFF;
      composed[label] = (byte) (now < newLabel.length ? newLabel[now] : Dataset.IGNORE);
    }
    return new LabelMaps(maps, area, composed);
  }

  /** Writes the labels of a stored image to {@code dst[offset ..]}. */
  void copy(int row, byte[] dst, int offset) {
    for (int p = 0; p < area; p++) {
      dst[offset + p] = shown[maps[row * area + p] & 0xFF];
    }
  }

  /** Which class most pixels of a stored image have, of equals the first; -1 where none counts. */
  int mainClass(int row) {
    int[] pixels = new int[256];
    for (int p = 0; p < area; p++) {
      pixels[shown[maps[row * area + p] & 0xFF] & 0xFF]++;
    }
    pixels[Dataset.IGNORE] = 0;
    int most = Arrays.stream(pixels).max().orElse(0);
    for (int label = 0; most > 0 && label < pixels.length; label++) {
      if (pixels[label] == most) {
        return label;
      }
    }
    return -1;
  }
}
