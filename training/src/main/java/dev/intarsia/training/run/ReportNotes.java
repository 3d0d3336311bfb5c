// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.TaskNotes;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What a method has to say of each task: a table of its figures, and charts of what it tried. */
final class ReportNotes {
  private ReportNotes() {}

  /**
   * The section's content.
   *
   * @param names of all tasks, in the order of learning
   */
  static String of(List<TaskNotes> notes, List<String> names) {
    Set<String> figures = new LinkedHashSet<>();
    Set<String> traces = new LinkedHashSet<>();
    for (TaskNotes note : notes) {
      figures.addAll(note.figures().keySet());
      note.traces().forEach(trace -> traces.add(trace.name()));
    }
    StringBuilder html = new StringBuilder(table(notes, names, figures));
    if (!traces.isEmpty()) {
      html.append("<div class=\"charts\">\n");
      int number = 0;
      for (String trace : traces) {
        String chart = ReportCharts.trials("trials" + number++, notes, trace);
        html.append(Report.figure(chart, trace + ", one line a task; a marker is what was chosen"));
      }
      html.append("</div>\n");
      for (TaskNotes note : notes) {
        note.traces().forEach(trace -> html.append(trials(trace, names.get(note.task()))));
      }
    }
    return html.toString();
  }

  private static String table(List<TaskNotes> notes, List<String> names, Set<String> figures) {
    StringBuilder html = new StringBuilder("<table class=\"figures\">\n<thead>\n<tr>");
    html.append("<th scope=\"col\">task</th>");
    figures.forEach(name -> html.append("<th scope=\"col\">" + Html.escape(name) + "</th>"));
    html.append("</tr>\n</thead>\n<tbody>\n");
    for (TaskNotes note : notes) {
      html.append("<tr><th scope=\"row\">" + Html.escape(names.get(note.task())) + "</th>");
      for (String name : figures) {
        Double value = note.figures().get(name);
        html.append("<td>" + (value == null ? "" : TaskNotes.text(value)) + "</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</tbody>\n</table>\n");
    return Html.scrolling("Figures of each task", html.toString());
  }

  private static String trials(TaskNotes.Trace trace, String task) {
    StringBuilder html = new StringBuilder("<details>\n<summary>");
    html.append(Html.escape(trace.name() + ": " + task)).append("</summary>\n");
    html.append("<table class=\"figures\">\n<thead>\n<tr><th scope=\"col\">trial</th>");
    trace.columns().forEach(c -> html.append("<th scope=\"col\">" + Html.escape(c) + "</th>"));
    html.append("</tr>\n</thead>\n<tbody>\n");
    for (int i = 0; i < trace.rows().size(); i++) {
      String chosen = i == trace.chosen() ? ", chosen" : "";
      html.append("<tr><th scope=\"row\">" + (i + 1) + chosen + "</th>");
      for (double value : trace.rows().get(i)) {
        html.append("<td>" + TaskNotes.text(value) + "</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</tbody>\n</table>\n");
    return html + "</details>\n";
  }
}
