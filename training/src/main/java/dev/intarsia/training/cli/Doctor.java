// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.Backends;
import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.run.BuildInfo;
import dev.intarsia.training.run.Report;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Says what this machine offers a run, what will be skipped, and why. */
final class Doctor {
  private static final Path CGROUP = Path.of("/sys/fs/cgroup");

  private final PrintWriter out;

  Doctor(PrintWriter out) {
    this.out = out;
  }

  /** Prints the findings, one a line. */
  void examine() {
    BuildInfo build = BuildInfo.current();
    line("intarsia", build.version() + ", commit " + build.commit());
    line(
        "java",
        System.getProperty("java.version")
            + ", "
            + System.getProperty("java.vm.name")
            + ", at "
            + System.getProperty("java.home"));
    line(
        "system",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + ", "
            + System.getProperty("os.arch"));
    line("processors", Runtime.getRuntime().availableProcessors() + " for Java" + processorQuota());
    line("memory", Figures.bytes(Runtime.getRuntime().maxMemory()) + " Java heap" + memoryLimit());
    for (Backends.Status backend : Backends.all()) {
      String state =
          backend.available()
              ? "available" + suffix(backend.detail())
              : "unavailable: " + backend.reason();
      line(backend.name(), state);
    }
    String charts = Report.chartsUnavailable();
    line("charts", charts == null ? "available" : "skipped. " + charts);
  }

  private void line(String what, String finding) {
    out.println(String.format(Locale.ROOT, "%-11s %s", what, finding));
  }

  private static String suffix(String detail) {
    return detail == null || detail.isBlank() ? "" : ", " + detail;
  }

  /** The processor time a control group grants, where it grants less than all. */
  private static String processorQuota() {
    String[] quota = firstLine("cpu.max").split(" ");
    if (quota.length != 2 || quota[0].equals("max")) {
      return "";
    }
    double processors = Double.parseDouble(quota[0]) / Double.parseDouble(quota[1]);
    return String.format(Locale.ROOT, ", limited to %.1f by the control group", processors);
  }

  /** The memory a control group grants, where it sets a limit. */
  private static String memoryLimit() {
    String limit = firstLine("memory.max");
    return limit.isEmpty() || limit.equals("max")
        ? ""
        : ", " + Figures.bytes(Long.parseLong(limit)) + " granted by the control group";
  }

  /** The first line of a file of the control group, empty where there is none. */
  private static String firstLine(String name) {
    try {
      return Files.readAllLines(CGROUP.resolve(name)).stream().findFirst().orElse("").strip();
    } catch (IOException e) {
      return "";
    }
  }
}
