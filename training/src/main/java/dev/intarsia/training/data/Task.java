// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.List;
import java.util.Objects;

/**
 * One thing to learn: some classes, with images to learn from and images to be examined on.
 *
 * @param index position in the stream, from 0
 * @param name for tables and reports
 * @param classes how many classes; labels of both datasets are 0..classes-1
 * @param classNames one name per class; copied
 * @param train images to learn from
 * @param test images to be examined on, of the same size
 * @param preprocessing how pixels become numbers
 */
public record Task(
    int index,
    String name,
    int classes,
    List<String> classNames,
    Dataset train,
    Dataset test,
    Preprocessing preprocessing) {

  /** Checks that the parts fit together. */
  public Task {
    Objects.requireNonNull(name, "name");
    classNames = List.copyOf(classNames);
    if (index < 0) {
      throw new IllegalArgumentException("task index is " + index + ", it must be at least 0");
    }
    if (classes < 2
        || classes != classNames.size()
        || classes != train.classes()
        || classes != test.classes()) {
      throw new IllegalArgumentException(
          "task '%s' has %d classes, %d names, %d classes in train and %d in test; %s"
              .formatted(
                  name,
                  classes,
                  classNames.size(),
                  train.classes(),
                  test.classes(),
                  "the counts must agree and be at least 2"));
    }
    if (train.hasMaps() != test.hasMaps()) {
      throw new IllegalArgumentException(
          "task '%s': only one of train and test has label maps, both must or neither"
              .formatted(name));
    }
    requireImages(name, "train", train);
    requireImages(name, "test", test);
    if (train.channels() != test.channels()
        || train.height() != test.height()
        || train.width() != test.width()
        || train.channels() != preprocessing.channels()) {
      throw new IllegalArgumentException(
          "task '%s': train is [%s], test is [%s] and preprocessing has %d channels, %s"
              .formatted(name, train, test, preprocessing.channels(), "they must agree"));
    }
  }

  /** Whether each pixel is to be classified, not each image. */
  public boolean perPixel() {
    return train.hasMaps();
  }

  /** A task whose classes are those of its datasets. */
  public static Task of(
      int index, String name, Dataset train, Dataset test, Preprocessing preprocessing) {
    return new Task(index, name, train.classes(), train.classNames(), train, test, preprocessing);
  }

  private static void requireImages(String name, String split, Dataset dataset) {
    if (dataset.size() == 0) {
      throw new IllegalArgumentException(
          "task '%s' has 0 %s images, at least 1 is needed".formatted(name, split));
    }
  }
}
