// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

/**
 * A shape with a name, and how much of it a mask keeps.
 *
 * @param name as in problems.txt, such as {@code edge:k-31}
 * @param shape one of the shape records, or {@link Classes}
 * @param density fraction of mask bits that are set, 0..1; NaN for no mask at all
 */
record Problem<S>(String name, S shape, double density) {

  /**
   * Logits and the classes that count.
   *
   * @param n rows
   * @param classes classes of the logits
   * @param first first class of the range
   * @param count classes in the range
   */
  record Classes(int n, int classes, int first, int count) {}

  /** Returns whether the op is to be given no mask. */
  boolean maskless() {
    return Double.isNaN(density);
  }

  @Override
  public String toString() {
    return name
        + " "
        + shape
        + (maskless() ? " mask=none" : density == 0.5 ? "" : " mask=" + density);
  }
}
