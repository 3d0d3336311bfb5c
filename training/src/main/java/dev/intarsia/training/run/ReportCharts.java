// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.TaskNotes;
import java.awt.AWTError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;

/**
 * The curves of a report as inline SVG. Axis text becomes outlines, so a page looks the same where
 * the fonts of this machine are missing. Drawing needs AWT with at least one font; without them a
 * chart is a sentence that says so.
 */
final class ReportCharts {
  /**
   * Line colours, one a task, in order and then again from the start. Each has a contrast of more
   * than 3 to the page in light and in dark (WCAG 2.2, 1.4.11).
   */
  static final List<String> COLORS =
      List.of(
          "#3a7fc4", "#d0661a", "#2c9558", "#d5495a", "#8f6bc9", "#0e95a0", "#a8811a", "#c4549a",
          "#6f7f93", "#6c8f1f");

  /** Width of a chart in its own units. */
  static final int WIDTH = 520;

  /** Height of a chart in its own units. */
  static final int HEIGHT = 330;

  /** Drawn where the page's text colour belongs. */
  static final String INK = "#010203";

  /** Drawn where the page's grid colour belongs. */
  static final String GRID = "#040506";

  private ReportCharts() {}

  /** Why charts cannot be drawn here, or null when they can. */
  static String unavailable() {
    String svg =
        svg("probe", "probe", () -> CurveChart.loss(List.of(new MetricsCsv.Loss(0, 0, 1))));
    return svg.startsWith("<svg") ? null : svg.replaceAll("<[^>]*>", "");
  }

  /** One line a task from the moment it was learned, and the average of the tasks seen. */
  static String accuracyByTask(AccuracyMatrix accuracy) {
    String label =
        "Line chart: accuracy on each task after every learned task, and their average. The"
            + " numbers are in the accuracy matrix.";
    return svg("accuracy", label, () -> CurveChart.accuracyByTask(accuracy));
  }

  /** One line a run: the average accuracy of the tasks seen after each learned task. */
  static String averageByRun(List<RunResult> results) {
    String label = "Line chart: average accuracy of the tasks seen, by run.";
    List<AccuracyMatrix> runs = results.stream().map(RunResult::accuracy).toList();
    return svg("average", label, () -> CurveChart.averageByRun(runs));
  }

  /** The loss over the run, one line a task. */
  static String loss(List<MetricsCsv.Loss> losses) {
    String label = "Line chart: training loss over the run, task after task.";
    return svg("loss", label, () -> CurveChart.loss(losses));
  }

  /** The bytes stored after each learned task over those of one dense net: all, and each term. */
  static String capacityByTask(Footprint bytes) {
    String label =
        "Line chart: stored bytes after each learned task, in percent of one dense net. The numbers"
            + " are in the tables of this section.";
    return svg("capacity", label, () -> CurveChart.capacityByTask(bytes));
  }

  /** Trials of one name, one line a task; what was chosen is marked. */
  static String trials(String id, List<TaskNotes> notes, String name) {
    String label = "Line chart: " + name + ", one line a task. The numbers are in the tables.";
    return svg(id, label, () -> CurveChart.trials(notes, name));
  }

  /** Draws a chart, or says why it is missing: a report must not fail for want of a font. */
  private static String svg(String id, String label, Supplier<XYChart> chart) {
    try {
      byte[] bytes = ChartEncoder.getBytes(chart.get(), "svg");
      return inline(id, label, new String(bytes, StandardCharsets.UTF_8));
    } catch (IOException | RuntimeException | LinkageError | InternalError | AWTError e) {
      return "<p class=\"missing\">No chart: this machine cannot draw text ("
          + Html.escape(e)
          + "). Install a font, for example the packages fontconfig and fonts-dejavu-core.</p>";
    }
  }

  private static String inline(String id, String label, String document) {
    String svg = document.substring(document.indexOf("<svg"));
    svg = svg.substring(svg.indexOf('>') + 1);
    // The encoder numbers clip paths by object identity: not repeatable, and not unique on a page.
    svg = svg.replaceAll("clip\\d+", "clip-" + id);
    svg = svg.replace("rgb(1,2,3)", "currentColor").replace("rgb(4,5,6)", "var(--grid)");
    svg = svg.replaceAll(">\\s+<", "><").strip();
    return "<svg role=\"img\" aria-label=\""
        + Html.escape(label)
        + "\" viewBox=\"0 0 "
        + WIDTH
        + " "
        + HEIGHT
        + "\" xmlns=\"http://www.w3.org/2000/svg\">"
        + svg;
  }
}
