// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.TaskNotes;
import dev.intarsia.training.metrics.Terms;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * The line charts of a report. The only class here that touches AWT, whose classes fail to
 * initialise on a machine without fonts; {@link ReportCharts} calls it where that can be caught.
 */
final class CurveChart {
  private static final Marker[] MARKERS = {
    SeriesMarkers.CIRCLE,
    SeriesMarkers.DIAMOND,
    SeriesMarkers.SQUARE,
    SeriesMarkers.TRIANGLE_UP,
    SeriesMarkers.TRIANGLE_DOWN,
    SeriesMarkers.CROSS,
    SeriesMarkers.PLUS
  };
  private static final int LOSS_POINTS = 400;

  /** The terms' colours in {@code report.css}, as indices of {@link ReportCharts#COLORS}. */
  private static final int[] TERM_COLORS = {0, 6, 1, 2, 4, 5};

  // Stand-ins, replaced in the SVG by colours that follow the page's light or dark scheme.
  private static final Color INK = Color.decode(ReportCharts.INK);
  private static final Color GRID = Color.decode(ReportCharts.GRID);
  private static final Color CLEAR = new Color(0, 0, 0, 0);

  private CurveChart() {}

  /** One line a task from the moment it was learned, and the average of the tasks seen. */
  static XYChart accuracyByTask(AccuracyMatrix accuracy) {
    int learned = accuracy.learned();
    List<Line> lines = new ArrayList<>();
    for (int task = 0; task < learned; task++) {
      Line line = Line.ofTask(task);
      for (int row = task + 1; row <= learned; row++) {
        line.add(row, accuracy.get(row, task));
      }
      lines.add(line);
    }
    Line average = new Line(INK, SeriesMarkers.NONE, 3f);
    for (int row = 1; row <= learned; row++) {
      average.add(row, accuracy.averageAccuracy(row));
    }
    lines.add(average);
    return accuracyChart(lines, learned);
  }

  /** One line a run: the average accuracy of the tasks seen after each learned task. */
  static XYChart averageByRun(List<AccuracyMatrix> runs) {
    List<Line> lines = new ArrayList<>();
    int learned = 1;
    for (int run = 0; run < runs.size(); run++) {
      AccuracyMatrix accuracy = runs.get(run);
      Line line = new Line(colorOf(run), MARKERS[run % MARKERS.length], 2.5f);
      for (int row = 1; row <= accuracy.learned(); row++) {
        line.add(row, accuracy.averageAccuracy(row));
      }
      learned = Math.max(learned, accuracy.learned());
      lines.add(line);
    }
    return accuracyChart(lines, learned);
  }

  /** The loss over the run, one line a task, thinned by averaging neighbours. */
  static XYChart loss(List<MetricsCsv.Loss> losses) {
    int stride = Math.max(1, (losses.size() + LOSS_POINTS - 1) / LOSS_POINTS);
    Map<Integer, Line> lines = new TreeMap<>();
    for (int from = 0; from < losses.size(); ) {
      int task = losses.get(from).task();
      int to = from;
      double sum = 0;
      while (to < losses.size() && to < from + stride && losses.get(to).task() == task) {
        sum += losses.get(to++).loss();
      }
      lines
          .computeIfAbsent(task, t -> Line.ofTask(t).unmarked())
          .add(losses.get(from).step() + 1, sum / (to - from));
      from = to;
    }
    XYChart chart = chart("loss readings", "loss (nats)");
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setXAxisMin(0.0);
    chart.getStyler().setXAxisTicksVisible(false); // readings have no unit to count
    lines.values().forEach(line -> line.addTo(chart));
    return chart;
  }

  /** The bytes stored after each learned task over those of one dense net: all, and each term. */
  static XYChart capacityByTask(Footprint bytes) {
    Map<String, Line> lines = new LinkedHashMap<>();
    for (String term : Terms.NONE.byName().keySet()) {
      Color color = Color.decode(ReportCharts.COLORS.get(TERM_COLORS[lines.size()]));
      lines.put(term, new Line(color, MARKERS[lines.size()], 1.6f));
    }
    Line all = new Line(INK, SeriesMarkers.NONE, 3f);
    Terms stored = Terms.NONE;
    int learned = 0;
    for (Footprint.Share share : bytes.perTask()) {
      learned++;
      stored = stored.plus(share.terms());
      all.add(learned, (double) stored.total() / bytes.dense());
      for (Map.Entry<String, Long> term : stored.byName().entrySet()) {
        if (term.getValue() > 0) {
          lines.get(term.getKey()).add(learned, (double) term.getValue() / bytes.dense());
        }
      }
    }
    XYChart chart = chart("tasks learned", "of one dense net (%)");
    countTasks(chart.getStyler(), Math.max(1, learned));
    chart.getStyler().setYAxisMin(0.0);
    lines.values().forEach(line -> line.percent().addTo(chart));
    all.percent().addTo(chart);
    return chart;
  }

  /** Trials of one name, second column over first, one line a task; the chosen ones are marked. */
  static XYChart trials(List<TaskNotes> notes, String name) {
    XYChart chart = null;
    for (TaskNotes note : notes) {
      for (TaskNotes.Trace trace : note.traces()) {
        if (trace.name().equals(name) && !trace.rows().isEmpty()) {
          if (chart == null) {
            chart = chart(trace.columns().get(0), trace.columns().get(1));
            chart.getStyler().setXAxisDecimalPattern("0.00");
            chart.getStyler().setYAxisDecimalPattern("0.00");
          }
          addTrials(chart, note.task(), trace);
        }
      }
    }
    return chart == null ? chart(name, "") : chart;
  }

  private static void addTrials(XYChart chart, int task, TaskNotes.Trace trace) {
    Line line = Line.ofTask(task).unmarked();
    trace.rows().stream()
        .sorted(Comparator.comparingDouble(row -> row[0]))
        .forEach(row -> line.add(row[0], row[1]));
    line.addTo(chart);
    if (trace.chosen() >= 0) {
      Line chosen = Line.ofTask(task);
      double[] row = trace.rows().get(trace.chosen());
      chosen.add(row[0], row[1]);
      chosen.addTo(chart);
    }
  }

  private static XYChart accuracyChart(List<Line> lines, int learned) {
    XYChart chart = chart("tasks learned", "accuracy (%)");
    XYStyler styler = chart.getStyler();
    countTasks(styler, learned);
    double least = lines.stream().mapToDouble(Line::least).min().orElse(0);
    styler.setYAxisMin(Math.max(0, Math.floor(least * 10 - 0.5) * 10));
    styler.setYAxisMax(100.0);
    lines.forEach(line -> line.percent().addTo(chart));
    return chart;
  }

  private static void countTasks(XYStyler styler, int learned) {
    styler.setXAxisMin(learned == 1 ? 0.5 : 1.0);
    styler.setXAxisMax(learned == 1 ? 1.5 : (double) learned);
    styler.setXAxisTickLabelsFormattingFunction(CurveChart::wholeOnly);
  }

  private static String wholeOnly(double value) {
    return Math.abs(value - Math.rint(value)) < 1e-6
        ? String.format(Locale.ROOT, "%.0f", value)
        : "";
  }

  private static XYChart chart(String xTitle, String yTitle) {
    XYChart chart =
        new XYChartBuilder()
            .width(ReportCharts.WIDTH)
            .height(ReportCharts.HEIGHT)
            .xAxisTitle(xTitle)
            .yAxisTitle(yTitle)
            .build();
    XYStyler styler = chart.getStyler();
    styler.setLocale(Locale.ROOT);
    styler.setLegendVisible(false);
    styler.setChartBackgroundColor(CLEAR);
    styler.setPlotBackgroundColor(CLEAR);
    styler.setPlotBorderVisible(false);
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setPlotGridLinesColor(GRID);
    styler.setPlotGridLinesStroke(new BasicStroke(1f));
    styler.setChartFontColor(INK);
    styler.setXAxisTitleColor(INK);
    styler.setYAxisTitleColor(INK);
    styler.setAxisTickLabelsColor(INK);
    styler.setAxisTickMarksColor(GRID);
    styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
    styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
    styler.setXAxisDecimalPattern("0");
    styler.setMarkerSize(8);
    styler.setChartPadding(4);
    return chart;
  }

  private static Color colorOf(int index) {
    return Color.decode(ReportCharts.COLORS.get(index % ReportCharts.COLORS.size()));
  }

  /** One series of a chart. */
  private record Line(
      Color color, Marker marker, float width, boolean dashed, List<Double> x, List<Double> y) {

    Line(Color color, Marker marker, float width) {
      this(color, marker, width, false, new ArrayList<>(), new ArrayList<>());
    }

    /** A task's line: the second time round the colours, dashed. */
    static Line ofTask(int task) {
      Marker marker = MARKERS[task % MARKERS.length];
      boolean dashed = task / ReportCharts.COLORS.size() % 2 == 1;
      return new Line(colorOf(task), marker, 1.6f, dashed, new ArrayList<>(), new ArrayList<>());
    }

    Line unmarked() {
      return new Line(color, SeriesMarkers.NONE, 1.4f, dashed, x, y);
    }

    private BasicStroke dashes() {
      return new BasicStroke(
          width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 10f, new float[] {6f, 3f}, 0f);
    }

    /** The same line with its values, fractions in 0..1, in percent. */
    Line percent() {
      return new Line(color, marker, width, dashed, x, y.stream().map(v -> 100 * v).toList());
    }

    void add(double at, double value) {
      if (Double.isFinite(value)) {
        x.add(at);
        y.add(value);
      }
    }

    double least() {
      return y.stream().mapToDouble(v -> v).min().orElse(1);
    }

    void addTo(XYChart chart) {
      if (!x.isEmpty()) {
        // The legend is the page's, so a series needs no more than a name of its own.
        String name = "series " + chart.getSeriesCollection().size();
        XYSeries series = chart.addSeries(name, x, y);
        series.setLineColor(color).setLineStyle(dashed ? dashes() : new BasicStroke(width));
        series.setMarker(marker).setMarkerColor(color);
      }
    }
  }
}
