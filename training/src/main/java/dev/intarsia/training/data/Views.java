// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.List;
import java.util.stream.IntStream;

/** Datasets made of others without a copy of a pixel. */
final class Views {
  private Views() {}

  /**
   * Datasets one after the other.
   *
   * @param parts at least one, with images of one size
   * @param labels one for each image of all parts, each in 0..classNames.size()-1; copied
   */
  static Dataset joined(String name, List<Dataset> parts, int[] labels, List<String> classNames) {
    Dataset first = parts.get(0);
    for (Dataset part : parts) {
      if (part.channels() != first.channels()
          || part.height() != first.height()
          || part.width() != first.width()) {
        throw new IllegalArgumentException(
            "%s cannot be joined with %s, their sizes differ".formatted(part, first));
      }
    }
    return first.like(name, new Pixels.Joined(List.copyOf(parts)), labels, classNames);
  }

  /**
   * A generated domain; an image is changed by what it is in {@code base}, whatever is selected
   * from the view afterwards.
   *
   * @param level from 1 to {@link Corruption#LEVELS}
   * @param part tells training images from test images, which are changed independently
   */
  static Dataset corrupted(Dataset base, Corruption corruption, int level, long seed, int part) {
    int[] labels = IntStream.range(0, base.size()).map(base::label).toArray();
    Pixels pixels = new CorruptedPixels(base, corruption, level, seed, part);
    return base.like(base.name(), pixels, labels, base.classNames());
  }
}
