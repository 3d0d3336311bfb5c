// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.Owners;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import java.util.ArrayList;
import java.util.List;

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
  private final List<Owners> owners = new ArrayList<>(); // per shared parameter
  private final Ledger ledger;
  private int lastLearned = -1;

  /** The method over a fresh net. */
  public PackNet(Network net, Config config) {
    this.net = net;
    this.config = config;
    ledger = new Ledger(net);
    for (Parameter parameter : net.shared()) {
      owners.add(new Owners(parameter.rows(), parameter.cols()));
    }
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
    int owner = task.index() + 1;
    activate(task);
    owners.forEach(layer -> layer.begin(owner));
    showTrainable(owner);
    trainer.fit(task, config.epochs());
    prune(owner);
    showTrainable(owner);
    showVisible(owner);
    if (config.retrainEpochs() > 0) {
      trainer.fit(task, config.retrainEpochs());
    }
    owners.forEach(layer -> layer.freeze(owner));
    lastLearned = task.index();
    enter(task);
  }

  private void prune(int owner) {
    for (int i = 0; i < owners.size(); i++) {
      Parameter parameter = net.shared().get(i);
      try (MagnitudePruning pruning =
          new MagnitudePruning(parameter, owners.get(i).ownedBy(owner))) {
        pruning.apply(config.prune());
        owners.get(i).prune(owner, pruning.kept());
      }
    }
  }

  /** An owner id takes ceil(log2(tasks + 1)) bits; a task is charged what it adds to that. */
  private void enter(Task task) {
    int owner = task.index() + 1;
    long owned = owners.stream().mapToLong(layer -> layer.count(owner)).sum();
    int moreBits = bits(owner) - bits(owner - 1);
    long used = net.shared().stream().mapToLong(p -> p.visible().cardinality()).sum();
    ledger.enter(
        task.index(),
        new Ledger.Entry().floats(owned, used).ownerBits(moreBits * net.sharedCount()).ownNorms());
  }

  private static int bits(int greatest) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(greatest);
  }

  private void showTrainable(int owner) {
    for (int i = 0; i < owners.size(); i++) {
      net.shared().get(i).trainable().setWords(owners.get(i).ownedBy(owner));
    }
  }

  private void showVisible(int owner) {
    for (int i = 0; i < owners.size(); i++) {
      net.shared().get(i).visible().setWords(owners.get(i).visible(owner));
    }
  }

  @Override
  public void activate(Task task) {
    if (task.index() <= lastLearned) {
      showVisible(task.index() + 1);
    } else {
      net.shared().forEach(parameter -> parameter.visible().setAll());
    }
    net.selectHead(task.index(), task.classes());
    net.selectNorms(task.index());
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
    return ledger.footprint();
  }
}
