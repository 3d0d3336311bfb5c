// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;

/**
 * Plain training, task after task, with every shared weight free to move: the lower bound. Nothing
 * is protected, so what earlier tasks need is overwritten. Heads are per task.
 */
public final class Finetune implements Method {
  private static final int SHARED_NORMS = 0;

  private final Network net;
  private final Config config;
  private final Ledger ledger;

  /** The method over a net whose masks are all full. */
  public Finetune(Network net, Config config) {
    this.net = net;
    this.config = config;
    ledger = new Ledger(net);
  }

  /**
   * The method's knobs.
   *
   * @param epochs passes over a task's training images, at least 1
   */
  public record Config(int epochs) {
    /** Checks every value. */
    public Config {
      Require.atLeastOne("epochs", epochs);
    }
  }

  @Override
  public void learn(Task task, Trainer trainer) {
    activate(task);
    trainer.fit(task, config.epochs());
    long owned = task.index() == 0 ? net.sharedCount() : 0;
    ledger.enter(task.index(), new Ledger.Entry().floats(owned, net.sharedCount()));
  }

  @Override
  public void activate(Task task) {
    net.selectHead(task.index(), task.classes());
    net.selectNorms(SHARED_NORMS);
  }

  @Override
  public String name() {
    return "finetune";
  }

  @Override
  public boolean isolates() {
    return false;
  }

  @Override
  public int epochs() {
    return config.epochs();
  }

  @Override
  public Footprint footprint() {
    return ledger.footprint();
  }
}
