// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

/**
 * Halves the interval between the sparsest feasible rate and the next infeasible one. Several
 * groups share one rate. Needs nothing but that accuracy falls with the rate.
 */
final class Bisection implements RateSearch {
  private static final int DEFAULT_TRIALS = 10;

  private final Goal goal;
  private final int trials;

  /**
   * A search.
   *
   * @param trials 0 for ten
   */
  Bisection(Goal goal, int trials) {
    this.goal = goal;
    this.trials = trials == 0 ? DEFAULT_TRIALS : trials;
  }

  @Override
  public int budget(int groups) {
    return trials;
  }

  @Override
  public Outcome search(Bench bench) {
    Trace trace = new Trace(goal, bench);
    while (trace.size() < trials) {
      Rates end = trace.infeasibleEnd();
      Rates beyond = end == null ? Rates.all(trace.groups(), Rates.MOST) : end;
      trace.measure(trace.feasibleEnd().middle(beyond), Trial.Stage.BISECTION);
    }
    return trace.outcome();
  }
}
