// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import dev.intarsia.training.Nearest;
import java.util.List;

/**
 * Looks for the rates that take away the most weights while accuracy on the validation images drops
 * by no more than allowed. What it does is a function of the drops it is told and the seed.
 */
public interface RateSearch {
  /** The names of the strategies, the default first. */
  List<String> NAMES = List.of("bayes-refined", "bisection", "gradual-goal");

  /** Where candidates are tried. */
  interface Bench {
    /** Fraction of the task's own weights that lie in each group; together 1. */
    double[] shares();

    /** Prunes the dense net at some rates and says what accuracy that costs. */
    double drop(Rates rates);

    /**
     * Prunes on from the last state {@linkplain #accept accepted}, little by little while training,
     * and says what accuracy that costs in all. Where nothing is trained it is {@link #drop}.
     *
     * @param from rates of the accepted state, 0 at first
     * @param to rates to reach
     */
    double grow(Rates from, Rates to);

    /** Keeps the state that {@link #grow} left, to go on from. */
    void accept();
  }

  /** The most trials of a search over some groups. */
  int budget(int groups);

  /** Tries candidates, at most {@link #budget} of them, and chooses. */
  Outcome search(Bench bench);

  /**
   * What a search came to.
   *
   * @param chosen index in {@code trace}, or -1 if no trial was good enough and nothing is to go
   * @param trace every trial in its order
   */
  record Outcome(int chosen, List<Trial> trace) {
    /** Takes a copy of the trace. */
    public Outcome {
      trace = List.copyOf(trace);
    }

    /** The rates chosen. */
    public Rates rates(int groups) {
      return chosen < 0 ? Rates.all(groups, 0) : trace.get(chosen).rates();
    }

    /** The drop measured at the rates chosen. */
    public double drop() {
      return chosen < 0 ? 0 : trace.get(chosen).drop();
    }
  }

  /**
   * The strategy of a name.
   *
   * @param goal what counts as good enough, and how it is weighed
   * @param evaluations trials before refinement of {@code bayes-refined}, all of {@code bisection};
   *     0 for the default
   * @param seed candidates for several rates are drawn from it
   * @throws IllegalArgumentException if there is no such strategy; names the nearest
   */
  static RateSearch of(String name, Goal goal, int evaluations, long seed) {
    return switch (name) {
      case "bayes-refined" -> new BayesRefined(goal, evaluations, seed);
      case "bisection" -> new Bisection(goal, evaluations);
      case "gradual-goal" -> new GradualGoal(goal);
      default -> throw new IllegalArgumentException(Nearest.unknown("setting search", name, NAMES));
    };
  }
}
