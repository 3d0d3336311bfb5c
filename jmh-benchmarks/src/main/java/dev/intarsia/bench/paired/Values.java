// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.CounterRandom;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Data that depends on its name alone; nobody writes to it. The last ones are kept: the directions
 * of a problem share them.
 */
final class Values {
  private static final int KEPT = 12;
  private static final int LARGEST_KEPT = 1 << 24;
  private static final Map<List<Object>, Object> LAST =
      new LinkedHashMap<>(KEPT, 1, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<List<Object>, Object> eldest) {
          return size() > KEPT;
        }
      };

  private Values() {}

  /** Uniform in [-1, 1). */
  static float[] uniform(String name, int count) {
    return (float[]) kept(List.of(name, count), count, () -> drawUniform(name, count));
  }

  /** Sums of twelve uniform numbers: mean 0, deviation 1. */
  static float[] bell(String name, int count) {
    CounterRandom random = CounterRandom.of(1, "paired " + name);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      for (int term = 0; term < 12; term++) {
        values[i] += random.uniform(-0.5f, 0.5f);
      }
    }
    return values;
  }

  /** Uniform codes of so many bits. */
  static byte[] codes(String name, int count, int bits) {
    CounterRandom random = CounterRandom.of(1, "paired " + name);
    byte[] values = new byte[count];
    for (int i = 0; i < count; i++) {
      values[i] = (byte) random.nextInt(1 << bits);
    }
    return values;
  }

  private static Object kept(List<Object> key, int count, Supplier<Object> draw) {
    if (count > LARGEST_KEPT) {
      return draw.get();
    }
    Object known = LAST.get(key);
    if (known == null) {
      known = draw.get();
      LAST.put(key, known);
    }
    return known;
  }

  private static float[] drawUniform(String name, int count) {
    CounterRandom random = CounterRandom.of(1, "paired " + name);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.uniform(-1, 1);
    }
    return values;
  }

  /** One after the other. */
  static float[] concatenated(List<float[]> parts) {
    if (parts.size() == 1) {
      return parts.get(0);
    }
    float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  /**
   * A mask with exactly that share of its runs alive: {@code run} neighbours, a kernel's taps, live
   * or die together.
   */
  static boolean[] mask(String name, int count, int run, double density) {
    List<Object> key = List.of(name, count, run, density);
    return (boolean[]) kept(key, count, () -> drawMask(name, count, run, density));
  }

  private static boolean[] drawMask(String name, int count, int run, double density) {
    CounterRandom random = CounterRandom.of(1, "paired " + name);
    int units = count / run;
    int[] order = new int[units];
    for (int i = 0; i < units; i++) {
      order[i] = i;
    }
    boolean[] bits = new boolean[count];
    int live = (int) Math.max(1, Math.round(density * units));
    for (int i = 0; i < live; i++) {
      int chosen = i + random.nextInt(units - i);
      int unit = order[chosen];
      order[chosen] = order[i];
      Arrays.fill(bits, unit * run, (unit + 1) * run, true);
    }
    return bits;
  }
}
