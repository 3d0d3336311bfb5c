// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.CounterRandom;
import java.util.Arrays;
import java.util.List;

/** Data that depends on its name alone. */
final class Values {
  private Values() {}

  /** Uniform in [-1, 1). */
  static float[] uniform(String name, int count) {
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
