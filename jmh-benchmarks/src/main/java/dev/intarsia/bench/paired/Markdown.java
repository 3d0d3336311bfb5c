// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** Tables for README and docs/performance.md: a line per problem, a column per mask. */
final class Markdown {
  private Markdown() {}

  static String of(Machine machine, List<Row> rows, List<Goals.Verdict> verdicts) {
    StringBuilder out = new StringBuilder();
    out.append(machine.lines().replace("\n", "\n\n")).append("\n");
    if (!verdicts.isEmpty()) {
      out.append(Goals.markdown(verdicts));
    }
    Map<String, List<Row>> tables = new LinkedHashMap<>();
    for (Row row : rows) {
      String title = row.benchmark() + ", " + row.direction();
      tables.computeIfAbsent(title, key -> new ArrayList<>()).add(row);
    }
    tables.forEach((title, of) -> table(out, title, of));
    return out.toString();
  }

  private static void table(StringBuilder out, String title, List<Row> rows) {
    List<String> structures =
        rows.stream().filter(Row::ours).map(Markdown::structure).distinct().toList();
    out.append("\n### ").append(title).append("\n\n| problem | batch | best peer | ms |");
    structures.forEach(structure -> out.append(' ').append(structure).append(" |"));
    out.append("\n| --- | ---: | --- | ---: |").append(" ---: |".repeat(structures.size()));
    out.append('\n');
    Map<String, List<Row>> lines = new LinkedHashMap<>();
    rows.stream()
        .filter(Row::ours)
        .forEach(
            row ->
                lines
                    .computeIfAbsent(row.problem() + " n" + row.batch(), key -> new ArrayList<>())
                    .add(row));
    for (List<Row> line : lines.values()) {
      Row first = line.get(0);
      out.append("| %s | %d | ".formatted(first.problem(), first.batch()));
      out.append(Objects.requireNonNullElse(first.peer(), "-")).append(" | ");
      out.append(first.peerMs() == null ? "-" : figure(first.peerMs())).append(" |");
      for (String structure : structures) {
        out.append(' ');
        line.stream()
            .filter(row -> structure(row).equals(structure))
            .findFirst()
            .ifPresentOrElse(row -> out.append(cell(row)), () -> out.append('-'));
        out.append(" |");
      }
      out.append('\n');
    }
  }

  /**
   * The ratio to the best peer, the interval behind it; or the time where there is no peer. Of work
   * that memory limits also the share of the triad, of several threads the speed-up.
   */
  private static String cell(Row row) {
    String cell =
        row.ratio() == null
            ? figure(row.ms()) + " ms"
            : String.format(
                Locale.ROOT, "%.2fx (%.2f-%.2f)", row.ratio(), row.ratioLow(), row.ratioHigh());
    if (row.gflops() == null && row.rooflinePercent() != null) {
      cell += String.format(Locale.ROOT, ", %.0f %%", row.rooflinePercent());
    }
    if (row.speedup() != null) {
      cell += String.format(Locale.ROOT, ", %.2fx of one thread", row.speedup());
    }
    return cell;
  }

  static String structure(Row row) {
    return row.structure() + (row.density() < 1 ? " " + row.density() : "");
  }

  static String figure(double value) {
    return String.format(Locale.ROOT, value < 1 ? "%.3f" : value < 100 ? "%.2f" : "%.0f", value);
  }
}
