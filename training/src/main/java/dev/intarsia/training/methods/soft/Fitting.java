// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.soft;

import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Snapshot;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Rule;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;

/**
 * Watches a task being fitted: scores step by Adam at a rate of their own, all rates follow a
 * schedule, and of all epochs the best one by held-out images is what remains; of equals the last.
 */
final class Fitting implements Trainer.Watch, AutoCloseable {
  private final Trainer trainer;
  private final Task judge; // null: the last epoch remains
  private final Rule scoreRule;
  private final Set<Parameter> scores;
  private final DoubleUnaryOperator schedule;
  private final Snapshot best;
  private double bestAccuracy = -1;

  /**
   * A watch over a net that is ready to be fitted.
   *
   * @param judge its test images judge every epoch; null for none
   * @param scores what steps by Adam; the rest steps by the trainer's rule
   * @param schedule factor on all rates, of the fraction of steps that were taken
   */
  Fitting(
      Network net,
      Trainer trainer,
      Task judge,
      List<Parameter> scores,
      double scoreRate,
      DoubleUnaryOperator schedule) {
    this.trainer = trainer;
    this.judge = judge;
    this.scores = new HashSet<>(scores);
    this.schedule = schedule;
    scoreRule = Adam.of(scoreRate, 0);
    best = new Snapshot(net);
  }

  @Override
  public Rule rule(Parameter parameter, Rule usual) {
    return scores.contains(parameter) ? scoreRule : usual;
  }

  @Override
  public double pace(double done) {
    return schedule.applyAsDouble(done);
  }

  @Override
  public double epochDone(int done) {
    if (judge != null) {
      double accuracy = trainer.evaluate(judge);
      if (accuracy >= bestAccuracy) {
        bestAccuracy = accuracy;
        best.take();
      }
    }
    return 1;
  }

  /** Puts the best epoch back. */
  void restore() {
    if (judge != null) {
      best.restore();
    }
  }

  @Override
  public void close() {
    best.close();
  }
}
