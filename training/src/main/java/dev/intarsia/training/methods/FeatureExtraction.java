// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;

/**
 * The features of the first task, or of a backbone, for all tasks: shared weights and norms freeze,
 * and each task learns a head over them (<em>classifier only</em> in Mallya et al. 2018, feature
 * extraction in Li and Hoiem 2016). Norms answer and train by their running statistics once they
 * are frozen, and no gradient is computed below the head.
 */
public final class FeatureExtraction implements Method {
  private static final int SHARED_NORMS = 0;

  private final Network net;
  private final Config config;
  private final Ledger ledger;
  private boolean frozen;

  /** The method over a net that is pretrained, or else learns its features with the first task. */
  public FeatureExtraction(Network net, Config config) {
    this.net = net;
    this.config = config;
    ledger = new Ledger(net);
    if (net.pretrained()) {
      freeze();
    }
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
    if (!frozen) {
      freeze();
    }
    long owned = ledger.isEmpty() ? net.sharedCount() : 0;
    ledger.enter(task.index(), new Ledger.Entry().floats(owned, net.sharedCount()));
  }

  private void freeze() {
    net.selectNorms(SHARED_NORMS);
    net.freezeBody(true);
    frozen = true;
  }

  @Override
  public void activate(Task task) {
    net.selectHead(task.index(), task.classes());
    net.selectNorms(SHARED_NORMS);
  }

  @Override
  public String name() {
    return "features";
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
