// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.optim;

/** The limits of hyper-parameters. */
final class Require {
  private Require() {}

  static void positive(String name, double value, String remedy) {
    if (!(value > 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException(name + " is " + value + ", must be above 0; " + remedy);
    }
  }

  static void notNegative(String name, double value, String remedy) {
    if (!(value >= 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException(name + " is " + value + ", must be at least 0; " + remedy);
    }
  }

  static void belowOne(String name, double value, String remedy) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(
          name + " is " + value + ", must be at least 0 and below 1; " + remedy);
    }
  }
}
