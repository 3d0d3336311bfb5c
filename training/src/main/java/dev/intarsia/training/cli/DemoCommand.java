// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.run.Experiment;
import dev.intarsia.training.run.Report;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunConfigBuilder;
import dev.intarsia.training.run.RunFolder;
import dev.intarsia.training.run.RunListener;
import dev.intarsia.training.run.RunResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code intarsia demo}: plain training beside Winning SubNetworks on the embedded stream. */
@Command(
    name = "demo",
    description = {
      "Learn five small tasks twice, by plain fine-tuning and by Winning SubNetworks, and show"
          + " which of them forgets. Needs no data and about a minute."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    optionListHeading = "%nOptions:%n")
final class DemoCommand implements Callable<Integer> {
  private static final List<String> METHODS = List.of("finetune", "wsn");

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      description = "Where results go; an earlier demo there is replaced. Default: runs/demo")
  private Path out = Path.of("runs", "demo");

  @Option(names = "--epochs", paramLabel = "N", description = "Passes over each task. Default: 5")
  private Integer epochs;

  @Option(names = "--seed", paramLabel = "N", description = "Source of all randomness. Default: 1")
  private long seed = 1;

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
  public Integer call() throws IOException {
    PrintWriter print = spec.commandLine().getOut();
    List<RunResult> results = new ArrayList<>();
    for (String method : METHODS) {
      results.add(learn(method));
    }
    Path page = out.resolve(RunFolder.REPORT);
    Report.writeComparison(page, results);
    ResultTable.print(print, results);
    print.println("Report: " + page);
    RunResult isolated = results.get(METHODS.indexOf("wsn"));
    if (isolated.accuracy().forgetting() != 0) {
      throw new IllegalStateException(
          "wsn forgot " + isolated.accuracy().forgetting() + ", must be exactly 0: a bug of ours");
    }
    return 0;
  }

  private RunResult learn(String method) {
    RunConfigBuilder builder =
        RunConfig.builder().method(method).stream("shapes")
            .seed(seed)
            .threads(threads)
            .backend(backend)
            .out(out.resolve(method))
            .overwrite(true);
    if (epochs != null) {
      builder.epochs(epochs);
    }
    RunConfig config = builder.build();
    try (RunFolder folder = RunFolder.claim(config.out(), config.overwrite())) {
      RunListener progress = Progress.to(spec.commandLine().getErr());
      RunResult result = Experiment.run(config, RunListener.all(folder.metrics(), progress));
      folder.write(result);
      return result;
    }
  }
}
