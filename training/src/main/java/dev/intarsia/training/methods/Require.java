// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

/** The limits of the methods' knobs. */
final class Require {
  private Require() {}

  static void atLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          name + " is " + value + ", must be at least 1; a task is learned by passing over it");
    }
  }
}
