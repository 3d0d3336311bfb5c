// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a method has to say of one learned task beside accuracy and bytes.
 *
 * @param task index of the task, from 0
 * @param figures names and values, in the order to show them; unmodifiable
 * @param traces what was tried, if anything was
 */
public record TaskNotes(int task, Map<String, Double> figures, List<Trace> traces) {
  /** Takes copies. */
  public TaskNotes {
    figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
    traces = List.copyOf(traces);
  }

  /**
   * Trials in their order; a report draws the second column over the first.
   *
   * @param name what was tried; traces of this name of other tasks share a chart
   * @param columns at least two
   * @param rows one value a column
   * @param chosen index of the row that was chosen, or -1
   */
  public record Trace(String name, List<String> columns, List<double[]> rows, int chosen) {
    /** Checks that rows fit columns. */
    public Trace {
      columns = List.copyOf(columns);
      rows = List.copyOf(rows);
      if (columns.size() < 2 || chosen < -1 || chosen >= rows.size()) {
        throw new IllegalArgumentException(
            "trace %s has %d columns, needs 2; row %d of %d is chosen, must be one of them or -1"
                .formatted(name, columns.size(), chosen, rows.size()));
      }
      for (double[] row : rows) {
        if (row.length != columns.size()) {
          throw new IllegalArgumentException(
              "trace %s has a row of %d values, expected %d, one a column"
                  .formatted(name, row.length, columns.size()));
        }
      }
    }
  }

  /** All figures on one line, {@code rate 0.82, evaluations 10}. */
  public String line() {
    List<String> parts = new ArrayList<>();
    figures.forEach((name, value) -> parts.add(name + " " + text(value)));
    return String.join(", ", parts);
  }

  /** A value as people read it: whole, or with four places. */
  public static String text(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? String.format(Locale.ROOT, "%.0f", value + 0.0)
        : String.format(Locale.ROOT, "%.4f", value);
  }
}
