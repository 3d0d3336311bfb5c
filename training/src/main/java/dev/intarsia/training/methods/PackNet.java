// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;

/**
 * Mallya and Lazebnik 2018, <em>PackNet: Adding Multiple Tasks to a Single Network by Iterative
 * Pruning</em>, section 3: train the free weights, prune the smallest of them, retrain what is
 * left, freeze it. A task sees its own weights and all of its predecessors'.
 *
 * <p>Pruned weights are zero until the next task begins. Optimizer state is fresh for each phase.
 * Normalisation state is per task.
 */
public final class PackNet implements Method {
  private final Network net;
  private final Config config;
  private final Packing packing;

  /** The method over a fresh net. */
  public PackNet(Network net, Config config) {
    this.net = net;
    this.config = config;
    packing = new Packing(net);
  }

  /**
   * The method's knobs.
   *
   * @param epochs passes before pruning, at least 1
   * @param prune fraction of a task's own weights given back in each layer, in (0, 1)
   * @param retrainEpochs passes after pruning, at least 0
   */
  public record Config(int epochs, double prune, int retrainEpochs) {
    /** Checks every value. */
    public Config {
      Require.atLeastOne("epochs", epochs);
      if (!(prune > 0 && prune < 1)) {
        throw new IllegalArgumentException(
            "prune is " + prune + ", must be above 0 and below 1; 0.75 keeps a quarter");
      }
      if (retrainEpochs < 0) {
        throw new IllegalArgumentException(
            "retrainEpochs is " + retrainEpochs + ", must be at least 0; 0 skips retraining");
      }
    }
  }

  @Override
  public void learn(Task task, Trainer trainer) {
    packing.begin(task);
    trainer.fit(task, config.epochs());
    for (int i = 0; i < net.shared().size(); i++) {
      Parameter parameter = net.shared().get(i);
      try (MagnitudePruning pruning = new MagnitudePruning(parameter, packing.own(i))) {
        pruning.apply(config.prune());
        packing.prune(i, pruning.kept());
      }
    }
    if (config.retrainEpochs() > 0) {
      trainer.fit(task, config.retrainEpochs());
    }
    packing.freeze(task);
    activate(task);
  }

  @Override
  public void activate(Task task) {
    packing.activate(task);
  }

  @Override
  public String name() {
    return "packnet";
  }

  @Override
  public int epochs() {
    return config.epochs() + config.retrainEpochs();
  }

  @Override
  public Footprint footprint() {
    return packing.footprint();
  }
}
