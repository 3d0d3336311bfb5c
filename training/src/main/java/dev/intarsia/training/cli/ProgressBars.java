// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.TaskNotes;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunListener;
import java.io.PrintWriter;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress on a terminal: a bar while a task is learned, a line when it is. */
final class ProgressBars implements RunListener {
  private static final int REDRAW_MILLIS = 200;
  private static final int WIDTH = 79;

  private final ProgressLines lines;
  private ProgressBar bar;

  ProgressBars(PrintWriter err) {
    this.lines = new ProgressLines(err, System::nanoTime);
  }

  @Override
  public void runStarted(RunConfig config, int tasks, String backend, String isa, int threads) {
    lines.runStarted(config, tasks, backend, isa, threads);
  }

  @Override
  public void taskStarted(int task, String name, int epochs, int stepsPerEpoch) {
    lines.taskStarted(task, name, epochs, stepsPerEpoch);
    close();
    bar =
        new ProgressBarBuilder()
            .setTaskName(lines.title(task))
            .setInitialMax(lines.steps())
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(REDRAW_MILLIS)
            .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
            .build();
  }

  @Override
  public void stepDone(int task, int epoch, int step, double loss) {
    lines.noteLoss(loss);
    bar.step();
    bar.setExtraMessage(lines.loss().replaceFirst(", ", ""));
  }

  @Override
  public void taskNoted(TaskNotes notes) {
    close();
    lines.taskNoted(notes);
  }

  @Override
  public void taskLearned(int task, AccuracyMatrix soFar, Footprint footprint) {
    close();
    lines.taskLearned(task, soFar, footprint);
  }

  private void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
