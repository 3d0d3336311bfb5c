// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import java.util.ArrayList;
import java.util.List;

/** The trials of one search so far, and the bracket they leave. */
final class Trace {
  private static final double TOO_NEAR = 0.004; // on the scale of the search

  private final Goal goal;
  private final RateSearch.Bench bench;
  private final double[] shares;
  private final List<Trial> trials = new ArrayList<>();

  Trace(Goal goal, RateSearch.Bench bench) {
    this.goal = goal;
    this.bench = bench;
    shares = bench.shares();
  }

  int groups() {
    return shares.length;
  }

  int size() {
    return trials.size();
  }

  List<Trial> trials() {
    return trials;
  }

  Trial measure(Rates rates, Trial.Stage stage) {
    return note(rates, bench.drop(rates), stage);
  }

  Trial note(Rates rates, double drop, Trial.Stage stage) {
    Trial trial = new Trial(rates, drop, stage);
    trials.add(trial);
    return trial;
  }

  double removed(Rates rates) {
    return rates.removed(shares);
  }

  double objective(Trial trial) {
    return goal.objective(removed(trial.rates()), trial.drop());
  }

  /**
   * Whether a trial leaves nothing to learn of some rates: it lies on top of them, or it was
   * infeasible and they prune no group less, or it was feasible and they prune no group more.
   */
  boolean settles(Trial trial, Rates rates) {
    if (trial.rates().distance(rates) < TOO_NEAR) {
      return true;
    }
    return goal.feasible(trial.drop())
        ? rates.isWithin(trial.rates())
        : trial.rates().isWithin(rates);
  }

  /** Index of the feasible trial that removes the most, or -1; the later one of equals. */
  int sparsestFeasible() {
    int best = -1;
    for (int i = 0; i < trials.size(); i++) {
      Trial trial = trials.get(i);
      if (goal.feasible(trial.drop())
          && (best < 0 || removed(trial.rates()) >= removed(trials.get(best).rates()))) {
        best = i;
      }
    }
    return best;
  }

  /** Rates of the sparsest feasible trial; none pruned if there is no such trial. */
  Rates feasibleEnd() {
    int best = sparsestFeasible();
    return best < 0 ? Rates.all(groups(), 0) : trials.get(best).rates();
  }

  /** The infeasible trial with the next larger fraction removed, or null. */
  Rates infeasibleEnd() {
    double most = removed(feasibleEnd());
    Rates next = null;
    for (Trial trial : trials) {
      double removed = removed(trial.rates());
      if (!goal.feasible(trial.drop())
          && removed > most
          && (next == null || removed < removed(next))) {
        next = trial.rates();
      }
    }
    return next;
  }

  RateSearch.Outcome outcome() {
    return new RateSearch.Outcome(sparsestFeasible(), trials);
  }
}
