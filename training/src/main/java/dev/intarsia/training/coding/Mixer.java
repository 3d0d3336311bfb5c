// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import java.util.Arrays;

/**
 * Chances from several contexts, mixed into one: each context keeps a running chance, the chances
 * are added in the logistic domain with learned weights, and both learn from the bit that came.
 *
 * <p>All arithmetic is on integers; the two tables come from {@link StrictMath}. So encoder and
 * decoder agree on every machine. (Logistic mixing: Mahoney 2005.)
 */
final class Mixer {
  private static final int ONE = 1 << 12; // chances inside the mixer
  private static final int LIMIT = 2047; // of stretched chances, 8 fractional bits
  private static final short[] STRETCH = new short[ONE];
  private static final short[] SQUASH = new short[2 * LIMIT + 1];
  private static final int[] RECIPROCAL = new int[1024];
  private static final int RATE_SHIFT = 15;
  private static final int MAX_COUNT = 1023;

  static {
    for (int i = 0; i < ONE; i++) {
      double p = (i + 0.5) / ONE;
      double stretched = StrictMath.rint(256 * StrictMath.log(p / (1 - p)));
      STRETCH[i] = (short) Math.max(-LIMIT, Math.min(LIMIT, stretched));
    }
    for (int i = -LIMIT; i <= LIMIT; i++) {
      double p = ONE / (1 + StrictMath.exp(-i / 256.0));
      SQUASH[i + LIMIT] = (short) Math.max(1, Math.min(ONE - 1, StrictMath.rint(p)));
    }
    for (int i = 0; i < RECIPROCAL.length; i++) {
      RECIPROCAL[i] = (int) (65536 / (i + 1.5));
    }
  }

  private final int inputs;
  private final int[][] chances; // per input and context: 22 bits chance of a 1, 10 bits count
  private final int[][] weights; // per selector, 16 fractional bits
  private final int[] stretched;
  private final int[] contexts;
  private int[] chosen;
  private int mixed;

  /** One table of chances per input, of the given sizes, and weights for each selector. */
  Mixer(int selectors, int... sizes) {
    inputs = sizes.length;
    chances = new int[inputs][];
    weights = new int[selectors][inputs];
    for (int i = 0; i < inputs; i++) {
      chances[i] = new int[sizes[i]];
      Arrays.fill(chances[i], 1 << 31);
    }
    for (int[] row : weights) {
      Arrays.fill(row, 65536 / inputs + 16384 / inputs);
    }
    stretched = new int[inputs];
    contexts = new int[inputs];
  }

  /** Names the context of an input for the next bit. */
  void context(int input, int value) {
    contexts[input] = value;
  }

  /** Returns the chance that the next bit is 1, in 65536ths. */
  int predict(int selector) {
    chosen = weights[selector];
    long sum = 0;
    for (int i = 0; i < inputs; i++) {
      stretched[i] = STRETCH[chances[i][contexts[i]] >>> 20];
      sum += (long) chosen[i] * stretched[i];
    }
    int clipped = (int) Math.max(-LIMIT, Math.min(LIMIT, sum >> 16));
    mixed = SQUASH[clipped + LIMIT];
    return mixed << 4;
  }

  /** Learns from the bit that was predicted. */
  void update(int bit) {
    int error = (bit << 12) - mixed;
    for (int i = 0; i < inputs; i++) {
      chosen[i] += stretched[i] * error + (1 << RATE_SHIFT - 1) >> RATE_SHIFT;
      int state = chances[i][contexts[i]];
      int count = state & MAX_COUNT;
      int chance = state >>> 10;
      int target = bit == 0 ? 0 : (1 << 22) - 1;
      chance += (int) ((long) (target - chance) * RECIPROCAL[count] >> 16);
      chances[i][contexts[i]] = chance << 10 | Math.min(count + 1, MAX_COUNT);
    }
  }
}
