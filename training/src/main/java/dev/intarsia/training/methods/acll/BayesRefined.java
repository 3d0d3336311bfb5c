// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import java.util.List;

/**
 * Bayesian optimisation and then bisection. Three fixed trials; then, one after the other, the
 * candidate with the greatest expected improvement under a {@link GaussianProcess} of the objective
 * over the rates' scale; then up to three halvings between the sparsest feasible trial and the next
 * infeasible one, since along a cliff improvement alone can stall.
 *
 * <p>That the rate is found by Bayesian optimisation is from Srivastava et al. 2019; process,
 * acquisition, budget and refinement are ours (docs/methods/acll.md).
 */
final class BayesRefined implements RateSearch {
  /** Trials of one rate before refinement. */
  private static final int TRIALS = 7;

  /** More of them for every further rate. */
  private static final int TRIALS_PER_GROUP = 4;

  private static final int REFINEMENTS = 3;
  private static final double[] INITIAL = {0.3, 0.6, 0.9};
  private static final double LEAST_IMPROVEMENT = 1e-3;

  private final Goal goal;
  private final int trials;
  private final long seed;

  /**
   * A search.
   *
   * @param trials before refinement; 0 for 7 and 4 more for every rate beyond one
   * @param seed of the candidates where there are several rates
   */
  BayesRefined(Goal goal, int trials, long seed) {
    this.goal = goal;
    this.trials = trials;
    this.seed = seed;
  }

  private int trials(int groups) {
    return trials > 0 ? trials : TRIALS + TRIALS_PER_GROUP * (groups - 1);
  }

  @Override
  public int budget(int groups) {
    return trials(groups) + REFINEMENTS;
  }

  @Override
  public Outcome search(Bench bench) {
    Trace trace = new Trace(goal, bench);
    int most = trials(trace.groups());
    for (int i = 0; i < Math.min(INITIAL.length, most); i++) {
      trace.measure(Rates.all(trace.groups(), INITIAL[i]), Trial.Stage.INITIAL);
    }
    while (trace.size() < most) {
      Rates next = mostPromising(trace);
      if (next == null) {
        break;
      }
      trace.measure(next, Trial.Stage.BAYES);
    }
    for (int i = 0; i < REFINEMENTS && trace.infeasibleEnd() != null; i++) {
      Rates middle = trace.feasibleEnd().middle(trace.infeasibleEnd());
      trace.measure(middle, Trial.Stage.BISECTION);
    }
    return trace.outcome();
  }

  /** The candidate to try next; of equals the one that removes the most. Null: none promises. */
  private Rates mostPromising(Trace trace) {
    List<Trial> trials = trace.trials();
    double[][] places = trials.stream().map(trial -> trial.rates().u()).toArray(double[][]::new);
    double[] targets = trials.stream().mapToDouble(trace::objective).toArray();
    GaussianProcess process = GaussianProcess.fit(places, targets);
    Rates best = null;
    double most = LEAST_IMPROVEMENT;
    for (Rates candidate : new Candidates(seed).of(trace)) {
      double improvement = process.expectedImprovement(candidate.u());
      boolean equal = best != null && improvement == most;
      if (improvement > most || equal && trace.removed(candidate) > trace.removed(best)) {
        most = improvement;
        best = candidate;
      }
    }
    return best;
  }
}
