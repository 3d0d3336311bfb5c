// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import java.io.PrintWriter;
import java.util.Collection;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The commands that list names: each prints a name a line with what it stands for. */
final class ListCommand {
  private ListCommand() {}

  /** {@code intarsia methods}. */
  @Command(
      name = "methods",
      description = "List the continual-learning methods.",
      mixinStandardHelpOptions = true,
      versionProvider = Main.Version.class)
  static final class Methods implements Runnable {
    @Spec private CommandSpec spec;

    @Override
    public void run() {
      list(
          spec,
          dev.intarsia.training.methods.Methods.names(),
          dev.intarsia.training.methods.Methods::describe);
    }
  }

  /** {@code intarsia streams}. */
  @Command(
      name = "streams",
      description = "List the streams of tasks.",
      mixinStandardHelpOptions = true,
      versionProvider = Main.Version.class)
  static final class Streams implements Runnable {
    @Spec private CommandSpec spec;

    @Override
    public void run() {
      list(
          spec,
          dev.intarsia.training.data.Streams.names(),
          dev.intarsia.training.data.Streams::describe);
    }
  }

  /** {@code intarsia models}. */
  @Command(
      name = "models",
      description = "List the nets.",
      mixinStandardHelpOptions = true,
      versionProvider = Main.Version.class)
  static final class Models implements Runnable {
    @Spec private CommandSpec spec;

    @Override
    public void run() {
      list(
          spec, dev.intarsia.training.nn.Models.names(), dev.intarsia.training.nn.Models::describe);
    }
  }

  private static void list(
      CommandSpec spec, Collection<String> names, UnaryOperator<String> describe) {
    PrintWriter out = spec.commandLine().getOut();
    int width = names.stream().mapToInt(String::length).max().orElse(0);
    for (String name : names) {
      out.println(name + " ".repeat(width - name.length() + 2) + describe.apply(name));
    }
  }
}
