// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.soft.SoftMasks;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.TaskNotes;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.SoftMaskOverlay;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A method whose tasks learn factors of a body that never changes, norms and a head, and nothing
 * else: {@link SoftMasks} does it, a subclass says how scores become factors.
 */
abstract class SoftMaskMethod implements Method {
  private final Network net;
  private final SoftMasks masks;
  private final SoftMasks.Training training;
  private final Ledger ledger;
  private final List<TaskNotes> notes = new ArrayList<>();

  SoftMaskMethod(Network net, SoftMaskOverlay.Rule rule, SoftMasks.Training training) {
    this.net = net;
    this.training = training;
    masks = new SoftMasks(net, rule, training);
    ledger = new Ledger(net);
  }

  @Override
  public final void learn(Task task, Trainer trainer) {
    boolean masked = masks.learn(task, trainer);
    long body = ledger.isEmpty() ? net.sharedCount() : 0;
    long used = masked ? masks.live() : net.sharedCount();
    ledger.enter(
        task.index(),
        new Ledger.Entry().floats(body, used).ownerBits(Byte.SIZE * masks.bytes(task)).ownNorms());
    notes.add(new TaskNotes(task.index(), Map.of("units kept", masks.kept(task)), List.of()));
  }

  @Override
  public final void activate(Task task) {
    masks.activate(task);
  }

  @Override
  public final int epochs() {
    return training.epochs();
  }

  @Override
  public final Footprint footprint() {
    return ledger.footprint();
  }

  @Override
  public final List<TaskNotes> notes() {
    return List.copyOf(notes);
  }

  @Override
  public final void close() {
    masks.close();
  }
}
