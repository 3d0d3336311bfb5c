// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import dev.intarsia.training.Trainer;
import dev.intarsia.training.nn.Snapshot;
import java.util.function.Supplier;

/**
 * The published control of learning: the state of the smallest validation loss is kept; after
 * {@code patience} epochs without a smaller one the rate is halved, and below the least rate
 * learning ends.
 */
public final class Plateau implements Trainer.Watch {
  private static final double FACTOR = 0.5;

  private final Supplier<Trainer.Verdict> judge;
  private final Snapshot best;
  private final int patience;
  private final double leastRate;
  private double rate;
  private int left;
  private Trainer.Verdict smallest;

  /**
   * A control for one fit.
   *
   * @param judge examines the net on validation images, through masks cut from its present scores
   * @param best where the best state is kept
   * @param rate the fit's learning rate
   */
  public Plateau(
      Supplier<Trainer.Verdict> judge, Snapshot best, int patience, double rate, double leastRate) {
    this.judge = judge;
    this.best = best;
    this.patience = patience;
    this.rate = rate;
    this.leastRate = leastRate;
    left = patience;
  }

  @Override
  public double epochDone(int done) {
    Trainer.Verdict verdict = judge.get();
    if (smallest == null || verdict.loss() < smallest.loss()) {
      smallest = verdict;
      best.take();
      left = patience;
      return 1;
    }
    if (--left > 0) {
      return 1;
    }
    left = patience;
    rate *= FACTOR;
    return rate < leastRate ? 0 : FACTOR;
  }

  /** What the best state made of the validation images; null before the first epoch. */
  public Trainer.Verdict best() {
    return smallest;
  }
}
