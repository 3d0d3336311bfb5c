// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.reference;

import dev.intarsia.ActivationShape;
import dev.intarsia.CounterRandom;

/**
 * What {@code Dropout} means: Philox4x32-10 (Salmon et al. 2011) with key (seed low, seed high) and
 * counter (e / 4, n, draw low, draw high), {@code e = (c*H + h)*W + w}.
 */
public final class DropoutReference {
  private DropoutReference() {}

  /** An element is kept and scaled by {@code 1 / (1 - rate)}, or zero; dst may be src. */
  public static void forward(
      ActivationShape s, float rate, long seed, long draw, float[] src, float[] dst) {
    int[] words = new int[4];
    float scale = 1 / (1 - rate);
    for (int n = 0; n < s.n(); n++) {
      for (int e = 0; e < s.imageElements(); e++) {
        if (e % 4 == 0) {
          CounterRandom.philox(
              e / 4, n, (int) draw, (int) (draw >>> 32), (int) seed, (int) (seed >>> 32), words);
        }
        float u = (words[e % 4] >>> 8) * 0x1p-24f;
        int k = n * s.imageElements() + e;
        dst[k] = u >= rate ? src[k] * scale : 0;
      }
    }
  }

  /** The gradient takes the same path as the value; diffSrc may be diffDst. */
  public static void backwardData(
      ActivationShape s, float rate, long seed, long draw, float[] diffDst, float[] diffSrc) {
    forward(s, rate, seed, draw, diffDst, diffSrc);
  }
}
