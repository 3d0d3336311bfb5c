// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.metrics.Capacity;
import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.metrics.Terms;
import dev.intarsia.training.run.RunResult;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/** The figures of runs and where their bytes are, as aligned text, one run a row. */
final class ResultTable {
  private static final List<String> HEAD =
      List.of("method", "average accuracy", "forgetting", "storage", "dense", "time");

  private ResultTable() {}

  /** Prints the figures, then where the bytes are; empty lines around both. */
  static void print(PrintWriter out, List<RunResult> results) {
    out.println();
    printRows(out, figures(results));
    out.println();
    out.println(
        "Bytes by term in percent of one dense net; tasks that still fit at the last one's rate:");
    printRows(out, capacity(results));
    out.println();
  }

  private static List<List<String>> figures(List<RunResult> results) {
    List<List<String>> rows = new ArrayList<>();
    List<String> head = new ArrayList<>(HEAD);
    if (results.stream().allMatch(result -> result.metric().equals("mIoU"))) {
      head.set(1, "average mIoU");
    }
    rows.add(head);
    for (RunResult result : results) {
      rows.add(
          List.of(
              result.method(),
              Figures.percent(result.accuracy().averageAccuracy(), 2),
              Figures.points(result.accuracy().forgetting(), false),
              Figures.bytes(result.bytes().total()),
              Figures.bytes(result.bytes().dense()),
              Figures.seconds(result.seconds().total())));
    }
    return rows;
  }

  /** The full count term by term; a term that no run has is left out. */
  private static List<List<String>> capacity(List<RunResult> results) {
    List<String> terms = new ArrayList<>(Terms.NONE.byName().keySet());
    terms.removeIf(
        term -> results.stream().allMatch(r -> r.bytes().terms().byName().get(term) == 0));
    List<List<String>> rows = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("method"));
    head.addAll(terms);
    head.addAll(List.of("sum", "tasks to dense", "to none free"));
    rows.add(head);
    for (RunResult result : results) {
      Capacity capacity = new Capacity(result.bytes());
      List<String> row = new ArrayList<>(List.of(result.method()));
      terms.forEach(term -> row.add(Figures.percent(capacity.ofDense().get(term), 2)));
      row.add(Figures.percent(capacity.full(), 2));
      row.add(count(capacity.forecast().untilDense()));
      row.add(count(capacity.forecast().untilNoFree()));
      rows.add(row);
    }
    return rows;
  }

  private static String count(OptionalLong tasks) {
    return tasks.isPresent() ? Long.toString(tasks.getAsLong()) : Figures.NONE;
  }

  /** Prints rows of equal length, the first column to the left, the others to the right. */
  static void printRows(PrintWriter out, List<List<String>> rows) {
    int[] widths = new int[rows.get(0).size()];
    for (List<String> row : rows) {
      Arrays.setAll(widths, c -> Math.max(widths[c], row.get(c).length()));
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < widths.length; c++) {
        String pad = " ".repeat(widths[c] - row.get(c).length());
        line.append(c == 0 ? row.get(c) + pad : "   " + pad + row.get(c));
      }
      out.println(line.toString().stripTrailing());
    }
  }
}
