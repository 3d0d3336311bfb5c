// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Batch;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.e2aen.Expansion;
import dev.intarsia.training.methods.e2aen.ExpansionConfig;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.TaskNotes;
import dev.intarsia.training.nn.Network;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Cao et al. 2022, <em>E2-AEN: End-to-End Incremental Learning with Adaptively Expandable
 * Network</em> (arXiv 2207.06754): in one training run each task expands a frozen net by adapters
 * and decides by gates which of them it needs.
 *
 * <p>Only the abstract was at hand. Adapters beside each convolution are those of Rebuffi et al.
 * 2018, gates the binary Gumbel-softmax of Veit and Belongie 2018 and Sun et al. 2020 (AdaShare);
 * how they are put together is ours, see docs/methods/e2aen.md.
 *
 * <p>A backbone from a file is frozen as it is. Without one the first task trains the whole net and
 * has no adapters.
 */
public final class AdaptiveExpansion implements Method {
  private static final int BASE = 0; // key of the norms that those of a task start from

  private final Network net;
  private final ExpansionConfig config;
  private final Ledger ledger;
  private final Map<Integer, Kept> kept = new HashMap<>();
  private final SortedMap<Integer, Expansion> learned = new TreeMap<>(); // null: the base
  private final List<TaskNotes> notes = new ArrayList<>();
  private final Expansion.Memory memory;

  /**
   * What a task kept of its adapters.
   *
   * @param parameters of the kept ones
   * @param of parameters of all
   */
  public record Kept(long parameters, long of) {
    /** Kept over all, 0 where there was nothing to keep. */
    public double fraction() {
      return of == 0 ? 0 : (double) parameters / of;
    }
  }

  /**
   * The method over a fresh net, or one with a backbone.
   *
   * @throws IllegalArgumentException if the net has a convolution that an adapter of the chosen
   *     kind does not fit
   */
  public AdaptiveExpansion(Network net, ExpansionConfig config) {
    Expansion.requirePlaces(net, config);
    this.net = net;
    this.config = config;
    ledger = new Ledger(net);
    memory = new Expansion.Memory(net, config);
  }

  @Override
  public void learn(Task task, Trainer trainer) {
    if (learned.isEmpty() && !net.pretrained()) {
      learnBase(task, trainer);
      return;
    }
    net.shared().forEach(parameter -> parameter.freeze(true));
    net.normsFrom(BASE);
    Expansion expansion = new Expansion(net, config, memory, task.index(), trainer.seed());
    expansion.adapters().enter();
    net.selectHead(task.index(), task.classes());
    net.selectNorms(norms(task));
    expansion.begin((long) trainer.steps(task) * config.epochs());
    trainer.fit(
        task,
        config.epochs(),
        new Trainer.Watch() {
          @Override
          public void judged(Batch batch) {
            expansion.sees(batch.size());
          }

          @Override
          public void differentiated() {
            expansion.learn();
          }

          @Override
          public void stepDone() {
            expansion.advance();
          }
        });
    expansion.prune();
    learned.put(task.index(), expansion);
    enter(task, expansion);
  }

  /** The first task's weights are what all later ones build on. */
  private void learnBase(Task task, Trainer trainer) {
    net.selectHead(task.index(), task.classes());
    net.selectNorms(BASE);
    trainer.fit(task, config.epochs());
    net.shared().forEach(parameter -> parameter.freeze(true));
    learned.put(task.index(), null);
    kept.put(task.index(), new Kept(0, 0));
    ledger.enter(
        task.index(), new Ledger.Entry().floats(net.sharedCount(), net.sharedCount()).ownNorms());
  }

  /** Charges kept adapters, a bit per gate, norms and head; a backbone to the first task. */
  private void enter(Task task, Expansion expansion) {
    Kept result = new Kept(expansion.keptParameters(), expansion.adapters().parameters());
    kept.put(task.index(), result);
    long owned = kept.size() == 1 ? net.sharedCount() : 0;
    ledger.enter(
        task.index(),
        new Ledger.Entry()
            .floats(owned, net.sharedCount())
            .beside(result.parameters())
            .ownerBits(expansion.gates())
            .ownNorms());
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("adapter parameters kept", (double) result.parameters());
    figures.put("adapter parameters of all", (double) result.of());
    figures.put("gates open", (double) expansion.keptGates());
    figures.put("gates of all", (double) expansion.gates());
    notes.add(new TaskNotes(task.index(), figures, List.of()));
  }

  /** The set of norms of a task; that of the backbone is no task's. */
  private int norms(Task task) {
    return net.pretrained() ? task.index() + 1 : task.index();
  }

  @Override
  public void activate(Task task) {
    Expansion expansion = learned.get(task.index());
    if (expansion == null) {
      Expansion.leave(net);
    } else {
      expansion.adapters().enter();
    }
    net.selectHead(task.index(), task.classes());
    net.selectNorms(learned.containsKey(task.index()) ? norms(task) : BASE);
  }

  /**
   * What a learned task kept.
   *
   * @throws IllegalArgumentException if it was not learned
   */
  public Kept kept(int task) {
    if (!kept.containsKey(task)) {
      throw new IllegalArgumentException(
          "task " + task + " was not learned, those learned are " + learned.keySet());
    }
    return kept.get(task);
  }

  @Override
  public String name() {
    return "e2aen";
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
  public List<TaskNotes> notes() {
    return List.copyOf(notes);
  }

  @Override
  public void close() {
    Expansion.leave(net);
    learned.values().stream().filter(Objects::nonNull).forEach(Expansion::close);
    memory.close();
  }
}
