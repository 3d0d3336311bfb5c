// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.run.RunListener;
import java.io.Console;
import java.io.PrintWriter;

/** How a run shows that it goes on: a bar on a terminal, a line now and then elsewhere. */
final class Progress {
  private Progress() {}

  /** The listener that suits where {@code err} leads. */
  static RunListener to(PrintWriter err) {
    return onTerminal() ? new ProgressBars(err) : new ProgressLines(err, System::nanoTime);
  }

  private static boolean onTerminal() {
    String term = System.getenv("TERM");
    Console console = System.console();
    return console != null
        && isTerminal(console)
        && term != null
        && !term.equals("dumb")
        && System.getenv("CI") == null;
  }

  /** From Java 22 on there is a console without a terminal too, and a method that tells them. */
  private static boolean isTerminal(Console console) {
    try {
      return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true;
    } catch (ReflectiveOperationException e) {
      return false;
    }
  }
}
