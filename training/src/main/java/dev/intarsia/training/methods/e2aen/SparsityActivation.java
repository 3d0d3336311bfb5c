// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.e2aen;

/**
 * The sparsity-activation regulariser, in three readings of its name; which of them the paper means
 * is not known here. With P the probabilities of open gates, c their adapters' parameters, r the
 * relative activation of an open adapter:
 *
 * <pre>
 *   R1  lambdaS sum(c P) / sum(c) + lambdaA mean over open of max(0, rho - r)^2
 *   R2  lambdaS sum(c P) / sum(c) + lambdaA mean over open of mean|A(x)|
 *   R3  lambdaS (mean P - target)^2
 * </pre>
 */
final class SparsityActivation {
  private static final int BASE_EVERY = 16; // steps between two measurements of a frozen layer

  private final ExpansionConfig config;

  SparsityActivation(ExpansionConfig config) {
    this.config = config;
  }

  /**
   * The gradient of the part that counts gates, by their logits.
   *
   * @param costs [gates] parameters that each gate stands for
   * @return [gates]
   */
  static double[] gradient(ExpansionConfig config, Gates gates, double[] costs) {
    int count = gates.count();
    double mean = 0;
    double cost = 0;
    for (int g = 0; g < count; g++) {
      mean += gates.probability(g) / count;
      cost += costs[g];
    }
    double[] gradient = new double[count];
    for (int g = 0; g < count; g++) {
      double p = gates.probability(g);
      double byProbability =
          config.regulariser().equals("R3")
              ? 2 * (mean - config.target()) / count
              : costs[g] / cost;
      gradient[g] = config.lambdaS() * byProbability * p * (1 - p);
    }
    return gradient;
  }

  /**
   * Adds the gradient of the part that looks at activations to those of the adapters.
   *
   * @param step of the task
   * @param batch images of the step
   */
  void addActivation(TaskAdapters adapters, float[] values, long step, int batch) {
    if (config.lambdaA() == 0 || config.regulariser().equals("R3")) {
      return;
    }
    int open = adapters.openCount(values);
    for (TaskAdapters.Site site : adapters.sites()) {
      boolean[] opened = site.open(values);
      ActivationProbe probe = site.probe();
      int images = probe.images(batch);
      if (images == 0 || !any(opened)) {
        continue;
      }
      double weight = config.lambdaA() / open;
      if (config.regulariser().equals("R2")) {
        probe.demandSparsity(opened, weight, images);
        continue;
      }
      if (step % BASE_EVERY == 0 || !probe.hasBase()) {
        probe.measureBase(images);
      }
      probe.demandActivation(opened, weight, config.rho(), images);
    }
  }

  private static boolean any(boolean[] bits) {
    for (boolean bit : bits) {
      if (bit) {
        return true;
      }
    }
    return false;
  }
}
