// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.MaskBits;
import dev.intarsia.training.metrics.TaskNotes;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunListener;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/** Progress as plain lines: one for the run, one for each learned task, one every few seconds. */
final class ProgressLines implements RunListener {
  private static final long INTERVAL_NANOS = 5_000_000_000L;

  private final PrintWriter err;
  private final LongSupplier nanoTime;
  private int tasks;
  private String name;
  private int epochs;
  private int stepsPerEpoch;
  private double lastLoss = Double.NaN;
  private long taskBegan;
  private long lastLine;

  /**
   * @param nanoTime the clock, as {@link System#nanoTime}
   */
  ProgressLines(PrintWriter err, LongSupplier nanoTime) {
    this.err = err;
    this.nanoTime = nanoTime;
  }

  @Override
  public void runStarted(RunConfig config, int tasks, String backend, String isa, int threads) {
    this.tasks = tasks;
    lastLine = nanoTime.getAsLong();
    say(
        config.method()
            + " on "
            + config.stream()
            + ": "
            + tasks
            + " tasks, "
            + backend
            + " ("
            + isa
            + "), "
            + threads
            + (threads == 1 ? " thread" : " threads")
            + ", seed "
            + config.seed());
  }

  @Override
  public void taskStarted(int task, String name, int epochs, int stepsPerEpoch) {
    this.name = name;
    this.epochs = epochs;
    this.stepsPerEpoch = stepsPerEpoch;
    lastLoss = Double.NaN;
    taskBegan = nanoTime.getAsLong();
  }

  @Override
  public void stepDone(int task, int epoch, int step, double loss) {
    noteLoss(loss);
    long now = nanoTime.getAsLong();
    if (now - lastLine >= INTERVAL_NANOS) {
      lastLine = now;
      say(
          title(task)
              + ": epoch "
              + (epoch + 1)
              + "/"
              + Math.max(epochs, epoch + 1)
              + ", step "
              + (step + 1)
              + "/"
              + stepsPerEpoch
              + loss());
    }
  }

  @Override
  public void taskNoted(TaskNotes notes) {
    say(title(notes.task()) + ": " + notes.line());
  }

  @Override
  public void taskLearned(int task, AccuracyMatrix soFar, Footprint footprint) {
    lastLine = nanoTime.getAsLong();
    say(
        title(task)
            + " learned: accuracy "
            + Figures.percent(soFar.get(task + 1, task), 1)
            + ", average so far "
            + Figures.percent(soFar.averageAccuracy(task + 1), 1)
            + ", "
            + Figures.bytes(footprint.total())
            + masks(footprint)
            + ", "
            + Figures.seconds((lastLine - taskBegan) / 1e9));
  }

  /** The meter of the last task's masks beside their entropy; empty without masks. */
  private static String masks(Footprint footprint) {
    List<Footprint.Share> shares = footprint.perTask();
    MaskBits masks = shares.isEmpty() ? null : shares.get(shares.size() - 1).masks();
    return masks == null
        ? ""
        : String.format(
            Locale.ROOT,
            ", masks %.3f bits a weight (entropy given earlier ones %.3f)",
            masks.perWeight(masks.coded()),
            masks.perWeight(masks.given()));
  }

  /** Keeps the loss of a step to show it, when it was read. */
  void noteLoss(double loss) {
    if (!Double.isNaN(loss)) {
      lastLoss = loss;
    }
  }

  /** The task's number and name, {@code task 2/5 ring/star}. */
  String title(int task) {
    return "task " + (task + 1) + "/" + tasks + " " + name;
  }

  /** The last loss that was read, after a comma; empty before the first. */
  String loss() {
    return Double.isNaN(lastLoss) ? "" : String.format(Locale.ROOT, ", loss %.4f", lastLoss);
  }

  private void say(String line) {
    err.println(line);
    err.flush();
  }

  /** Steps the current task takes. */
  long steps() {
    return (long) epochs * stepsPerEpoch;
  }
}
