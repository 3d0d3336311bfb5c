// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.ActivationShape;

/** What {@code Add} means. */
public final class AddReference {
  private AddReference() {}

  /** {@code dst = src + addend}, all [N, C, H, W]; dst may be either. */
  public static void forward(ActivationShape s, float[] src, float[] addend, float[] dst) {
    for (int k = 0; k < s.elements(); k++) {
      dst[k] = src[k] + addend[k];
    }
  }
}
