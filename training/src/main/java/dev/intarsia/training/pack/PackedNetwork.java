// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.training.coding.BitString;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.PackedWeights;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.nn.Run;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A net that answers from a {@link PackedModel}: shared codes laid out once per copy, masks ready,
 * so that switching tasks moves no weight. Borrows the net. Not thread-safe.
 */
public final class PackedNetwork implements AutoCloseable {
  private final Network net;
  private final PackedModel model;
  private final Map<Integer, List<PackedWeights>> copies = new HashMap<>(); // per layer
  private final Map<Integer, Integer> laidOut = new HashMap<>(); // tasks in a copy's weights
  private final Set<Integer> installed = new HashSet<>(); // tasks whose head and norms are in place

  /** A net over a model, which may grow. */
  public PackedNetwork(Network net, PackedModel model) {
    this.net = net;
    this.model = model;
  }

  /**
   * Lets passes outside training answer as a task. Takes the time of laying out its copy's codes
   * when tasks were added since the last call; else next to none.
   */
  public void activate(int task) {
    PackedTask packed = model.tasks().get(task);
    List<PackedWeights> weights = laidOut(packed.copy());
    weights.forEach(layer -> layer.select(task));
    net.execute(weights);
    net.selectHead(task, packed.classNames().size());
    net.selectNorms(task);
    if (!installed.contains(task)) {
      install(packed);
      installed.add(task);
    }
  }

  /**
   * Answers images of several tasks of one copy in one pass; see {@link Network#forward(float[],
   * List)}. Each run's bits are those of its task alone.
   *
   * @return logits of each run, [count, classes]
   */
  public List<float[]> forward(float[] images, List<Run> runs) {
    for (Run run : runs) {
      activate(run.task()); // its head and norms are in place then
    }
    if (runs.size() == 1 && runs.get(0).first() == 0) {
      int count = runs.get(0).count();
      return List.of(net.forward(images, count, Phase.EVALUATE).readLogits(count));
    }
    int copy = model.tasks().get(runs.get(0).task()).copy();
    for (Run run : runs) {
      int other = model.tasks().get(run.task()).copy();
      if (other != copy) {
        throw new IllegalArgumentException(
            "task %d is in copy %d of the weights and task %d in copy %d; pass them one by one"
                .formatted(runs.get(0).task(), copy, run.task(), other));
      }
    }
    copies.get(copy).forEach(layer -> layer.select(runs, net.block()));
    try {
      return net.forward(images, runs);
    } finally {
      activate(runs.get(runs.size() - 1).task());
    }
  }

  private void install(PackedTask task) {
    net.head().weights().weights().upload(task.head());
    List<Tensor> norms = net.norms();
    if (norms.size() != task.norms().size()) {
      throw new IllegalArgumentException(
          "task '%s' has %d norms, %s has %d"
              .formatted(task.name(), task.norms().size(), net.name(), norms.size()));
    }
    for (int i = 0; i < norms.size(); i++) {
      norms.get(i).upload(task.norms().get(i));
    }
  }

  /**
   * Returns the codes of a copy as they are laid out, one per shared parameter; none before it has
   * a task. Owned by this net, and good until a task is added.
   */
  public List<PackedWeights> weights(int copy) {
    List<PackedWeights> weights = laidOut(copy);
    return weights == null ? List.of() : weights;
  }

  private List<PackedWeights> laidOut(int copy) {
    List<PackedTask> all = model.tasks();
    List<Integer> tasks = new ArrayList<>();
    for (int t = 0; t < all.size(); t++) {
      if (all.get(t).copy() == copy) {
        tasks.add(t);
      }
    }
    if (laidOut.getOrDefault(copy, 0) != tasks.size()) {
      List<PackedWeights> earlier = copies.remove(copy);
      if (earlier != null) {
        earlier.forEach(PackedWeights::close);
      }
      copies.put(copy, layOut(tasks));
      laidOut.put(copy, tasks.size());
    }
    return copies.get(copy);
  }

  private List<PackedWeights> layOut(List<Integer> tasks) {
    List<PackedWeights> weights = new ArrayList<>();
    for (int layer = 0; layer < net.shared().size(); layer++) {
      List<PackedWeights.Source> sources = new ArrayList<>();
      for (int task : tasks) {
        PackedLayer packed = model.tasks().get(task).layers().get(layer);
        int[] owned = model.owned(task, layer);
        int count = PackedModel.count(owned);
        if (count > 0 || sources.isEmpty()) {
          sources.add(
              new PackedWeights.Source(
                  packed.codebook(),
                  owned,
                  BitString.unpack(packed.codes(), packed.bits(), count)));
        }
      }
      PlaneShape shape = model.tasks().get(tasks.get(0)).layers().get(layer).shape();
      PackedWeights made = PackedWeights.of(net.context(), shape, sources);
      SortedMap<Integer, int[]> masks = new TreeMap<>();
      for (int task : tasks) {
        masks.put(task, model.tasks().get(task).layers().get(layer).mask());
      }
      made.putMasks(masks);
      weights.add(made);
    }
    return weights;
  }

  /** Gives the codes back and lets the net be. */
  @Override
  public void close() {
    net.execute(List.of());
    copies.values().forEach(layers -> layers.forEach(PackedWeights::close));
    copies.clear();
    laidOut.clear();
  }
}
