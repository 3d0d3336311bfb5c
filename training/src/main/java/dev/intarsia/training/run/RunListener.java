// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.TaskNotes;
import dev.intarsia.training.pack.PackedModel;
import java.util.List;

/**
 * Told what happens in a run, in order, on the thread that trains. Tasks, epochs and steps count
 * from 0; an epoch's steps start again at 0. Losses are means over a batch, in nats. A listener
 * must not hold up the training; what it throws ends the run.
 */
public interface RunListener {

  /** A listener that does nothing. */
  RunListener SILENT = new RunListener() {};

  /**
   * The run is about to begin.
   *
   * @param backend where the kernels run: {@code cpu}, {@code cuda} or {@code reference}
   * @param isa instruction set of the kernels, such as {@code avx2}
   * @param threads CPU threads in use, at least 1
   */
  default void runStarted(RunConfig config, int tasks, String backend, String isa, int threads) {}

  /** A task is about to be learned in {@code epochs} passes of {@code stepsPerEpoch} batches. */
  default void taskStarted(int task, String name, int epochs, int stepsPerEpoch) {}

  /** A step is done. {@code loss} is {@code NaN} for a step whose loss was not read. */
  default void stepDone(int task, int epoch, int step, double loss) {}

  /**
   * A pass over the training images is done.
   *
   * @param loss mean over the epoch
   * @param trainAccuracy fraction of training images answered rightly while training, in 0..1
   * @param seconds wall-clock seconds this epoch took
   */
  default void epochDone(int task, int epoch, double loss, double trainAccuracy, double seconds) {}

  /** A method that packs has learned a task, which is the last of {@code model}. */
  default void taskPacked(PackedModel model) {}

  /** A method has something to say of the task it just learned. */
  default void taskNoted(TaskNotes notes) {}

  /**
   * A task is learned, and every task seen so far was examined.
   *
   * @param soFar the accuracies measured so far; a listener that keeps them copies them
   * @param footprint bytes in use so far; its last share is the task's, with the meter of its masks
   */
  default void taskLearned(int task, AccuracyMatrix soFar, Footprint footprint) {}

  /** The run is complete. */
  default void runFinished(RunResult result) {}

  /** A listener that passes every event to each of {@code listeners}, in their order. */
  static RunListener all(RunListener... listeners) {
    List<RunListener> each = List.of(listeners);
    return new RunListener() {
      @Override
      public void runStarted(RunConfig config, int tasks, String backend, String isa, int threads) {
        each.forEach(l -> l.runStarted(config, tasks, backend, isa, threads));
      }

      @Override
      public void taskStarted(int task, String name, int epochs, int stepsPerEpoch) {
        each.forEach(l -> l.taskStarted(task, name, epochs, stepsPerEpoch));
      }

      @Override
      public void stepDone(int task, int epoch, int step, double loss) {
        each.forEach(l -> l.stepDone(task, epoch, step, loss));
      }

      @Override
      public void epochDone(
          int task, int epoch, double loss, double trainAccuracy, double seconds) {
        each.forEach(l -> l.epochDone(task, epoch, loss, trainAccuracy, seconds));
      }

      @Override
      public void taskPacked(PackedModel model) {
        each.forEach(l -> l.taskPacked(model));
      }

      @Override
      public void taskNoted(TaskNotes notes) {
        each.forEach(l -> l.taskNoted(notes));
      }

      @Override
      public void taskLearned(int task, AccuracyMatrix soFar, Footprint footprint) {
        each.forEach(l -> l.taskLearned(task, soFar, footprint));
      }

      @Override
      public void runFinished(RunResult result) {
        each.forEach(l -> l.runFinished(result));
      }
    };
  }
}
