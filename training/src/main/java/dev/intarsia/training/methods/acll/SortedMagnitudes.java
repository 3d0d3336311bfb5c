// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import dev.intarsia.PlaneShape;
import java.util.Arrays;
import java.util.List;

/**
 * The magnitudes of some weights in rising order, so that the threshold of any rate is a look-up.
 * They are sorted as the integers of their bits, which tells denormals apart.
 */
final class SortedMagnitudes {
  /** Below every magnitude: nothing goes. */
  static final float NONE = -1;

  private static final int SIGN = 0x80000000;

  private final int[] bits; // of non-negative floats, ascending

  private SortedMagnitudes(int[] bits) {
    this.bits = bits;
  }

  /**
   * Sorts the magnitudes of a layer's weights inside a mask.
   *
   * @param weights [rows, cols]
   * @param words of the mask
   * @throws IllegalArgumentException if one of them is not finite
   */
  static SortedMagnitudes of(PlaneShape shape, float[] weights, int[] words) {
    int[] places = shape.indices(words);
    int[] bits = new int[places.length];
    for (int i = 0; i < places.length; i++) {
      float weight = weights[places[i]];
      if (!Float.isFinite(weight)) {
        throw new IllegalArgumentException(
            "weight [%d, %d] is %s, must be finite to be ranked; lower the learning rate"
                .formatted(places[i] / shape.cols(), places[i] % shape.cols(), weight));
      }
      bits[i] = Float.floatToRawIntBits(weight) & ~SIGN;
    }
    Arrays.sort(bits);
    return new SortedMagnitudes(bits);
  }

  /** Those of several layers in one order. */
  static SortedMagnitudes merged(List<SortedMagnitudes> layers) {
    int[] bits = layers.stream().flatMapToInt(layer -> Arrays.stream(layer.bits)).toArray();
    Arrays.sort(bits);
    return new SortedMagnitudes(bits);
  }

  /** How many there are. */
  int count() {
    return bits.length;
  }

  /**
   * The magnitude up to which weights go: the rank-th smallest, rank being {@code round(rate * n)},
   * halves to even. {@link #NONE} where that is 0.
   */
  float threshold(double rate) {
    return threshold(rate, 0);
  }

  /**
   * The same, where some weights are gone already and not among these; they count in n and rank.
   */
  float threshold(double rate, long gone) {
    long rank = (long) Math.rint(rate * (bits.length + gone)) - gone;
    return rank <= 0 ? NONE : Float.intBitsToFloat(bits[Math.toIntExact(rank - 1)]);
  }
}
