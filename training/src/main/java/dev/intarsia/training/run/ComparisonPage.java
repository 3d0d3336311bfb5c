// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.metrics.Interval;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** {@code compare.html}: one self-contained page without scripts that loads nothing. */
final class ComparisonPage {
  private static final String SPACE = "&#8239;";

  /** How much of an interval widens the axis; longer ones leave the chart. */
  private static final double MOST_BELOW = 0.1;

  /** Widths of a matrix: the names of its rows and each column, as the style sheet has them. */
  private static final double LABEL_REM = 5.6;

  private static final double CELL_REM = 2.32;

  private ComparisonPage() {}

  /** The page of a comparison; of one without a complete run it lists what failed. */
  static String of(Comparison comparison) {
    List<Comparison.OfMethod> methods = comparison.methods();
    String stream = comparison.plan().runs().get(0).stream();
    String title = "Methods compared on " + stream;
    StringBuilder body = new StringBuilder();
    body.append("<header>\n<p class=\"brand\">Intarsia</p>\n<h1>")
        .append(Html.escape(title))
        .append("</h1>\n<p>")
        .append(cell(verdict(comparison)))
        .append("</p>\n</header>\n");
    if (!comparison.failures().isEmpty()) {
      body.append(Html.section("Failed", failures(comparison)));
    }
    if (!methods.isEmpty()) {
      body.append(Html.section("Figures", figures(comparison)));
      body.append(Html.section("Accuracy against bytes", front(comparison)));
      body.append(Html.section("Average accuracy over tasks", curves(methods)));
      body.append(Html.section("Accuracy matrices", matrices(methods)));
      body.append(Html.section("Runs", runs(comparison)));
    }
    body.append(Html.section("Configuration", ReportTables.facts(configuration(comparison))));
    return Html.page(title + " - Intarsia", body.toString());
  }

  private static String verdict(Comparison comparison) {
    List<Comparison.OfMethod> methods = comparison.methods();
    int seeds = comparison.plan().seeds().size();
    String text =
        count(comparison.plan().methods().size(), "method") + ", " + count(seeds, "seed") + ". ";
    if (methods.isEmpty()) {
      return text + "No run is complete.";
    }
    Comparison.OfMethod best = methods.get(0);
    for (Comparison.OfMethod method : methods) {
      if (method.accuracy().mean() > best.accuracy().mean()) {
        best = method;
      }
    }
    return text
        + "Highest average accuracy: "
        + best.name()
        + ", "
        + ComparisonText.percent(best.accuracy())
        + ", in "
        + Figures.percent(best.ofDense().mean(), 1)
        + " of the bytes of one dense net.";
  }

  private static String count(int count, String thing) {
    return count + " " + thing + (count == 1 ? "" : "s");
  }

  private static String failures(Comparison comparison) {
    StringBuilder html = new StringBuilder("<ul>\n");
    for (Comparison.Failure failure : comparison.failures()) {
      html.append("<li>").append(Html.escape(ComparisonText.sentence(failure))).append("</li>\n");
    }
    return html.append("</ul>\n").toString();
  }

  private static String figures(Comparison comparison) {
    String caption = Html.escape(ComparisonText.caption(comparison));
    return "<p>"
        + caption.replace(ComparisonText.PLUS_MINUS, "&plusmn;")
        + ".</p>\n"
        + table("Figures of the methods", ComparisonText.rows(comparison));
  }

  private static String table(String label, List<List<String>> rows) {
    StringBuilder html = new StringBuilder("<table class=\"figures narrow\">\n<thead>\n<tr>");
    rows.get(0).forEach(c -> html.append("<th scope=\"col\">").append(cell(c)).append("</th>"));
    html.append("</tr>\n</thead>\n<tbody>\n");
    for (List<String> row : rows.subList(1, rows.size())) {
      html.append("<tr><th scope=\"row\">").append(cell(row.get(0))).append("</th>");
      row.subList(1, row.size()).forEach(c -> html.append("<td>" + cell(c) + "</td>"));
      html.append("</tr>\n");
    }
    return Html.scrolling(label, html.append("</tbody>\n</table>\n").toString());
  }

  private static String cell(String text) {
    String between = " " + ComparisonText.PLUS_MINUS + " ";
    return Html.escape(text).replace(between, SPACE + "&plusmn;" + SPACE);
  }

  /** A point a method; those that no other beats in both are filled and joined. */
  private static String front(Comparison comparison) {
    List<Comparison.OfMethod> methods = comparison.methods();
    double least = 100;
    double fewest = Double.POSITIVE_INFINITY;
    double most = 0;
    for (Comparison.OfMethod method : methods) {
      Interval accuracy = method.accuracy();
      double half = accuracy.half() > 0 ? Math.min(accuracy.half(), MOST_BELOW) : 0;
      least = Math.min(least, 100 * (accuracy.mean() - half));
      fewest = Math.min(fewest, 100 * method.ofDense().mean());
      most = Math.max(most, 100 * method.ofDense().mean());
    }
    if (!(fewest > 0) || Double.isInfinite(fewest) || Double.isNaN(least)) {
      return "<p class=\"missing\">No chart: a method stores nothing or was not measured.</p>\n";
    }
    Plot plot =
        new Plot(
            Plot.Axis.logarithmic("stored bytes (% of one dense net)", fewest, most),
            accuracyAxis(least));
    List<double[]> best = new ArrayList<>();
    for (int i = 0; i < methods.size(); i++) {
      Comparison.OfMethod method = methods.get(i);
      if (comparison.isOnFront(method)) {
        best.add(new double[] {100 * method.ofDense().mean(), 100 * method.accuracy().mean()});
      }
    }
    best.sort(Comparator.comparingDouble(point -> point[0]));
    plot.front(best);
    for (int i = 0; i < methods.size(); i++) {
      Comparison.OfMethod method = methods.get(i);
      plot.point(
          i,
          100 * method.ofDense().mean(),
          100 * method.accuracy().mean(),
          100 * method.accuracy().half(),
          comparison.isOnFront(method));
    }
    for (Comparison.OfMethod method : methods) {
      plot.label(100 * method.ofDense().mean(), 100 * method.accuracy().mean(), method.name());
    }
    return "<p>Up and to the left is better. A method that no other beats in both is filled, and"
        + " the dotted line joins these; a bar is the 95 % interval.</p>\n"
        + "<figure class=\"wide\">\n"
        + plot.svg(
            "Scatter chart: average accuracy against stored bytes, a point a method. The numbers"
                + " are in the table of figures.")
        + "\n</figure>\n";
  }

  private static Plot.Axis accuracyAxis(double least) {
    double low = Math.max(0, Math.floor((least - 2) / 5) * 5);
    return Plot.Axis.linear("average accuracy (%)", Math.min(low, 95), 100);
  }

  private static String curves(List<Comparison.OfMethod> methods) {
    double least = 100;
    int tasks = methods.get(0).runs().get(0).tasks().size();
    double[][] lines = new double[methods.size()][tasks];
    double[] learned = new double[tasks];
    for (int row = 1; row <= tasks; row++) {
      learned[row - 1] = row;
      for (int i = 0; i < methods.size(); i++) {
        lines[i][row - 1] = 100 * methods.get(i).accuracyAfter(row).mean();
        least = Double.isNaN(lines[i][row - 1]) ? least : Math.min(least, lines[i][row - 1]);
      }
    }
    List<Double> ticks = new ArrayList<>();
    for (int row = 1; row <= tasks; row += Math.max(1, tasks / 12)) {
      ticks.add((double) row);
    }
    double low = tasks == 1 ? 0.5 : 1 - 0.02 * tasks;
    double high = tasks == 1 ? 1.5 : tasks + 0.02 * tasks;
    Plot plot =
        new Plot(new Plot.Axis("tasks learned", low, high, false, ticks), accuracyAxis(least));
    for (int i = 0; i < methods.size(); i++) {
      plot.series(i, learned, lines[i]);
    }
    return "<p>The mean over the seeds of the average accuracy of the tasks seen.</p>\n"
        + Plot.key(methods.stream().map(Comparison.OfMethod::name).toList())
        + "<figure class=\"wide\">\n"
        + plot.svg(
            "Line chart: average accuracy of the tasks seen after each learned task, a line a"
                + " method.")
        + "\n</figure>\n";
  }

  private static String matrices(List<Comparison.OfMethod> methods) {
    List<String> tasks = methods.get(0).runs().get(0).tasks();
    StringBuilder html =
        new StringBuilder(
            "<p>Accuracy in percent on each task (column) after each learned task (row), the mean"
                + " over the seeds. A framed cell is a task right after it was learned. Tasks: ");
    for (int task = 0; task < tasks.size(); task++) {
      html.append(task == 0 ? "" : "; ").append(task + 1).append(' ');
      html.append(Html.escape(tasks.get(task)));
    }
    double width = LABEL_REM + CELL_REM * tasks.size();
    html.append(".</p>\n<div class=\"matrices\" style=\"grid-template-columns:")
        .append(
            String.format(
                Locale.ROOT,
                "repeat(auto-fit,minmax(min(100%%,%.1frem),max-content))\">\n",
                width));
    for (Comparison.OfMethod method : methods) {
      html.append(ReportTables.compactHeatMap(method.meanMatrix(), tasks, method.name()));
    }
    return html.append("</div>\n").toString();
  }

  private static String runs(Comparison comparison) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "run", "average accuracy", "forgetting", "bytes", "of dense", "seconds", "weights"));
    for (RunSummary run : comparison.runs()) {
      rows.add(
          List.of(
              run.config().method() + ", seed " + run.config().seed(),
              Figures.percent(run.accuracy().averageAccuracy(), 2),
              Figures.points(run.accuracy().forgetting(), false),
              Figures.bytes(run.bytes()),
              Figures.percent((double) run.bytes() / run.dense(), 1),
              Figures.seconds(run.seconds()),
              run.weightsSha256().substring(0, Math.min(12, run.weightsSha256().length()))));
    }
    return table("Figures of the runs", rows);
  }

  /** What all runs share, then what a method has for itself. */
  private static Map<String, Object> configuration(Comparison comparison) {
    List<RunConfig> configs =
        comparison.runs().isEmpty()
            ? comparison.plan().runs()
            : comparison.runs().stream().map(RunSummary::config).toList();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("methods", String.join(", ", comparison.plan().methods()));
    facts.put("seeds", comparison.plan().seeds().toString().replaceAll("[\\[\\]]", ""));
    comparison.runs().stream()
        .map(run -> run.machine() + ", commit " + run.commit())
        .distinct()
        .forEach(m -> facts.merge("machine", m, (a, b) -> a + "; " + b));
    Map<String, Object> first = configs.get(0).toMap();
    Map<String, Map<String, Object>> own = new LinkedHashMap<>();
    first.forEach(
        (key, value) -> {
          if (List.of("method", "seed", "out", "overwrite", "settings").contains(key)) {
            return;
          }
          if (configs.stream().allMatch(c -> Objects.equals(c.toMap().get(key), value))) {
            facts.put(key, value == null ? Figures.NONE : value);
          } else {
            configs.forEach(c -> own(own, c).put(key, c.toMap().get(key)));
          }
        });
    configs.forEach(c -> own(own, c).putAll(c.settings()));
    own.forEach(
        (method, map) -> {
          if (!map.isEmpty()) {
            facts.put(method, map.toString().replaceAll("[{}]", "").replace("=", " "));
          }
        });
    return facts;
  }

  private static Map<String, Object> own(Map<String, Map<String, Object>> own, RunConfig config) {
    return own.computeIfAbsent(config.method(), m -> new TreeMap<>());
  }
}
