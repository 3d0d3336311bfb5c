// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.Nearest;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.TreeSet;
import picocli.CommandLine;

/** What goes wrong, as one sentence and an exit code. */
final class Failures {
  /** The command failed. */
  static final int FAILURE = 1;

  /** The command was called with a wrong argument. */
  static final int USAGE = 2;

  private Failures() {}

  /**
   * Prints one sentence, with the stack trace when asked.
   *
   * @return {@link #USAGE} for a bad argument, else {@link #FAILURE}
   */
  static int report(PrintWriter err, Throwable failure, boolean stacktrace) {
    err.println("intarsia: " + sentence(failure));
    if (stacktrace) {
      failure.printStackTrace(err);
    }
    err.flush();
    return failure instanceof IllegalArgumentException ? USAGE : FAILURE;
  }

  /** The failure's own sentence, with its cause where that says more. */
  static String sentence(Throwable failure) {
    String message = failure.getMessage();
    if (failure instanceof OutOfMemoryError) {
      return "out of memory (" + message + "); give Java more with -Xmx, or a smaller --batch";
    }
    if (message == null || message.isBlank()) {
      return failure.getClass().getSimpleName() + "; pass --stacktrace to see where";
    }
    if (failure instanceof UncheckedIOException && failure.getCause().getMessage() != null) {
      return message + " (" + failure.getCause().getMessage() + ")";
    }
    return failure instanceof Error ? failure.getClass().getSimpleName() + ": " + message : message;
  }

  /**
   * The sentence of a line that could not be parsed; a mistyped word comes with the nearest one.
   */
  static String usageSentence(CommandLine.ParameterException e) {
    if (e instanceof CommandLine.UnmatchedArgumentException unmatched
        && !unmatched.getUnmatched().isEmpty()) {
      String word = unmatched.getUnmatched().get(0);
      CommandLine command = e.getCommandLine();
      boolean option = word.startsWith("-");
      if (option || !command.getSubcommands().isEmpty()) {
        Collection<String> known =
            option ? longNames(command) : new TreeSet<>(command.getSubcommands().keySet());
        String plain = option ? word.replaceFirst("=.*", "") : word;
        return Nearest.unknown(option ? "option" : "command", plain, known);
      }
    }
    return e.getMessage();
  }

  private static Collection<String> longNames(CommandLine command) {
    return command.getCommandSpec().optionsMap().keySet().stream()
        .filter(name -> name.startsWith("--"))
        .sorted()
        .toList();
  }

  /** Refuses a word that names nothing. */
  static void requireKnown(String kind, String word, Collection<String> known) {
    if (!known.contains(word)) {
      throw new IllegalArgumentException(Nearest.unknown(kind, word, known));
    }
  }
}
