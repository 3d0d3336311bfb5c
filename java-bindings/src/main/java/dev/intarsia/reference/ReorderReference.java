// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.ActivationShape;

/** What {@code Reorder} means where both layouts are row-major: a copy. */
public final class ReorderReference {
  private ReorderReference() {}

  /** Row-major NCHW to activations. */
  public static void pack(ActivationShape s, float[] src, float[] dst) {
    System.arraycopy(src, 0, dst, 0, s.elements());
  }

  /** Activations to row-major NCHW. */
  public static void unpack(ActivationShape s, float[] src, float[] dst) {
    System.arraycopy(src, 0, dst, 0, s.elements());
  }
}
