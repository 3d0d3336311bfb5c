// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.TaskNotes;
import dev.intarsia.training.nn.Models;
import java.util.List;

/**
 * What a run found out. {@link ResultsJson} writes it, {@link Report} draws it.
 *
 * @param config the configuration, defaults filled in
 * @param model the net that was trained, also where the configuration left it to the stream
 * @param backend where the kernels ran: {@code cpu}, {@code cuda} or {@code reference}
 * @param isa instruction set of the kernels, such as {@code avx2}
 * @param threads CPU threads in use
 * @param tasks the tasks, in the order of learning
 * @param accuracy accuracies {@code R[T+1][T]}
 * @param bytes storage the net needs
 * @param seconds wall-clock seconds
 * @param weightsSha256 digest of all weights after the last task, 64 hexadecimal digits
 * @param version version of the program
 * @param commit commit it was built from
 * @param notes what the method has to say of tasks beside accuracy and bytes
 */
public record RunResult(
    RunConfig config,
    String model,
    String backend,
    String isa,
    int threads,
    List<TaskSummary> tasks,
    AccuracyMatrix accuracy,
    Footprint bytes,
    Seconds seconds,
    String weightsSha256,
    String version,
    String commit,
    List<TaskNotes> notes) {

  /** Checks that tasks and matrix agree. */
  public RunResult {
    tasks = List.copyOf(tasks);
    notes = List.copyOf(notes);
    accuracy = accuracy.copy();
    if (tasks.size() != accuracy.tasks()) {
      throw new IllegalArgumentException(
          "result has " + tasks.size() + " tasks but an accuracy matrix of " + accuracy.tasks());
    }
  }

  /** The result of a method that has nothing more to say. */
  public RunResult(
      RunConfig config,
      String model,
      String backend,
      String isa,
      int threads,
      List<TaskSummary> tasks,
      AccuracyMatrix accuracy,
      Footprint bytes,
      Seconds seconds,
      String weightsSha256,
      String version,
      String commit) {
    this(
        config,
        model,
        backend,
        isa,
        threads,
        tasks,
        accuracy,
        bytes,
        seconds,
        weightsSha256,
        version,
        commit,
        List.of());
  }

  /** The method's name. */
  public String method() {
    return config.method();
  }

  /** What the matrix holds: {@code accuracy}, or {@code mIoU} where each pixel has a label. */
  public String metric() {
    return Models.labelsPixels(model) ? "mIoU" : "accuracy";
  }

  /** The stream's name. */
  public String stream() {
    return config.stream();
  }

  /**
   * One task.
   *
   * @param name what it is called in reports
   * @param classes number of classes
   * @param train number of training images
   * @param test number of test images
   */
  public record TaskSummary(String name, int classes, int train, int test) {}

  /**
   * Wall-clock seconds.
   *
   * @param train spent learning
   * @param eval spent examining
   */
  public record Seconds(double train, double eval) {
    /** Learning and examining together. */
    public double total() {
      return train + eval;
    }
  }
}
