// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.pack.MaskCode;
import dev.intarsia.training.pack.PackFile;
import dev.intarsia.training.run.RunFolder;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code intarsia pack}: what a run packed, checked and written as one whole file. */
@Command(
    name = "pack",
    description = "Check every byte that a run packed and write it as one whole file.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "A task that was being written when its run was stopped is left out, and said so.",
      "",
      "Examples:",
      "  intarsia pack runs/tsn-split-cifar100-1 --out model.itp",
      "  intarsia pack model.itp --out fast.itp --masks raw"
    })
final class PackCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "RUN",
      description = "Folder of a run of a method that packs, such as tsn; or a pack.")
  private Path run;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "The file to write; it appears whole or not at all.")
  private Path out;

  @Option(
      names = "--masks",
      paramLabel = "CODE",
      description = "context (smallest) or raw (read at once). Default: context")
  private MaskCode masks = MaskCode.CONTEXT;

  @Option(names = "--overwrite", description = "Replace the file if it exists.")
  private boolean overwrite;

  @Override
  public Integer call() {
    Path source = source();
    boolean same = out.toAbsolutePath().normalize().equals(source.toAbsolutePath().normalize());
    if (Files.exists(out) && !overwrite && !same) {
      throw new IllegalArgumentException(
          "--out " + out + " exists; choose another or pass --overwrite");
    }
    PackFile file = PackFile.open(source);
    if (file.tasks() == 0) {
      throw new IllegalArgumentException(
          source + " has no task yet; wait until the run has learned one");
    }
    PackFile.write(out, file.model(file.tasks()), masks);
    PackFile written = PackFile.open(out);
    written.model(written.tasks());
    PrintWriter lines = spec.commandLine().getOut();
    if (file.tail() != null) {
      spec.commandLine().getErr().println("Left out: " + source + " " + file.tail());
    }
    PackTable.print(lines, written);
    lines.println(
        "Pack: %s, %d tasks; one dense net is %s"
            .formatted(out, written.tasks(), Figures.bytes(written.denseBytes())));
    return 0;
  }

  private Path source() {
    if (!Files.isDirectory(run)) {
      if (!Files.exists(run)) {
        throw new IllegalArgumentException("run " + run + " does not exist; check the path");
      }
      return run;
    }
    Path packed = run.resolve(RunFolder.PACK);
    if (!Files.exists(packed)) {
      String what =
          Files.exists(run.resolve(RunFolder.RESULTS))
              ? " is of a method that does not pack"
              : " is no folder of a run";
      throw new IllegalArgumentException(
          run + what + ": it has no " + RunFolder.PACK + "; run with --method tsn");
    }
    return packed;
  }
}
