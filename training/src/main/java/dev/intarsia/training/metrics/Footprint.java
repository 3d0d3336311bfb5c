// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import java.util.List;

/**
 * What a net that learned several tasks needs in storage, in bytes.
 *
 * @param weights the shared weights that at least one task uses
 * @param masks the masks of all tasks
 * @param heads the classifier heads of all tasks, weights and bias
 * @param norms normalisation parameters and statistics of all tasks
 * @param dense the shared weights of the same net without masks: the yardstick
 * @param perTask what each task added, in the order of learning
 */
public record Footprint(
    long weights, long masks, long heads, long norms, long dense, List<Share> perTask) {

  /** Checks that no size is negative. */
  public Footprint {
    notNegative("weights", weights);
    notNegative("masks", masks);
    notNegative("heads", heads);
    notNegative("norms", norms);
    notNegative("dense", dense);
    perTask = List.copyOf(perTask);
  }

  /** All that must be stored to answer every task: weights, masks, heads and norms. */
  public long total() {
    return weights + masks + heads + norms;
  }

  /**
   * What one task added, in bytes.
   *
   * @param task index of the task, from 0
   * @param weights the shared weights this task is the first to own
   * @param masks its mask
   * @param heads its classifier head
   * @param norms its normalisation parameters and statistics
   */
  public record Share(int task, long weights, long masks, long heads, long norms) {

    /** Checks that no value is negative. */
    public Share {
      notNegative("task", task);
      notNegative("weights", weights);
      notNegative("masks", masks);
      notNegative("heads", heads);
      notNegative("norms", norms);
    }

    /** All that this task added. */
    public long total() {
      return weights + masks + heads + norms;
    }
  }

  private static void notNegative(String name, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(
          "footprint: " + name + " is " + value + ", must be at least 0; count stored bytes");
    }
  }
}
