// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import static dev.intarsia.training.run.Knobs.require;

import dev.intarsia.training.run.Knobs;
import dev.intarsia.training.run.RunConfig;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The knobs of {@code acll}; docs/methods/acll.md says which value is whose.
 *
 * @param epochs passes over a task's training images before anything is pruned, at least 1
 * @param retrainEpochs passes after pruning, at least 0
 * @param search one of {@link RateSearch#NAMES}
 * @param evaluations trials of the search, see {@link RateSearch#of}; 0 for the default
 * @param goal what the search is after
 * @param scope what a rate is a rate of
 * @param groups of layers with a rate each, from 1 to 4; only scope {@code groups} has them
 * @param candidateEpochs passes of retraining in every trial, at least 0
 * @param rampEpochs passes of pruning while training between two rates of the gradual rule, at
 *     least 0
 * @param validation fraction of a task's training images held out, in (0, 0.5]
 * @param plannedTasks how many tasks will come in all, for the capacity floor; 0 for no floor
 * @param minShare of every layer that must stay free for each task to come, in (0, 1)
 */
public record Config(
    int epochs,
    int retrainEpochs,
    String search,
    int evaluations,
    Goal goal,
    Scope scope,
    int groups,
    int candidateEpochs,
    int rampEpochs,
    double validation,
    int plannedTasks,
    double minShare) {

  /** Words for {@code objective}. */
  private static final String LINEAR = "linear";

  private static final String CLIPPED = "clipped";

  /** Checks every value. */
  public Config {
    require(epochs >= 1, "epochs", epochs, "at least 1; a task is learned by passing over it");
    require(retrainEpochs >= 0, "retrainEpochs", retrainEpochs, "at least 0; 0 skips retraining");
    RateSearch.of(search, goal, evaluations, 0); // names the nearest strategy
    require(evaluations >= 0, "evaluations", evaluations, "at least 0; 0 takes the default");
    require(
        groups >= 1 && groups <= Rates.MOST_GROUPS,
        "groups",
        groups,
        "from 1 to " + Rates.MOST_GROUPS + "; every group costs trials");
    require(candidateEpochs >= 0, "candidateEpochs", candidateEpochs, "at least 0; 0 only prunes");
    require(rampEpochs >= 0, "rampEpochs", rampEpochs, "at least 0; 0 prunes at once");
    require(
        validation > 0 && validation <= 0.5, "validation", validation, "above 0 and at most 0.5");
    require(plannedTasks >= 0, "plannedTasks", plannedTasks, "at least 0; 0 sets no floor");
    require(minShare > 0 && minShare < 1, "minShare", minShare, "above 0 and below 1");
  }

  /** Every knob but those that all methods have, with its default. */
  public static Map<String, Object> defaults(RunConfig config) {
    boolean gradual = "gradual-goal".equals(config.settings().get("search"));
    Map<String, Object> knobs = new LinkedHashMap<>();
    knobs.put("retrainEpochs", (config.epochs() + 1) / 2);
    knobs.put("search", RateSearch.NAMES.get(0));
    knobs.put("evaluations", 0);
    knobs.put("delta", gradual ? 0.0 : 0.01); // the gradual rule's published tolerance is none
    knobs.put("objective", CLIPPED);
    knobs.put("gamma", 0.05);
    knobs.put("scope", Scope.NAMES.get(0));
    knobs.put("groups", Rates.MOST_GROUPS);
    knobs.put("candidateEpochs", 0);
    knobs.put("rampEpochs", 1);
    knobs.put("validation", 0.1);
    knobs.put("plannedTasks", 0);
    knobs.put("minShare", 0.05);
    return knobs;
  }

  /**
   * Reads the knobs of a configuration.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public static Config read(RunConfig config) {
    Knobs knobs = new Knobs(config, defaults(config));
    String objective = knobs.word("objective");
    require(
        objective.equals(CLIPPED) || objective.equals(LINEAR),
        "objective",
        objective,
        CLIPPED + " or " + LINEAR);
    return new Config(
        config.epochs(),
        knobs.whole("retrainEpochs"),
        knobs.word("search"),
        knobs.whole("evaluations"),
        new Goal(knobs.number("delta"), objective.equals(LINEAR), knobs.number("gamma")),
        Scope.of(knobs.word("scope")),
        knobs.whole("groups"),
        knobs.whole("candidateEpochs"),
        knobs.whole("rampEpochs"),
        knobs.number("validation"),
        knobs.whole("plannedTasks"),
        knobs.number("minShare"));
  }

  /** The search of the configuration. */
  public RateSearch strategy(long seed) {
    return RateSearch.of(search, goal, evaluations, seed);
  }

  /** Fraction of a layer that must be free after a task; 0 for no floor. */
  public double floor(int task) {
    return Math.max(0, plannedTasks - task - 1) * minShare;
  }

  /** The most epochs a task may take. */
  public int mostEpochs() {
    int perTrial = search.equals("gradual-goal") && rampEpochs > 0 ? rampEpochs : candidateEpochs;
    int trials = strategy(0).budget(scope == Scope.GROUPS ? groups : 1);
    int floorTrials = plannedTasks > 0 ? 1 : 0;
    return epochs + trials * perTrial + floorTrials * candidateEpochs + retrainEpochs;
  }
}
