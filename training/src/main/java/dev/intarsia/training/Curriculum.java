// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training;

import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.run.RunListener;
import java.util.List;

/**
 * Tasks in order; after each, every task seen so far is examined again, and the next one before it
 * is learned. Not thread-safe.
 */
public final class Curriculum {
  private final List<Task> tasks;
  private final Trainer trainer;
  private final RunListener listener;
  private long learningNanos;
  private long examiningNanos;

  /**
   * A curriculum of at least one task.
   *
   * @param tasks in the order of learning; copied
   */
  public Curriculum(List<Task> tasks, Trainer trainer, RunListener listener) {
    this.tasks = List.copyOf(tasks);
    this.trainer = trainer;
    this.listener = listener;
  }

  /**
   * Takes a method through all tasks.
   *
   * @return {@code R[T+1][T]}; row 0 holds every task on the untrained net, row {@code i} the
   *     {@code i} tasks learned by then and the next one
   */
  public AccuracyMatrix run(Method method) {
    AccuracyMatrix accuracy = new AccuracyMatrix(tasks.size());
    for (Task task : tasks) {
      examine(method, accuracy, 0, task);
    }
    for (Task task : tasks) {
      learn(method, task);
      if (method.packed() != null) {
        listener.taskPacked(method.packed());
      }
      method.notes().stream()
          .filter(notes -> notes.task() == task.index())
          .forEach(listener::taskNoted);
      int learned = task.index() + 1;
      for (Task seen : tasks.subList(0, Math.min(learned + 1, tasks.size()))) {
        examine(method, accuracy, learned, seen);
      }
      listener.taskLearned(task.index(), accuracy, method.footprint());
    }
    return accuracy;
  }

  private void learn(Method method, Task task) {
    long start = System.nanoTime();
    trainer.announce(method.epochs());
    method.learn(task, trainer);
    learningNanos += System.nanoTime() - start;
  }

  private void examine(Method method, AccuracyMatrix accuracy, int row, Task task) {
    long start = System.nanoTime();
    accuracy.set(row, task.index(), method.examine(task, trainer));
    examiningNanos += System.nanoTime() - start;
  }

  /** Wall-clock seconds spent learning so far. */
  public double learningSeconds() {
    return learningNanos / 1e9;
  }

  /** Wall-clock seconds spent examining so far. */
  public double examiningSeconds() {
    return examiningNanos / 1e9;
  }
}
