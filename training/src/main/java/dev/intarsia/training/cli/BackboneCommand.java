// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.Context;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.Streams;
import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.pack.Backbone;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code intarsia backbone}: what a file of weights is worth before a run starts from it. */
@Command(
    name = "backbone",
    description = "Check the weights that 'run --backbone' would start from.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "Lists the tensors; with --data the file's own classifier answers CIFAR-10's test images.",
      "",
      "Example:",
      "  intarsia backbone resnet20.safetensors --data data/cifar10"
    })
final class BackboneCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "A safetensors file of a ResNet for CIFAR.")
  private Path file;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Folder with CIFAR-10's test*.bin, plain or .gz.")
  private Path data;

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
    Backbone backbone = Backbone.open(file);
    PrintWriter out = spec.commandLine().getOut();
    backbone.listing().forEach(out::println);
    try (Context context = Context.open(backend, threads)) {
      backbone.check(context);
      out.println("Model:    " + backbone.model() + ", " + backbone.listing().size() + " tensors");
      if (data != null) {
        Dataset images = Streams.cifar10Test(data);
        int right = backbone.examine(context, images);
        out.println(
            "Accuracy: %s (%d of %d CIFAR-10 test images)"
                .formatted(
                    Figures.percent((double) right / images.size(), 2), right, images.size()));
      }
    }
    return 0;
  }
}
