// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.data.Streams;
import dev.intarsia.training.methods.Methods;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.run.Experiment;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunConfigBuilder;
import dev.intarsia.training.run.RunConfigYaml;
import dev.intarsia.training.run.RunFolder;
import dev.intarsia.training.run.RunListener;
import dev.intarsia.training.run.RunResult;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code intarsia run}: one method learns one stream. */
@Command(
    name = "run",
    description = "Let one net learn a stream of tasks and write what came of it.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "Later layers win: defaults, then --config, then options, then --set.",
      "The output folder receives results.json, metrics.csv and report.html, and of a method",
      "that packs model.itp: see 'pack' and 'predict'.",
      "",
      "Examples:",
      "  intarsia run",
      "  intarsia run --method wsn --stream split-fashion-mnist --data data/fashion-mnist \\",
      "      --seed 1 --epochs 3 --out runs/f",
      "  intarsia run --config packnet.yaml --set epochs=10 --set settings.prune=0.75"
    })
final class RunCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--method",
      paramLabel = "NAME",
      description = "How it learns: see 'methods'. Default: wsn")
  private String method;

  @Mixin private RunOptions options;

  @Option(names = "--seed", paramLabel = "N", description = "Source of all randomness. Default: 1")
  private Long seed;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file with any of these as keys.")
  private Path config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Set one key, such as tasks=3 or settings.keep=0.5; repeatable.")
  private List<String> assignments = List.of();

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      description = "Where results go. Default: runs/METHOD-STREAM-SEED")
  private Path out;

  @Option(
      names = "--overwrite",
      description = "Replace the results of an earlier run in that folder.")
  private boolean overwrite;

  @Override
  public Integer call() {
    RunConfig config = resolve();
    PrintWriter out = spec.commandLine().getOut();
    try (RunFolder folder = RunFolder.claim(config.out(), config.overwrite())) {
      RunListener progress = Progress.to(spec.commandLine().getErr());
      RunResult result =
          Experiment.run(config, RunListener.all(folder.metrics(), folder.pack(), progress));
      folder.write(result);
      ResultTable.print(out, List.of(result));
      out.println("Report: " + folder.path().resolve(RunFolder.REPORT));
      Path packed = folder.path().resolve(RunFolder.PACK);
      if (Files.exists(packed)) {
        out.println("Pack:   " + packed + "; see 'intarsia pack' and 'intarsia predict'");
      }
    }
    return 0;
  }

  /** The configuration from all layers, names checked, an output folder chosen. */
  RunConfig resolve() {
    RunConfigBuilder builder = RunConfig.builder();
    if (config != null) {
      RunConfigYaml.apply(config, builder);
    }
    RunOptions.given(builder::set, "method", method);
    options.apply(builder::set);
    RunOptions.given(builder::set, "seed", seed);
    RunOptions.given(builder::set, "out", out);
    RunOptions.given(builder::set, "overwrite", overwrite ? true : null);
    assignments.forEach(assignment -> RunConfigYaml.applyAssignment(assignment, builder));
    RunConfig resolved = builder.build();
    Failures.requireKnown("method", resolved.method(), Methods.names());
    Failures.requireKnown("stream", resolved.stream(), Streams.names());
    if (resolved.model() != null) {
      Failures.requireKnown("model", resolved.model(), Models.names());
    }
    return resolved.out() != null ? resolved : builder.out(defaultOut(resolved)).build();
  }

  private static Path defaultOut(RunConfig config) {
    return Path.of("runs", config.method() + "-" + config.stream() + "-" + config.seed());
  }
}
