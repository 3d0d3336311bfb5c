// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import java.util.List;

/**
 * What a net that learned several tasks needs in storage, in bytes.
 *
 * @param dense the shared weights of one net as f32, without masks: the yardstick
 * @param perTask what each task added, in the order of learning
 */
public record Footprint(long dense, List<Share> perTask) {

  /** Checks that no size is negative. */
  public Footprint {
    Require.notNegative("dense", dense);
    perTask = List.copyOf(perTask);
  }

  /** All that must be stored to answer every task, term by term. */
  public Terms terms() {
    return perTask.stream().map(Share::terms).reduce(Terms.NONE, Terms::plus);
  }

  /** All that must be stored to answer every task. */
  public long total() {
    return terms().total();
  }

  /**
   * What one task added.
   *
   * @param task index of the task, from 0
   * @param terms its bytes
   * @param use what it takes of the shared weights
   * @param masks what its masks cost; null where the method has none of its own for a task
   */
  public record Share(int task, Terms terms, Use use, MaskBits masks) {

    /** Checks the task. */
    public Share {
      Require.notNegative("task", task);
    }

    /** All bytes that this task added. */
    public long total() {
      return terms.total();
    }
  }
}
