// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

/**
 * The rule of Hung et al. 2019, <em>Compacting, Picking and Growing for Unforgetting Continual
 * Learning</em>, section 3.2: rates 0.1, 0.2 .. 0.9, 0.95 one after the other, each reached from
 * the one before; the first that misses the goal ends it, and the one before is taken. Several
 * groups share one rate.
 */
final class GradualGoal implements RateSearch {
  private static final double[] RATES = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95};

  private final Goal goal;

  GradualGoal(Goal goal) {
    this.goal = goal;
  }

  @Override
  public int budget(int groups) {
    return RATES.length;
  }

  @Override
  public Outcome search(Bench bench) {
    Trace trace = new Trace(goal, bench);
    Rates from = Rates.all(trace.groups(), 0);
    for (double rate : RATES) {
      Rates to = Rates.all(trace.groups(), rate);
      double drop = bench.grow(from, to);
      trace.note(to, drop, Trial.Stage.GRADUAL);
      if (!goal.feasible(drop)) {
        break;
      }
      bench.accept();
      from = to;
    }
    return trace.outcome();
  }
}
