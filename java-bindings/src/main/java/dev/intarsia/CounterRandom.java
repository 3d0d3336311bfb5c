// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import java.util.Objects;

/**
 * A random stream that is a pure function of a seed, a purpose and coordinates.
 *
 * <p>The generator is Philox4x32-10 (Salmon et al. 2011, <i>Parallel Random Numbers: As Easy as 1,
 * 2, 3</i>): block {@code n} of a stream is ten rounds of mixing applied to the counter {@code n}.
 * There is no state to carry along, so a value depends only on its name - {@code (seed, "augment",
 * task, epoch)}, block 17 - and never on which thread asked or what was drawn before it.
 *
 * <p>Seed and purpose make the 64-bit key, the coordinates make the upper half of the 128-bit
 * counter; the lower half counts blocks of four 32-bit words. All results, the Gaussian included,
 * are the same bits on every platform.
 *
 * <p>Not thread-safe: a stream belongs to one thread. Any number of streams may be made.
 */
public final class CounterRandom {
  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;
  private static final int WORDS = 4;

  private final int key0;
  private final int key1;
  private final int upper0;
  private final int upper1;
  private final int[] words = new int[WORDS]; // the current block
  private long block;
  private int used = WORDS;
  private double spareGaussian;
  private boolean hasSpareGaussian;

  private CounterRandom(long key, long upper) {
    key0 = (int) key;
    key1 = (int) (key >>> 32);
    upper0 = (int) upper;
    upper1 = (int) (upper >>> 32);
  }

  /**
   * Returns the stream of that name, at its first word.
   *
   * @param seed the seed of the run
   * @param purpose what the numbers are for, such as {@code "shuffle"}; purposes do not share
   *     numbers
   * @param coordinates where in the run: task, epoch, step, layer; {@code (1)} and {@code (1, 0)}
   *     are different places
   */
  public static CounterRandom of(long seed, String purpose, long... coordinates) {
    Objects.requireNonNull(purpose, "purpose");
    long key = absorb(0x243F6A8885A308D3L, seed); // first digits of pi
    for (int i = 0; i < purpose.length(); i++) {
      key = absorb(key, purpose.charAt(i));
    }
    long upper = 0x13198A2E03707344L; // the digits that follow
    for (long coordinate : coordinates) {
      upper = absorb(upper, coordinate);
    }
    return new CounterRandom(absorb(key, purpose.length()), absorb(upper, coordinates.length));
  }

  /** One SplitMix64 step (Steele, Lea, Flood 2014) over the state so far and one more word. */
  private static long absorb(long state, long word) {
    long z = Long.rotateLeft(state, 23) + word + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /**
   * Writes one raw Philox4x32-10 block.
   *
   * @param c0 lowest word of the counter
   * @param c1 second word of the counter
   * @param c2 third word of the counter
   * @param c3 highest word of the counter
   * @param k0 lower word of the key
   * @param k1 upper word of the key
   * @param out [4] or longer; the first four words are written
   */
  public static void philox(int c0, int c1, int c2, int c3, int k0, int k1, int[] out) {
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
      long product1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
      c0 = (int) (product1 >>> 32) ^ c1 ^ k0;
      c2 = (int) (product0 >>> 32) ^ c3 ^ k1;
      c1 = (int) product1;
      c3 = (int) product0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }

  /**
   * Moves to the first word of a block, so that one stream can serve many keyed items: item {@code
   * i} draws after {@code seek(i * blocksPerItem)}.
   *
   * @param block blocks of four 32-bit words from the start of the stream
   * @return this stream
   */
  public CounterRandom seek(long block) {
    this.block = block;
    used = WORDS;
    hasSpareGaussian = false;
    return this;
  }

  /** Returns 32 random bits. */
  public int nextInt() {
    if (used == WORDS) {
      philox((int) block, (int) (block >>> 32), upper0, upper1, key0, key1, words);
      block++;
      used = 0;
    }
    return words[used++];
  }

  /**
   * Returns an integer in {@code [0, bound)}, every one equally likely (Lemire 2019, rejection on
   * the low product word).
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  public int nextInt(int bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound is " + bound + ", it must be at least 1");
    }
    long product = (nextInt() & 0xFFFFFFFFL) * bound;
    if ((product & 0xFFFFFFFFL) < bound) {
      long rejected = (1L << 32) % bound;
      while ((product & 0xFFFFFFFFL) < rejected) {
        product = (nextInt() & 0xFFFFFFFFL) * bound;
      }
    }
    return (int) (product >>> 32);
  }

  /** Returns 64 random bits; the first word drawn is the lower half. */
  public long nextLong() {
    long low = nextInt() & 0xFFFFFFFFL;
    return low | ((long) nextInt() << 32);
  }

  /** Returns a multiple of 2^-24 in {@code [0, 1)}. */
  public float nextFloat() {
    return (nextInt() >>> 8) * 0x1p-24f;
  }

  /** Returns a multiple of 2^-53 in {@code [0, 1)}. */
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1p-53;
  }

  /** Returns a float in {@code [lo, hi)}; {@code lo} if both are equal. */
  public float uniform(float lo, float hi) {
    if (!(lo <= hi) || Float.isInfinite(hi - lo)) {
      throw new IllegalArgumentException(
          "uniform(" + lo + ", " + hi + ") needs finite bounds with lo <= hi");
    }
    float value = lo + (hi - lo) * nextFloat();
    return value < hi || lo == hi ? value : Math.nextDown(hi); // rounding may reach hi
  }

  /** Returns a normal deviate, mean 0, deviation 1 (Box and Muller 1958, used in pairs). */
  public double nextGaussian() {
    if (hasSpareGaussian) {
      hasSpareGaussian = false;
      return spareGaussian;
    }
    // StrictMath, because Math.log may differ in its last bit from one platform to the next.
    double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - nextDouble()));
    double angle = 2 * Math.PI * nextDouble();
    spareGaussian = radius * StrictMath.sin(angle);
    hasSpareGaussian = true;
    return radius * StrictMath.cos(angle);
  }

  /** Puts the values into random order, every order equally likely (Fisher and Yates). */
  public void shuffle(int[] values) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = nextInt(i + 1);
      int swapped = values[i];
      values[i] = values[j];
      values[j] = swapped;
    }
  }
}
