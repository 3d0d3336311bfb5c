// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

/** Checks shared by the records of this package. */
final class Require {
  private Require() {}

  static void notNegative(String name, double value) {
    if (!(value >= 0)) {
      throw new IllegalArgumentException(
          "footprint: %s is %s, must be at least 0; count what is stored"
              .formatted(
                  name, value == Math.rint(value) ? Long.toString((long) value) : "" + value));
    }
  }
}
