// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.run.RunResult;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The figures of runs as aligned text, one run a row. */
final class ResultTable {
  private static final List<String> HEAD =
      List.of("method", "average accuracy", "forgetting", "storage", "dense", "time");

  private ResultTable() {}

  /** Prints the table, an empty line before and after. */
  static void print(PrintWriter out, List<RunResult> results) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(HEAD);
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
    printRows(out, rows);
  }

  /** Prints rows of equal length, the first column to the left, the others to the right. */
  static void printRows(PrintWriter out, List<List<String>> rows) {
    int[] widths = new int[rows.get(0).size()];
    for (List<String> row : rows) {
      Arrays.setAll(widths, c -> Math.max(widths[c], row.get(c).length()));
    }
    out.println();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < widths.length; c++) {
        String pad = " ".repeat(widths[c] - row.get(c).length());
        line.append(c == 0 ? row.get(c) + pad : "   " + pad + row.get(c));
      }
      out.println(line.toString().stripTrailing());
    }
    out.println();
  }
}
