// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import dev.intarsia.PlaneShape;

/** Single bits of mask planes on the host: words [rows, wordsPerRow], bit 0 first. */
final class Planes {
  private Planes() {}

  /** Takes one weight at a time. */
  interface Visitor {
    void visit(int row, int col);
  }

  static void forEach(PlaneShape shape, Visitor visitor) {
    for (int row = 0; row < shape.rows(); row++) {
      for (int col = 0; col < shape.cols(); col++) {
        visitor.visit(row, col);
      }
    }
  }

  static int get(PlaneShape shape, int[] words, int row, int col) {
    return words[row * shape.wordsPerRow() + col / 32] >>> col % 32 & 1;
  }

  static void set(PlaneShape shape, int[] words, int row, int col, int bit) {
    words[row * shape.wordsPerRow() + col / 32] |= bit << col % 32;
  }

  static void requireWords(PlaneShape shape, int[] words) {
    int expected = shape.rows() * shape.wordsPerRow();
    if (words.length != expected) {
      throw new IllegalArgumentException(
          "the plane has " + words.length + " words, expected " + expected + " for " + shape);
    }
  }
}
