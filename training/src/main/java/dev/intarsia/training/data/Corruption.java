// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.Locale;

/**
 * What makes a generated domain: the four factors of OpenLORIS-Object (She et al. 2020), each at
 * three levels. The strengths are ours.
 */
enum Corruption {
  /** Light falls from one side; the other is darker by so much. */
  ILLUMINATION(0.35f, 0.6f, 0.85f),
  /** One rectangle of one colour hides so much of the area. */
  OCCLUSION(0.1f, 0.25f, 0.45f),
  /** The image shrinks to so much of its side, on the mean colour of its border. */
  SCALE(0.8f, 0.6f, 0.4f),
  /** So many pieces of other images lie around the centre. */
  CLUTTER(2, 5, 10);

  static final int LEVELS = 3;

  private final float[] strengths;

  Corruption(float... strengths) {
    this.strengths = strengths;
  }

  /** By level, from 1. */
  float strength(int level) {
    return strengths[level - 1];
  }

  /** For people. */
  String title() {
    return name().toLowerCase(Locale.ROOT);
  }
}
