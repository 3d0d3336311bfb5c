// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.data.Streams;
import dev.intarsia.training.run.Comparison;
import dev.intarsia.training.run.ComparisonFolder;
import dev.intarsia.training.run.ComparisonPlan;
import dev.intarsia.training.run.ComparisonText;
import dev.intarsia.training.run.Experiment;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunFolder;
import dev.intarsia.training.run.RunListener;
import dev.intarsia.training.run.RunSummary;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code intarsia compare}: several methods learn one stream, each for several seeds. */
@Command(
    name = "compare",
    description = "Let several methods learn one stream, for several seeds, and compare them.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "Every run gets the folder OUT/METHOD-SEED with what 'run' writes. OUT receives",
      "compare.md, compare.csv, compare.json and compare.html. A run that is complete there, of",
      "the same configuration, is not repeated; a run that fails is reported and loses no other.",
      "",
      "--set KEY=VALUE holds for every run, settings.KNOB for every method with that knob,",
      "METHOD.KNOB or METHOD.KEY for one method. A --config file may have the keys methods and",
      "seeds, and a map of settings under the name of a method.",
      "",
      "Examples:",
      "  intarsia compare --methods finetune,wsn,packnet --seeds 1,2,3",
      "  intarsia compare --methods wsn,replay --stream split-mnist --data data/mnist \\",
      "      --seeds 1,2,3 --epochs 3 --set wsn.keep=0.3 --set replay.buffer=500 --out runs/c"
    })
final class CompareCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--methods",
      paramLabel = "NAME,NAME",
      description = "What is compared: see 'methods'.")
  private String methods;

  @Option(
      names = "--seeds",
      paramLabel = "N,N",
      description = "Each method runs once for each of them. Default: 1")
  private String seeds;

  @Mixin private RunOptions options;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file with any of these as keys.")
  private Path config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Set one key, such as tasks=3 or wsn.keep=0.5; repeatable.")
  private List<String> assignments = List.of();

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      description = "Where results go. Default: runs/compare-STREAM")
  private Path out;

  @Option(names = "--overwrite", description = "Repeat all runs and replace their results.")
  private boolean overwrite;

  @Override
  public Integer call() throws IOException {
    ComparisonPlan plan = plan();
    Failures.requireKnown("stream", plan.runs().get(0).stream(), Streams.names());
    PrintWriter print = spec.commandLine().getOut();
    ComparisonFolder.claim(plan.out());
    Map<RunConfig, RunSummary> done = complete(plan);
    List<RunSummary> runs = new ArrayList<>();
    List<Comparison.Failure> failures = new ArrayList<>();
    for (RunConfig run : plan.runs()) {
      try {
        runs.add(done.containsKey(run) ? reused(run, done.get(run)) : learn(run));
      } catch (Exception | LinkageError | OutOfMemoryError e) {
        Comparison.Failure failure =
            new Comparison.Failure(run.method(), run.seed(), Failures.sentence(e));
        failures.add(failure);
        say("failed: " + ComparisonText.sentence(failure));
      }
    }
    Comparison comparison = new Comparison(plan, runs, failures);
    ComparisonFolder.write(comparison);
    report(print, comparison);
    return failures.isEmpty() ? 0 : Failures.FAILURE;
  }

  private ComparisonPlan plan() {
    ComparisonPlan.Builder builder = new ComparisonPlan.Builder();
    if (config != null) {
      builder.apply(config);
    }
    RunOptions.given(builder::set, ComparisonPlan.METHODS, methods);
    RunOptions.given(builder::set, ComparisonPlan.SEEDS, seeds);
    options.apply(builder::set);
    RunOptions.given(builder::set, "out", out);
    RunOptions.given(builder::set, "overwrite", overwrite ? true : null);
    assignments.forEach(builder::applyAssignment);
    return builder.build();
  }

  /**
   * The runs whose results are there already.
   *
   * @throws IllegalArgumentException if a folder holds results of another configuration
   */
  private Map<RunConfig, RunSummary> complete(ComparisonPlan plan) {
    Map<RunConfig, RunSummary> done = new LinkedHashMap<>();
    String model = null; // the stream's own, asked for once
    for (RunConfig run : plan.runs()) {
      Path results = run.out().resolve(RunFolder.RESULTS);
      if (run.overwrite() || !Files.isRegularFile(results)) {
        continue;
      }
      RunSummary found;
      try {
        found = RunSummary.read(results);
      } catch (IOException | IllegalArgumentException e) {
        throw new IllegalArgumentException(
            results
                + " cannot be read ("
                + Failures.sentence(e)
                + "); delete it or pass"
                + " --overwrite",
            e);
      }
      if (run.model() == null && model == null) {
        model = Experiment.resolve(run).model();
      }
      RunConfig asked =
          Experiment.resolve(run.model() == null ? run.toBuilder().model(model).build() : run);
      if (!found.answers(asked)) {
        throw new IllegalArgumentException(
            run.out()
                + " holds results of another configuration ("
                + found.difference(asked)
                + "); choose another --out or pass --overwrite");
      }
      done.put(run, found);
    }
    return done;
  }

  private RunSummary reused(RunConfig run, RunSummary summary) {
    say(run.method() + ", seed " + run.seed() + ": complete in " + run.out() + ", not repeated");
    return summary;
  }

  /** Runs once and reads back what was written, so that a reused run is the same as a fresh one. */
  private RunSummary learn(RunConfig run) throws IOException {
    try (RunFolder folder = RunFolder.claim(run.out(), true)) {
      RunListener progress = Progress.to(spec.commandLine().getErr());
      folder.write(Experiment.run(run, RunListener.all(folder.metrics(), folder.pack(), progress)));
    }
    return RunSummary.read(run.out().resolve(RunFolder.RESULTS));
  }

  private void report(PrintWriter print, Comparison comparison) {
    print.println();
    if (!comparison.runs().isEmpty()) {
      print.println(ComparisonText.caption(comparison));
      print.println();
      ResultTable.printRows(print, ComparisonText.rows(comparison));
      print.println();
    }
    for (Comparison.Failure failure : comparison.failures()) {
      print.println("Failed: " + ComparisonText.sentence(failure));
    }
    print.println("Page: " + comparison.plan().out().resolve(ComparisonFolder.PAGE));
  }

  private void say(String line) {
    PrintWriter err = spec.commandLine().getErr();
    err.println(line);
    err.flush();
  }
}
