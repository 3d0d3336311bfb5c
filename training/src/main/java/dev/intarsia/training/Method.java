// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training;

import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.TaskNotes;
import dev.intarsia.training.pack.PackedModel;
import java.util.List;

/**
 * A way of learning tasks one after the other in one net. Built over its net, which outlives it.
 * Not thread-safe.
 */
public interface Method extends AutoCloseable {

  /** The name users give. */
  String name();

  /**
   * Learns one task. Methods that {@link #isolates} leave every earlier task's answers untouched,
   * bit for bit.
   */
  void learn(Task task, Trainer trainer);

  /**
   * Makes the net answer as it should for {@code task}: in isolating methods as it did right after
   * learning it; for a task not learned yet, as learning it would start.
   */
  void activate(Task task);

  /**
   * Examines what was learned of a task, on its test images.
   *
   * @return fraction of right answers; of a task not learned yet, those it would start with
   */
  default double examine(Task task, Trainer trainer) {
    activate(task);
    return trainer.evaluate(task);
  }

  /** Epochs that {@link #learn} takes for one task, all phases together. */
  int epochs();

  /** Bytes needed to answer every task learned so far. */
  Footprint footprint();

  /** What the tasks learned so far left behind, as data; null if this method does not pack. */
  default PackedModel packed() {
    return null;
  }

  /** What there is to say of the tasks learned so far beside accuracy and bytes, one each. */
  default List<TaskNotes> notes() {
    return List.of();
  }

  /** Whether later tasks leave the answers of earlier ones untouched. */
  default boolean isolates() {
    return true;
  }

  /** Frees what the method has beside its net. */
  @Override
  default void close() {}
}
