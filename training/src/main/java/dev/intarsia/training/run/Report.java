// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.AccuracyMatrix;
import dev.intarsia.training.metrics.Capacity;
import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.metrics.Footprint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The page to look at after a run: one self-contained HTML file without scripts that loads nothing,
 * reads on narrow screens, in the dark and on paper, and holds every drawn figure as text as well.
 */
public final class Report {
  private static final String MATRIX_TEXT =
      "<p>Accuracy in percent on each task (column) after each learned task (row). A framed cell is"
          + " a task right after it was learned.</p>\n";

  private Report() {}

  /**
   * The page of one run.
   *
   * @param losses losses read while training; may be empty
   * @return an HTML document
   */
  public static String of(RunResult result, List<MetricsCsv.Loss> losses) {
    List<String> names = taskNames(result);
    AccuracyMatrix accuracy = result.accuracy();
    StringBuilder body = new StringBuilder();
    body.append(header(result.method() + " on " + result.stream(), verdict(result)));
    body.append(tiles(result));
    body.append(
        Html.section(
            "Accuracy matrix",
            matrixText(List.of(result)) + ReportTables.heatMap(accuracy, names, result.method())));
    String curves =
        figure(
            ReportCharts.accuracyByTask(accuracy),
            "Accuracy on each task from the moment it was learned");
    if (!losses.isEmpty()) {
      curves += figure(ReportCharts.loss(losses), "Training loss, task after task");
    }
    body.append(
        Html.section(
            "Curves",
            ReportTables.lineKey(names, true, true)
                + "<div class=\"charts\">\n"
                + curves
                + "</div>\n"));
    body.append(Html.section("Capacity", capacity(result.bytes(), names)));
    if (!result.notes().isEmpty()) {
      body.append(Html.section("Per task", ReportNotes.of(result.notes(), names)));
    }
    body.append(Html.section("Run", ReportTables.facts(facts(result))));
    body.append(Html.section("Configuration", ReportTables.facts(configuration(result.config()))));
    return Html.page(result.method() + " on " + result.stream() + " - Intarsia", body.toString());
  }

  /**
   * A page that shows several runs side by side.
   *
   * @param results at least one run
   * @return an HTML document
   */
  public static String compare(List<RunResult> results) {
    if (results.isEmpty()) {
      throw new IllegalArgumentException("nothing to compare: 0 runs, give at least 1");
    }
    List<String> names = runNames(results);
    StringBuilder body = new StringBuilder();
    body.append(header("Runs compared", String.join(", ", names)));
    body.append(Html.section("Figures", comparison(results, names)));
    body.append(
        Html.section(
            "Average accuracy",
            ReportTables.lineKey(names, false, false)
                + "<div class=\"charts\">\n"
                + figure(
                    ReportCharts.averageByRun(results),
                    "Average accuracy of the tasks seen, after each learned task")
                + "</div>\n"));
    StringBuilder matrices = new StringBuilder("<div class=\"matrices\">\n");
    for (int run = 0; run < results.size(); run++) {
      RunResult result = results.get(run);
      matrices.append(ReportTables.heatMap(result.accuracy(), taskNames(result), names.get(run)));
    }
    body.append(Html.section("Accuracy matrices", matrixText(results) + matrices + "</div>\n"));
    body.append(Html.section("Capacity", ReportCapacity.bars(results, names)));
    body.append(Html.section("Machine", ReportTables.facts(facts(results.get(0)))));
    return Html.page("Runs compared - Intarsia", body.toString());
  }

  /** Writes {@link #compare} to {@code file}; it appears whole or not at all. */
  public static void writeComparison(Path file, List<RunResult> results) throws IOException {
    WholeFile.write(file, compare(results));
  }

  /** Why charts cannot be drawn on this machine, or null when they can. */
  public static String chartsUnavailable() {
    return ReportCharts.unavailable();
  }

  private static String header(String title, String sentence) {
    return "<header>\n<p class=\"brand\">Intarsia</p>\n<h1>"
        + Html.escape(title)
        + "</h1>\n<p>"
        + Html.escape(sentence)
        + "</p>\n</header>\n";
  }

  private static String verdict(RunResult result) {
    AccuracyMatrix accuracy = result.accuracy();
    int learned = accuracy.learned();
    String sentence =
        "After "
            + learned
            + (learned == 1 ? " task" : " tasks")
            + " the net answers "
            + Figures.percent(accuracy.averageAccuracy(), 2)
            + " of the test images rightly";
    double forgetting = accuracy.forgetting();
    if (Double.isNaN(forgetting)) {
      return sentence + ".";
    }
    if (forgetting == 0) {
      return sentence + " and has forgotten nothing.";
    }
    return forgetting > 0
        ? sentence + " and has forgotten " + Figures.points(forgetting, false) + " of what it knew."
        : sentence + "; earlier tasks improved by " + Figures.points(-forgetting, false) + ".";
  }

  private static String tiles(RunResult result) {
    AccuracyMatrix accuracy = result.accuracy();
    Map<String, String> tiles = new LinkedHashMap<>();
    tiles.put("Average " + result.metric(), Figures.percent(accuracy.averageAccuracy(), 2));
    tiles.put("Forgetting", Figures.points(accuracy.forgetting(), false));
    tiles.put("Backward transfer", Figures.points(accuracy.backwardTransfer(), true));
    tiles.put("Forward transfer", Figures.points(accuracy.forwardTransfer(), true));
    tiles.put("Storage", Figures.bytes(result.bytes().total()));
    tiles.put("Time", Figures.seconds(result.seconds().total()));
    StringBuilder html = new StringBuilder("<dl class=\"tiles\">\n");
    tiles.forEach(
        (name, value) ->
            html.append("<div><dt>")
                .append(name)
                .append("</dt><dd>")
                .append(value)
                .append("</dd></div>\n"));
    return html.append("</dl>\n").toString();
  }

  private static String capacity(Footprint bytes, List<String> names) {
    Capacity capacity = new Capacity(bytes);
    String html =
        "<p>"
            + Html.escape(capacitySentence(bytes) + " " + capacity.forecast().sentence())
            + "</p>\n"
            + ReportCapacity.bars(bytes, names)
            + ReportCapacity.fullTable(capacity)
            + ReportCapacity.publishedTable(capacity)
            + ReportCapacity.bytesTable(bytes, names);
    return html
        + (bytes.perTask().stream().anyMatch(share -> share.masks() != null)
            ? ReportCapacity.maskTable(bytes, names)
            : "")
        + "<div class=\"charts\">\n"
        + figure(
            ReportCharts.capacityByTask(bytes),
            "Stored bytes after each learned task, in percent of one dense net")
        + "</div>\n";
  }

  private static String capacitySentence(Footprint bytes) {
    String sentence = "Everything needed to answer every task: " + Figures.bytes(bytes.total());
    return bytes.dense() == 0
        ? sentence + "."
        : sentence
            + ", "
            + Figures.percent((double) bytes.total() / bytes.dense(), 1)
            + " of one net's dense weights ("
            + Figures.bytes(bytes.dense())
            + ").";
  }

  private static String comparison(List<RunResult> results, List<String> names) {
    StringBuilder html =
        new StringBuilder(
            """
            <table class="figures">
            <thead>
            <tr><th scope="col">run</th><th scope="col">average accuracy</th>\
            <th scope="col">forgetting</th><th scope="col">backward transfer</th>\
            <th scope="col">forward transfer</th><th scope="col">storage</th>\
            <th scope="col">time</th></tr>
            </thead>
            <tbody>
            """);
    for (int run = 0; run < results.size(); run++) {
      RunResult result = results.get(run);
      AccuracyMatrix accuracy = result.accuracy();
      html.append("<tr><th scope=\"row\">").append(Html.escape(names.get(run))).append("</th>");
      for (String cell :
          List.of(
              Figures.percent(accuracy.averageAccuracy(), 2),
              Figures.points(accuracy.forgetting(), false),
              Figures.points(accuracy.backwardTransfer(), true),
              Figures.points(accuracy.forwardTransfer(), true),
              Figures.bytes(result.bytes().total()),
              Figures.seconds(result.seconds().total()))) {
        html.append("<td>").append(cell).append("</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</tbody>\n</table>\n");
    return Html.scrolling("Figures of the runs", html.toString());
  }

  private static Map<String, Object> facts(RunResult result) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("stream", result.stream() + ", " + result.tasks().size() + " tasks");
    facts.put("model", result.model());
    facts.put("seed", result.config().seed());
    facts.put("backend", result.backend() + ", " + result.isa());
    facts.put("threads", result.threads());
    facts.put(
        "machine",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch")
            + ", Java "
            + System.getProperty("java.version"));
    facts.put("training", Figures.seconds(result.seconds().train()));
    facts.put("examining", Figures.seconds(result.seconds().eval()));
    facts.put("weights SHA-256", result.weightsSha256());
    facts.put("version", result.version() + ", commit " + result.commit());
    return facts;
  }

  private static Map<String, Object> configuration(RunConfig config) {
    Map<String, Object> facts = new LinkedHashMap<>();
    config.toMap().forEach((key, value) -> facts.put(key, value == null ? Figures.NONE : value));
    facts.remove("settings");
    config.settings().forEach((name, value) -> facts.put(RunConfig.SETTINGS_PREFIX + name, value));
    return facts;
  }

  private static String matrixText(List<RunResult> results) {
    boolean pixels = results.stream().allMatch(result -> result.metric().equals("mIoU"));
    return pixels ? MATRIX_TEXT.replace("Accuracy", "mIoU") : MATRIX_TEXT;
  }

  private static List<String> taskNames(RunResult result) {
    return result.tasks().stream().map(RunResult.TaskSummary::name).toList();
  }

  /** The method's name, with stream and seed where those differ between the runs. */
  private static List<String> runNames(List<RunResult> results) {
    boolean streams = results.stream().map(RunResult::stream).distinct().count() > 1;
    boolean seeds = results.stream().map(r -> r.config().seed()).distinct().count() > 1;
    return results.stream()
        .map(
            r ->
                r.method()
                    + (streams ? " on " + r.stream() : "")
                    + (seeds ? ", seed " + r.config().seed() : ""))
        .toList();
  }

  static String figure(String chart, String caption) {
    return "<figure>\n<figcaption>"
        + Html.escape(caption)
        + "</figcaption>\n"
        + chart
        + "\n</figure>\n";
  }
}
