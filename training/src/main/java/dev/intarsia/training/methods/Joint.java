// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;
import java.util.ArrayList;
import java.util.List;

/**
 * Training on all tasks seen so far at once, from the weights of the task before: the upper bound.
 * It keeps every earlier image, which continual learning must do without. Heads are per task.
 */
public final class Joint implements Method {
  private static final int SHARED_NORMS = 0;

  private final Network net;
  private final Config config;
  private final Ledger ledger;
  private final List<Task> seen = new ArrayList<>();

  /** The method over a net whose masks are all full. */
  public Joint(Network net, Config config) {
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
    seen.add(task);
    trainer.fit(seen, config.epochs(), this::activate);
    activate(task);
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
    return "joint";
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
