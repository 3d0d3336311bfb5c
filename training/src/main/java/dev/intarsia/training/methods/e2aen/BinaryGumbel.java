// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.e2aen;

import dev.intarsia.CounterRandom;

/**
 * A gate that is open with probability {@code sigmoid(theta)}, relaxed so that theta has a
 * gradient: the Gumbel-softmax of two choices (Jang et al. 2017; Maddison et al. 2017). Computed on
 * the host in double with exactly specified functions, hence the same on every backend.
 */
public final class BinaryGumbel {
  private static final double EPSILON = 1e-8; // of the form with two uniforms

  private BinaryGumbel() {}

  /** One draw of a gate. */
  public record Sample(double relaxed, double temperature) {
    /** What the forward pass uses: 1 for open, 0 for closed. */
    public float hard() {
      return relaxed >= 0.5 ? 1 : 0;
    }

    /** Derivative of the relaxed gate by theta, which the backward pass uses for the hard one. */
    public double slope() {
      return relaxed * (1 - relaxed) / temperature;
    }
  }

  /** A uniform number on the grid 2^-24 .. 1 - 2^-24: never 0 or 1, exact in single precision. */
  public static double uniform(CounterRandom random) {
    return Math.max(random.nextInt() >>> 8, 1) * 0x1p-24;
  }

  /** The difference of two Gumbel variables as one logistic variable: {@code ln u - ln(1 - u)}. */
  public static double noise(double u) {
    return StrictMath.log(u) - StrictMath.log(1 - u);
  }

  /** The same difference from two uniforms, each {@code -ln(-ln(u + 1e-8) + 1e-8)}. */
  public static double noise(double u1, double u2) {
    return gumbel(u1) - gumbel(u2);
  }

  private static double gumbel(double u) {
    return -StrictMath.log(-StrictMath.log(u + EPSILON) + EPSILON);
  }

  /** The relaxed gate {@code sigmoid((theta + noise) / temperature)}. */
  public static Sample sample(double theta, double noise, double temperature) {
    return new Sample(sigmoid((theta + noise) / temperature), temperature);
  }

  /** {@code 1 / (1 + exp(-x))}. */
  public static double sigmoid(double x) {
    return 1 / (1 + StrictMath.exp(-x));
  }
}
