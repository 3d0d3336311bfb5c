// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.Arrays;

/** The rank-th smallest magnitude of scores: what a mask is cut at. The result is that number. */
public final class SelectWork implements Work {
  private final String problem;
  private final float[] scores;
  private final int rank;

  /**
   * Draws the scores.
   *
   * @param keep fraction of the scores at or above the threshold
   */
  public SelectWork(String problem, int count, double keep) {
    this.problem = problem;
    scores = Values.uniform("scores", count);
    rank = 1 + (int) Math.rint((1 - keep) * (count - 1));
  }

  /** In [-1, 1). */
  public float[] scores() {
    return scores;
  }

  /** From 1. */
  public int rank() {
    return rank;
  }

  @Override
  public String benchmark() {
    return "magnitude_threshold";
  }

  @Override
  public String problem() {
    return problem;
  }

  @Override
  public Direction direction() {
    return Direction.SELECT;
  }

  @Override
  public int batch() {
    return 0;
  }

  @Override
  public double flops(Structure structure) {
    return 0;
  }

  @Override
  public double bytes(Structure structure) {
    return 4.0 * scores.length;
  }

  @Override
  public double check(Contender contender) {
    float[] magnitudes = new float[scores.length];
    for (int i = 0; i < magnitudes.length; i++) {
      magnitudes[i] = Math.abs(scores[i]);
    }
    Arrays.sort(magnitudes);
    float found = contender.result()[0];
    if (found != magnitudes[rank - 1]) {
      throw new IllegalStateException(
          contender.name()
              + " on "
              + id()
              + " is wrong and is not timed: "
              + found
              + ", expected "
              + magnitudes[rank - 1]);
    }
    return 0;
  }
}
