// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.e2aen;

import static dev.intarsia.training.run.Knobs.require;
import static dev.intarsia.training.run.Knobs.requireWord;

import dev.intarsia.training.run.Knobs;
import dev.intarsia.training.run.RunConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The knobs of E2-AEN.
 *
 * @param epochs passes over a task, at least 1
 * @param adapter one of {@link #ADAPTERS}: what stands beside a convolution
 * @param gates one of {@link #GATES}: what a gate is for
 * @param groupSize output channels of a gate, with {@code gates} channel
 * @param regulariser one of {@link #REGULARISERS}: a reading of "sparsity-activation"
 * @param lambdaS weight of sparsity, at least 0; 0 keeps every adapter, a fixed expansion
 * @param lambdaA weight of activation, at least 0
 * @param rho relative activation that R1 asks of an open adapter, above 0
 * @param target fraction of open gates that R3 aims at, 0 .. 1
 * @param theta logit that gates start from, above 0
 * @param thetaRate learning rate of gates (Adam), above 0
 * @param temperature of the relaxed gates, above 0; 0 anneals from 5 to 0.5
 * @param noise one of {@link #NOISES}: logistic from one uniform, or two Gumbel variables
 * @param warm fraction of the steps with all gates open, first of all
 * @param fixed fraction of the steps with gates at the sign of their logits, last of all
 * @param deviation of an adapter's first weights, above 0
 */
public record ExpansionConfig(
    int epochs,
    String adapter,
    String gates,
    int groupSize,
    String regulariser,
    double lambdaS,
    double lambdaA,
    double rho,
    double target,
    double theta,
    double thetaRate,
    double temperature,
    String noise,
    double warm,
    double fixed,
    double deviation) {

  /** Words for {@code adapter}: 1x1, all taps of the filter, 1x1 to a waist, 3x3 and 1x1 back. */
  public static final List<String> ADAPTERS = List.of("1x1", "3x3", "bottleneck");

  /** Words for {@code gates}: one a convolution, one a residual block, one a channel group. */
  public static final List<String> GATES = List.of("layer", "block", "channel");

  /** Words for {@code regulariser}. */
  public static final List<String> REGULARISERS = List.of("R1", "R2", "R3");

  /** Words for {@code noise}. */
  public static final List<String> NOISES = List.of("logistic", "gumbel");

  private static final double HOT = 5; // annealing: AdaShare (Sun et al. 2020)
  private static final double COLD = 0.5;
  private static final double COOLING = 0.965;
  private static final int COOLING_STEPS = 100;

  /** Checks every value. */
  public ExpansionConfig {
    require(epochs >= 1, "epochs", epochs, "at least 1; a task is learned by passing over it");
    requireWord("adapter", adapter, ADAPTERS);
    requireWord("gates", gates, GATES);
    require(groupSize >= 1, "groupSize", groupSize, "at least 1; 8, 16 or 32 are usual");
    requireWord("regulariser", regulariser, REGULARISERS);
    requireNotNegative("lambdaS", lambdaS, "0.1 is usual, 0 keeps every adapter");
    requireNotNegative("lambdaA", lambdaA, "0.01 is usual, 0 turns it off");
    requirePositive("rho", rho, "0.1 is usual");
    require(target >= 0 && target <= 1, "target", target, "from 0 to 1; 0.3 opens a third");
    requirePositive("theta", theta, "2 opens a gate with probability 0.88");
    requirePositive("thetaRate", thetaRate, "0.01 is usual");
    requireNotNegative("temperature", temperature, "0 anneals, 0.667 is a usual constant");
    requireWord("noise", noise, NOISES);
    require(warm >= 0 && warm < 1, "warm", warm, "at least 0 and below 1; 0.1 is usual");
    require(fixed >= 0 && fixed < 1, "fixed", fixed, "at least 0 and below 1; 0.1 is usual");
    require(warm + fixed < 1, "warm + fixed", warm + fixed, "below 1, or gates are never learned");
    requirePositive("deviation", deviation, "0.001 is usual");
  }

  /** The defaults, by name. */
  public static Map<String, Object> defaults(RunConfig run) {
    Map<String, Object> knobs = new LinkedHashMap<>();
    knobs.put("adapter", "1x1");
    knobs.put("gates", "layer");
    knobs.put("groupSize", 16);
    knobs.put("regulariser", "R1");
    knobs.put("lambdaS", 0.1);
    knobs.put("lambdaA", 0.01);
    knobs.put("rho", 0.1);
    knobs.put("target", 0.3);
    knobs.put("theta", 2.0);
    knobs.put("thetaRate", 0.01);
    knobs.put("temperature", 0.0);
    knobs.put("noise", "logistic");
    knobs.put("warm", 0.1);
    knobs.put("fixed", 0.1);
    knobs.put("deviation", 1e-3);
    return knobs;
  }

  /**
   * Reads the knobs of a run.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public static ExpansionConfig read(RunConfig run) {
    Knobs knobs = new Knobs(run, defaults(run));
    return new ExpansionConfig(
        run.epochs(),
        knobs.word("adapter"),
        knobs.word("gates"),
        knobs.whole("groupSize"),
        knobs.word("regulariser"),
        knobs.number("lambdaS"),
        knobs.number("lambdaA"),
        knobs.number("rho"),
        knobs.number("target"),
        knobs.number("theta"),
        knobs.number("thetaRate"),
        knobs.number("temperature"),
        knobs.word("noise"),
        knobs.number("warm"),
        knobs.number("fixed"),
        knobs.number("deviation"));
  }

  /** Whether gates are learned at all. */
  public boolean prunes() {
    return lambdaS > 0;
  }

  /** How soft gates are at a step of a task. */
  public double temperatureAt(long step) {
    return temperature > 0
        ? temperature
        : Math.max(COLD, HOT * StrictMath.pow(COOLING, step / COOLING_STEPS));
  }

  /** What is done with gates in a part of a task's steps. */
  public enum Stage {
    /** All are open, none is learned. */
    WARM,
    /** They are drawn and learned. */
    GATE,
    /** They are what their logits say. */
    FIXED
  }

  /** The stage of one of {@code steps} steps. */
  public Stage stageAt(long step, long steps) {
    if (!prunes() || step < warm * steps) {
      return Stage.WARM;
    }
    return step < (1 - fixed) * steps ? Stage.GATE : Stage.FIXED;
  }

  private static void requirePositive(String name, double value, String remedy) {
    require(value > 0 && Double.isFinite(value), name, value, "above 0; " + remedy);
  }

  private static void requireNotNegative(String name, double value, String remedy) {
    require(value >= 0 && Double.isFinite(value), name, value, "at least 0; " + remedy);
  }
}
