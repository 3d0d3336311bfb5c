// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

/**
 * How often each class was answered where each class was right: [classes, classes] counts, a row
 * for each label, a column for each answer. Immutable.
 */
public final class ConfusionMatrix {
  private final int classes;
  private final long[] counts;

  /**
   * Takes counts over.
   *
   * @param counts [classes, classes], at least 0
   */
  public ConfusionMatrix(int classes, long[] counts) {
    if (classes < 1 || counts.length != (long) classes * classes) {
      throw new IllegalArgumentException(
          "%d counts for %d classes, expected %d"
              .formatted(counts.length, classes, (long) classes * classes));
    }
    this.classes = classes;
    this.counts = counts.clone();
  }

  /** All that was counted. */
  public long total() {
    long sum = 0;
    for (long count : counts) {
      sum += count;
    }
    return sum;
  }

  /** What was right. */
  public long right() {
    long sum = 0;
    for (int c = 0; c < classes; c++) {
      sum += counts[c * classes + c];
    }
    return sum;
  }

  /**
   * Intersection over union of a class: what is right of all that has it as label or answer
   * (Jaccard 1912); NaN where nothing has.
   */
  public double intersectionOverUnion(int c) {
    long union = -counts[c * classes + c];
    for (int other = 0; other < classes; other++) {
      union += counts[c * classes + other] + counts[other * classes + c];
    }
    return union == 0 ? Double.NaN : (double) counts[c * classes + c] / union;
  }

  /** mIoU: the mean over the classes that occur as label or answer; NaN where nothing counted. */
  public double meanIntersectionOverUnion() {
    double sum = 0;
    int present = 0;
    for (int c = 0; c < classes; c++) {
      double value = intersectionOverUnion(c);
      if (!Double.isNaN(value)) {
        sum += value;
        present++;
      }
    }
    return present == 0 ? Double.NaN : sum / present;
  }
}
