// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.DType;
import dev.intarsia.Tensor;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A net of its own for every task, each from the same initial weights (those of a backbone where
 * there is one): nothing is shared, so nothing is forgotten, nothing is carried over, and bytes
 * grow by a whole net a task. What multi-task figures are commonly compared with (<em>individual
 * networks</em> in Mallya et al. 2018).
 *
 * <p>The weights of the tasks that are not active lie in copies beside the net; activating a task
 * copies its own into place.
 */
public final class SeparateNets implements Method {
  private final Network net;
  private final Config config;
  private final Ledger ledger;
  private final List<Tensor> initial; // per shared parameter
  private final Map<Integer, List<Tensor>> learned = new HashMap<>(); // per task and parameter
  private List<Tensor> shown; // whose bits the net has; null: others

  /** The method over a fresh net, whose weights are what every task starts from. */
  public SeparateNets(Network net, Config config) {
    this.net = net;
    this.config = config;
    ledger = new Ledger(net);
    initial = copy();
    shown = initial;
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
    shown = null;
    trainer.fit(task, config.epochs());
    List<Tensor> copy = copy();
    learned.put(task.index(), copy);
    shown = copy;
    ledger.enter(
        task.index(),
        new Ledger.Entry().floats(net.sharedCount(), net.sharedCount()).ownNorms().ownCopy());
  }

  private List<Tensor> copy() {
    return net.shared().stream().map(Parameter::weights).map(SeparateNets::copy).toList();
  }

  private static Tensor copy(Tensor weights) {
    Tensor copy = Tensor.plain(weights.context(), DType.F32, weights.elements());
    copy.copyFrom(weights.view(weights.elements()));
    return copy;
  }

  @Override
  public void activate(Task task) {
    List<Tensor> wanted = learned.getOrDefault(task.index(), initial);
    if (wanted != shown) {
      for (int i = 0; i < wanted.size(); i++) {
        Tensor weights = net.shared().get(i).weights();
        weights.view(weights.elements()).copyFrom(wanted.get(i));
      }
      shown = wanted;
    }
    net.selectHead(task.index(), task.classes());
    net.selectNorms(task.index());
  }

  @Override
  public String name() {
    return "separate";
  }

  @Override
  public int epochs() {
    return config.epochs();
  }

  @Override
  public Footprint footprint() {
    return ledger.footprint();
  }

  @Override
  public void close() {
    initial.forEach(Tensor::close);
    learned.values().forEach(copy -> copy.forEach(Tensor::close));
  }
}
