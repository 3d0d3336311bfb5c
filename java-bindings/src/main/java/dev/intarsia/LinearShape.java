// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import dev.intarsia.internal.Require;

/**
 * Geometry of a linear layer: N rows, I inputs, O outputs; weights are [O, I].
 *
 * @param n rows
 * @param i inputs
 * @param o outputs
 */
public record LinearShape(int n, int i, int o) {
  private static final String NAME = "LinearShape";

  /** Checks every size. */
  public LinearShape {
    Require.positive(NAME, "n", n);
    Require.positive(NAME, "i", i);
    Require.positive(NAME, "o", o);
    Require.elements(NAME, "src", n, i);
    Require.elements(NAME, "dst", n, o);
    Require.elements(NAME, "weights", o, i);
  }

  /** Returns I, the products that one result adds up. */
  public int reductionLength() {
    return i;
  }

  /** Returns the same geometry for another number of rows. */
  public LinearShape withN(int n) {
    return new LinearShape(n, i, o);
  }

  @Override
  public String toString() {
    return "n" + n + "i" + i + " o" + o;
  }
}
