// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.run.BuildInfo;
import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command line: {@code intarsia COMMAND}. Exit codes: 0 done, 1 failed, 2 wrongly called. */
@Command(
    name = "intarsia",
    description = "Continual learning on the JVM: one net learns tasks in a row and forgets none.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      RunCommand.class,
      CompareCommand.class,
      DemoCommand.class,
      PackCommand.class,
      PredictCommand.class,
      BackboneCommand.class,
      ListCommand.Methods.class,
      ListCommand.Streams.class,
      ListCommand.Models.class,
      DoctorCommand.class
    },
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "The launcher adds:",
      "  build    Compile everything this machine can.",
      "  test     Compile and run all tests.",
      "  bench    Run the benchmarks.",
      "",
      "Examples:",
      "  intarsia demo",
      "  intarsia run --method wsn --stream split-mnist --data data/mnist --out runs/a",
      "  intarsia run --help"
    })
public final class Main implements Runnable {
  private static final String LOG_LEVEL = "org.slf4j.simpleLogger.defaultLogLevel";

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "On failure print where in the program it happened.")
  private boolean stacktrace;

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Log more, and print stack traces on failure.")
  private boolean verbose;

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    // Before the first logger is made: the logging library reads the property once.
    if (System.getProperty(LOG_LEVEL) == null) {
      System.setProperty(LOG_LEVEL, List.of(args).contains("--verbose") ? "info" : "warn");
    }
    // Charts are drawn into files: a display that is named but absent must not matter.
    System.setProperty("java.awt.headless", "true");
    PrintWriter out = new PrintWriter(System.out, true);
    PrintWriter err = new PrintWriter(System.err, true);
    System.exit(execute(out, err, args));
  }

  /**
   * Runs one command.
   *
   * @return the exit code
   */
  static int execute(PrintWriter out, PrintWriter err, String... args) {
    CommandLine line = commandLine().setOut(out).setErr(err);
    try {
      return line.execute(args);
    } catch (Error e) {
      // The parser passes exceptions to its handler but lets errors through.
      return Failures.report(err, e, wantsTrace(args));
    }
  }

  /** Read off the words themselves, so that it holds even when they cannot be parsed. */
  private static boolean wantsTrace(String... args) {
    return Stream.of(args).anyMatch(List.of("--verbose", "--stacktrace")::contains);
  }

  /** The command line, ready to run or to be asked for its help. */
  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Main());
    line.setUsageHelpWidth(90);
    line.setUsageHelpLongOptionsMaxWidth(26);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setAbbreviatedOptionsAllowed(false);
    line.setParameterExceptionHandler(
        (e, args) -> {
          PrintWriter err = e.getCommandLine().getErr();
          err.println("intarsia: " + Failures.usageSentence(e));
          err.println("Try: " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
          return Failures.USAGE;
        });
    line.setExecutionExceptionHandler(
        (e, command, parsed) -> {
          String[] args = parsed.originalArgs().toArray(String[]::new);
          return Failures.report(command.getErr(), e, wantsTrace(args));
        });
    return line;
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** What {@code --version} prints. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      BuildInfo build = BuildInfo.current();
      return new String[] {"intarsia " + build.version() + " (commit " + build.commit() + ")"};
    }
  }
}
