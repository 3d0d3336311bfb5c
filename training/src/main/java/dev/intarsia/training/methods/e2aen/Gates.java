// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.e2aen;

import dev.intarsia.CounterRandom;
import java.util.Arrays;

/**
 * The logits of a task's gates and their optimizer, Adam (Kingma and Ba 2015) without decay. On the
 * host: there are few of them, and every backend then draws the same gates.
 */
public final class Gates {
  private static final String PURPOSE = "gate";
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8;

  private final ExpansionConfig config;
  private final long seed;
  private final int task;
  private final double[] theta;
  private final double[] first; // moments
  private final double[] second;
  private final BinaryGumbel.Sample[] drawn;
  private int steps; // of the optimizer

  /**
   * Gates that are probably open.
   *
   * @param seed of the run
   * @param count how many
   */
  public Gates(ExpansionConfig config, long seed, int task, int count) {
    this.config = config;
    this.seed = seed;
    this.task = task;
    theta = new double[count];
    first = new double[count];
    second = new double[count];
    drawn = new BinaryGumbel.Sample[count];
    Arrays.fill(theta, config.theta());
  }

  /** How many there are. */
  public int count() {
    return theta.length;
  }

  /** Logit of a gate. */
  public double theta(int gate) {
    return theta[gate];
  }

  /** Probability of an open gate. */
  public double probability(int gate) {
    return BinaryGumbel.sigmoid(theta[gate]);
  }

  /** Whether a gate stays open. */
  public boolean isKept(int gate) {
    return theta[gate] >= 0;
  }

  /**
   * What the gates are in a step: a function of seed, task, step and gate alone.
   *
   * @return [count], 0 or 1
   */
  public float[] values(long step, long of) {
    float[] values = new float[theta.length];
    for (int g = 0; g < values.length; g++) {
      values[g] =
          switch (config.stageAt(step, of)) {
            case WARM -> 1;
            case FIXED -> isKept(g) ? 1 : 0;
            case GATE -> {
              drawn[g] = BinaryGumbel.sample(theta[g], noise(step, g), config.temperatureAt(step));
              yield drawn[g].hard();
            }
          };
    }
    return values;
  }

  private double noise(long step, int gate) {
    CounterRandom random = CounterRandom.of(seed, PURPOSE, task, step, gate);
    double u = BinaryGumbel.uniform(random);
    return config.noise().equals("gumbel")
        ? BinaryGumbel.noise(u, BinaryGumbel.uniform(random))
        : BinaryGumbel.noise(u);
  }

  /**
   * One step on the logits, after gates were drawn.
   *
   * @param diffGates [count] gradient of the loss by the gates
   * @param diffTheta [count] gradient of what depends on the logits themselves
   */
  public void step(double[] diffGates, double[] diffTheta) {
    steps++;
    double correction1 = 1 - StrictMath.pow(BETA1, steps);
    double correction2 = 1 - StrictMath.pow(BETA2, steps);
    for (int g = 0; g < theta.length; g++) {
      double gradient = diffGates[g] * drawn[g].slope() + diffTheta[g];
      first[g] = BETA1 * first[g] + (1 - BETA1) * gradient;
      second[g] = BETA2 * second[g] + (1 - BETA2) * gradient * gradient;
      theta[g] -=
          config.thetaRate()
              * (first[g] / correction1)
              / (StrictMath.sqrt(second[g] / correction2) + EPSILON);
    }
  }
}
