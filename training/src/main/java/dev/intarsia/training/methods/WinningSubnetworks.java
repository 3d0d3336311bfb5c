// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.CounterRandom;
import dev.intarsia.Owners;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.MaskBits;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Kang et al. 2022, <em>Forget-free Continual Learning with Winning Subnetworks</em>, algorithm 1:
 * each task learns scores jointly with the weights, and its subnetwork is the best-scored fraction
 * of every layer. It may use frozen weights of earlier tasks but changes only free ones.
 *
 * <p>The stored mask is cut from the final scores, not left over from the last training step.
 * Optimizer state is fresh for each task; scores carry over. Normalisation state is per task.
 */
public final class WinningSubnetworks implements Method {
  private final Network net;
  private final Config config;
  private final List<Owners> owners = new ArrayList<>(); // per shared parameter
  private final Map<Integer, List<int[]>> masks = new HashMap<>(); // per task and parameter
  private final Ledger ledger;
  private final MaskMeter meter;

  /** The method over a fresh net, whose shared parameters get scores. */
  public WinningSubnetworks(Network net, Config config) {
    this.net = net;
    this.config = config;
    ledger = new Ledger(net);
    meter = new MaskMeter(net);
    int index = 0;
    for (Parameter parameter : net.shared()) {
      parameter.attachScores(config.keep(), CounterRandom.of(net.seed(), "scores", index++));
      owners.add(new Owners(parameter.rows(), parameter.cols()));
    }
  }

  /**
   * The method's knobs.
   *
   * @param epochs passes over a task's training images, at least 1
   * @param keep fraction of each layer's weights in a task's subnetwork, in (0, 1]
   */
  public record Config(int epochs, double keep) {
    /** Checks every value. */
    public Config {
      Require.atLeastOne("epochs", epochs);
      if (!(keep > 0 && keep <= 1)) {
        throw new IllegalArgumentException(
            "keep is " + keep + ", must be above 0 and at most 1; 0.5 keeps half of the weights");
      }
    }
  }

  @Override
  public void learn(Task task, Trainer trainer) {
    activate(task);
    trainer.fit(task, config.epochs());
    consolidate(task);
  }

  /** Stores the task's masks and freezes the weights inside them. */
  private void consolidate(Task task) {
    int owner = task.index() + 1;
    long claimed = 0;
    List<int[]> taskMasks = new ArrayList<>();
    for (int i = 0; i < owners.size(); i++) {
      Parameter parameter = net.shared().get(i);
      parameter.scores().cutMask();
      taskMasks.add(parameter.visible().words());
      owners.get(i).claim(owner, parameter.visible());
      owners.get(i).freeze(owner);
      parameter.trainable().setWords(owners.get(i).free());
      claimed += owners.get(i).count(owner);
    }
    masks.put(task.index(), taskMasks);
    MaskBits bits = meter.next(taskMasks);
    ledger.enter(
        task.index(), new Ledger.Entry().floats(claimed, bits.selected()).masks(bits).ownNorms());
  }

  @Override
  public void activate(Task task) {
    List<int[]> stored = masks.get(task.index());
    for (int i = 0; i < owners.size(); i++) {
      Parameter parameter = net.shared().get(i);
      if (stored == null) {
        parameter.scores().cutMask();
      } else {
        parameter.visible().setWords(stored.get(i));
      }
    }
    net.selectHead(task.index(), task.classes());
    net.selectNorms(task.index());
  }

  @Override
  public String name() {
    return "wsn";
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
