// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.Context;
import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.pack.Answer;
import dev.intarsia.training.pack.PackFile;
import dev.intarsia.training.pack.PackedTask;
import dev.intarsia.training.pack.Predictor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code intarsia predict}: a pack answers images. */
@Command(
    name = "predict",
    description = "Let a pack answer images as one of its tasks, or each as a task of its own.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "Writes one line an image: file, task, class, confidence. Accuracy goes to the screen when",
      "the images say their class: folders named like classes, or the test images of a stream.",
      "",
      "Examples:",
      "  intarsia predict model.itp --task 3 --data photos/ --out answers.csv",
      "  intarsia predict model.itp --tasks which.csv --data photos.zip",
      "  intarsia predict model.itp --task 0 --stream split-cifar100 --data data/cifar100"
    })
final class PredictCommand implements Callable<Integer> {
  private static final int MAX_BATCH = 4096;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "PACK", description = "What 'pack', or a run, wrote: model.itp")
  private Path pack;

  @Option(names = "--task", paramLabel = "K", description = "Index, from 0, or name of the task.")
  private String task;

  @Option(
      names = "--tasks",
      paramLabel = "FILE",
      description = "A line 'file,task' for each image, in place of --task.")
  private Path tasks;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      description = "Folder or zip of images; with --stream the data it reads.")
  private Path data;

  @Option(
      names = "--stream",
      paramLabel = "NAME",
      description = "Answer the test images of this stream's task of that index.")
  private String stream;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "With --stream: seed, tasks, testLimit and so on, as the run had them.")
  private List<String> assignments = List.of();

  @Option(names = "--out", paramLabel = "FILE", description = "Default: the screen.")
  private Path out;

  @Option(names = "--batch", paramLabel = "N", description = "Images per pass. Default: 64")
  private int batch = 64;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads; results do not depend on it. Default: all granted")
  private int threads;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      description = "auto, cpu, cuda or reference. Default: auto")
  private String backend = "auto";

  @Override
  public Integer call() {
    if ((task == null) == (tasks == null) || stream != null && task == null) {
      throw new IllegalArgumentException(
          "give --task K, or --tasks FILE with images of several tasks; one of the two");
    }
    if (stream == null && data == null) {
      throw new IllegalArgumentException(
          "give --data PATH, a folder or zip of images, or --stream NAME");
    }
    if (batch < 1 || batch > MAX_BATCH) {
      throw new IllegalArgumentException(
          "batch is " + batch + ", must be from 1 to " + MAX_BATCH + "; 64 is a good size");
    }
    PackFile file = PackFile.open(pack);
    if (file.tail() != null) {
      spec.commandLine().getErr().println("Not asked: " + pack + " " + file.tail());
    }
    Questions questions =
        stream != null
            ? Questions.ofStream(file, Questions.index(file, task), stream, data, assignments)
            : Questions.ofImages(file, task, tasks, data);
    try (Context context = Context.open(backend, threads);
        Predictor predictor = Predictor.of(file, context, batch)) {
      Answer[] answers = predictor.predict(questions.pixels(), questions.tasks());
      write(lines(questions, answers, predictor));
      judge(questions, answers, predictor);
    }
    return 0;
  }

  private List<String> lines(Questions questions, Answer[] answers, Predictor predictor) {
    List<String> lines = new ArrayList<>();
    lines.add("file,task,class,confidence");
    for (int i = 0; i < answers.length; i++) {
      PackedTask asked = predictor.task(answers[i].task());
      lines.add(
          String.join(
              ",",
              Csv.cell(questions.names().get(i)),
              Csv.cell(asked.name()),
              Csv.cell(asked.classNames().get(answers[i].best())),
              String.format(Locale.ROOT, "%.4f", answers[i].confidence())));
    }
    return lines;
  }

  private void write(List<String> lines) {
    if (out == null) {
      PrintWriter screen = spec.commandLine().getOut();
      lines.forEach(screen::println);
      return;
    }
    try {
      Files.write(out, lines);
    } catch (IOException e) {
      throw new IllegalArgumentException("--out " + out + " cannot be written (" + e + ")", e);
    }
  }

  /** Says how many answers are right, of those whose right answer is known. */
  private void judge(Questions questions, Answer[] answers, Predictor predictor) {
    int known = 0;
    int right = 0;
    for (int i = 0; i < answers.length; i++) {
      List<String> classes = predictor.task(answers[i].task()).classNames();
      String label = questions.labels().get(i);
      if (classes.contains(label)) {
        known++;
        right += classes.get(answers[i].best()).equals(label) ? 1 : 0;
      }
    }
    if (known > 0) {
      spec.commandLine()
          .getErr()
          .println(
              "Accuracy: %s (%d of %d images%s)"
                  .formatted(
                      Figures.percent((double) right / known, 2),
                      right,
                      known,
                      known < answers.length
                          ? "; " + (answers.length - known) + " say no class of their task"
                          : ""));
    }
  }
}
