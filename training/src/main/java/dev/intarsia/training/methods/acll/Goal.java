// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

/**
 * What a search is after: the most weights removed with a drop of at most {@code delta}. To model
 * it, both become one number to minimise.
 *
 * @param delta accuracy that pruning may cost on the validation images, in [0, 1]
 * @param linear whether the number is the plain {@code drop - gamma * removed}, or the clipped one
 * @param gamma accuracy that all of the weights are worth, above 0; only the plain form needs it
 */
public record Goal(double delta, boolean linear, double gamma) {
  /** Beyond this many deltas over the limit all drops count the same: the cliff is no target. */
  private static final double CLIP = 3;

  /** Checks every value. */
  public Goal {
    if (!(delta >= 0 && delta <= 1)) {
      throw new IllegalArgumentException(
          "delta is " + delta + ", must be from 0 to 1; 0.01 is one point of accuracy");
    }
    if (!(gamma > 0)) {
      throw new IllegalArgumentException(
          "gamma is " + gamma + ", must be above 0; 0.05 gives five points for all weights");
    }
  }

  /** The clipped form. */
  public static Goal clipped(double delta) {
    return new Goal(delta, false, 1);
  }

  /** Whether a drop is small enough. */
  public boolean feasible(double drop) {
    return drop <= delta;
  }

  /**
   * The number to minimise.
   *
   * @param removed fraction of the weights that goes
   */
  public double objective(double removed, double drop) {
    if (linear) {
      return drop - gamma * removed;
    }
    double over = feasible(drop) ? 0 : Math.min(drop / delta - 1, CLIP);
    return -removed + over / CLIP;
  }
}
