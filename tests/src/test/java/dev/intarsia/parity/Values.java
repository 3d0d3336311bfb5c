// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.CounterRandom;

/** Inputs, a function of the seed and a name alone. */
public final class Values {
  private Values() {}

  private static CounterRandom random(String name) {
    return CounterRandom.of(Problems.SEED, "values " + name);
  }

  /** Cubes of uniform values: in (-1, 1), most near zero (see {@link Tolerance}). */
  public static float[] signed(String name, int count) {
    CounterRandom random = random(name);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      float u = random.uniform(-1, 1);
      values[i] = u * u * u;
    }
    return values;
  }

  /** Uniform values from {@code lo} up to {@code hi}. */
  public static float[] uniform(String name, int count, float lo, float hi) {
    CounterRandom random = random(name);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.uniform(lo, hi);
    }
    return values;
  }

  /** Multiples of 1/8 in [-1, 1]: ties among magnitudes are common, zeros among them. */
  public static float[] tied(String name, int count) {
    CounterRandom random = random(name);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (random.nextInt(17) - 8) / 8f;
    }
    return values;
  }

  /** Integers from {@code first} on, below {@code first + count}. */
  public static int[] labels(String name, int rows, int first, int count) {
    CounterRandom random = random(name);
    int[] labels = new int[rows];
    for (int i = 0; i < rows; i++) {
      labels[i] = first + random.nextInt(count);
    }
    return labels;
  }

  /** Bits, each set with a probability; all or none where that is 1 or 0. */
  public static boolean[] bits(String name, int count, double density) {
    CounterRandom random = random(name);
    boolean[] bits = new boolean[count];
    for (int i = 0; i < count; i++) {
      bits[i] = random.nextDouble() < density;
    }
    return bits;
  }

  /** Codes of a plane, below 2^bits. */
  static byte[] codes(String name, int count, int bits) {
    CounterRandom random = random(name);
    byte[] codes = new byte[count];
    for (int i = 0; i < count; i++) {
      codes[i] = (byte) random.nextInt(1 << bits);
    }
    return codes;
  }
}
