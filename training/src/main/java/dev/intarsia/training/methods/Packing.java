// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.Mask;
import dev.intarsia.Owners;
import dev.intarsia.PlaneShape;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * One net's shared weights divided among tasks, each weight owned by the first task that keeps it
 * (Mallya and Lazebnik 2018, section 3): a task begins with all that is free, gives some back and
 * freezes the rest. It sees its own weights and all of its predecessors'.
 *
 * <p>Weights given back are zero until the next task begins. Normalisation state is per task.
 */
final class Packing {
  private final Network net;
  private final List<Owners> owners = new ArrayList<>(); // per shared parameter
  private final Ledger ledger;
  private int lastLearned = -1;
  private int owner;

  /** Everything is free. */
  Packing(Network net) {
    this.net = net;
    ledger = new Ledger(net);
    for (Parameter parameter : net.shared()) {
      owners.add(new Owners(parameter.rows(), parameter.cols()));
    }
  }

  /** Gives a task all that is free, to train. */
  void begin(Task task) {
    activate(task);
    owner = task.index() + 1;
    owners.forEach(layer -> layer.begin(owner));
    for (int i = 0; i < owners.size(); i++) {
      net.shared().get(i).trainable().setWords(own(i));
    }
  }

  /** Mask words of the weights of a layer that the task has. */
  int[] own(int layer) {
    return owners.get(layer).ownedBy(owner);
  }

  /** Takes the task's weights outside a mask from it, and makes them zero. */
  void prune(int layer, Mask kept) {
    Parameter parameter = net.shared().get(layer);
    owners.get(layer).prune(owner, kept);
    zeroFree(layer);
    parameter.trainable().setWords(own(layer));
    parameter.visible().setWords(owners.get(layer).visible(owner));
  }

  private void zeroFree(int layer) {
    Parameter parameter = net.shared().get(layer);
    float[] weights = parameter.weights().download();
    PlaneShape shape = new PlaneShape(parameter.rows(), parameter.cols());
    for (int place : shape.indices(owners.get(layer).free())) {
      weights[place] = 0;
    }
    parameter.weights().upload(weights);
  }

  /** Makes the task's weights final. */
  void freeze(Task task) {
    owners.forEach(layer -> layer.freeze(owner));
    lastLearned = task.index();
    enter(task);
  }

  /** An owner id takes ceil(log2(tasks + 1)) bits; a task is charged what it adds to that. */
  private void enter(Task task) {
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

  /** Shows what a learned task sees; to one that was not learned yet, everything. */
  void activate(Task task) {
    for (int i = 0; i < owners.size(); i++) {
      Mask visible = net.shared().get(i).visible();
      if (task.index() <= lastLearned) {
        visible.setWords(owners.get(i).visible(task.index() + 1));
      } else {
        visible.setAll();
      }
    }
    net.selectHead(task.index(), task.classes());
    net.selectNorms(task.index());
  }

  /** Bytes of the tasks frozen so far. */
  Footprint footprint() {
    return ledger.footprint();
  }
}
