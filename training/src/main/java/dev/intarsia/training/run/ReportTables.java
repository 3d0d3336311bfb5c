// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.AccuracyMatrix;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The parts of a report that are text and coloured boxes: heat map, keys and facts. */
final class ReportTables {
  /** Heat map from 0 (pale) to 1 (deep): evenly spaced stops, straight lines between, in sRGB. */
  private static final int[][] HEAT = {
    {0xf4, 0xf7, 0xfb},
    {0xc9, 0xdd, 0xf0},
    {0x8f, 0xbc, 0xdf},
    {0x3f, 0x86, 0xc0},
    {0x10, 0x3f, 0x7c}
  };

  /** Beyond this many tasks the heat map's cells are drawn smaller. */
  private static final int ROOMY_TASKS = 12;

  private ReportTables() {}

  /** The accuracy matrix, a table whose cells are coloured by their value. */
  static String heatMap(AccuracyMatrix accuracy, List<String> names, String caption) {
    String density = accuracy.tasks() > ROOMY_TASKS ? "heat dense-heat" : "heat";
    return heatMap(accuracy, names, caption, density);
  }

  /** The same with small cells and numbers for names, for several matrices side by side. */
  static String compactHeatMap(AccuracyMatrix accuracy, List<String> names, String caption) {
    return heatMap(accuracy, names, caption, "heat compact-heat");
  }

  private static String heatMap(
      AccuracyMatrix accuracy, List<String> names, String caption, String density) {
    StringBuilder html = new StringBuilder("<table class=\"" + density + "\">\n<caption>");
    html.append(Html.escape(caption))
        .append("</caption>\n<thead>\n<tr><th scope=\"col\">after</th>");
    for (int task = 0; task < accuracy.tasks(); task++) {
      html.append("<th scope=\"col\"><abbr title=\"").append(Html.escape(names.get(task)));
      html.append("\">").append(task + 1).append("</abbr></th>");
    }
    html.append("</tr>\n</thead>\n<tbody>\n");
    for (int row = 0; row <= accuracy.tasks(); row++) {
      html.append("<tr><th scope=\"row\">").append(rowName(row, names, density)).append("</th>");
      for (int task = 0; task < accuracy.tasks(); task++) {
        html.append(heatCell(accuracy.get(row, task), row == task + 1));
      }
      html.append("</tr>\n");
    }
    html.append("</tbody>\n</table>\n");
    return Html.scrolling("Accuracy matrix", html.toString());
  }

  private static String rowName(int row, List<String> names, String density) {
    if (row == 0) {
      return "untrained";
    }
    String name = Html.escape(names.get(row - 1));
    return density.contains("compact")
        ? "<abbr title=\"" + name + "\">" + row + "</abbr>"
        : row + " " + name;
  }

  private static String heatCell(double accuracy, boolean justLearned) {
    if (Double.isNaN(accuracy)) {
      return "<td class=\"none\" aria-label=\"not measured\">&middot;</td>";
    }
    int[] color = heat(accuracy);
    return String.format(
        Locale.ROOT,
        "<td%s style=\"background:%s;color:%s\">%.1f</td>",
        justLearned ? " class=\"own\"" : "",
        hex(color),
        hex(textOn(color)),
        100 * accuracy);
  }

  /** The heat map's colour of a fraction in 0..1, as sRGB bytes. */
  static int[] heat(double fraction) {
    double at = fraction * (HEAT.length - 1);
    int low = Math.min((int) at, HEAT.length - 2);
    int[] color = new int[3];
    for (int c = 0; c < 3; c++) {
      color[c] = (int) Math.round(HEAT[low][c] + (at - low) * (HEAT[low + 1][c] - HEAT[low][c]));
    }
    return color;
  }

  /** Black or white, whichever reads better; the contrast is then at least 4.5 on any colour. */
  static int[] textOn(int[] background) {
    int[] black = {0, 0, 0};
    int[] white = {255, 255, 255};
    return contrast(white, background) > contrast(black, background) ? white : black;
  }

  /** Contrast ratio of two sRGB colours, 1 to 21 (WCAG 2.2, <em>contrast ratio</em>). */
  static double contrast(int[] a, int[] b) {
    double brighter = Math.max(luminance(a), luminance(b));
    double darker = Math.min(luminance(a), luminance(b));
    return (brighter + 0.05) / (darker + 0.05);
  }

  private static double luminance(int[] color) {
    double[] linear = new double[3];
    for (int c = 0; c < 3; c++) {
      double value = color[c] / 255.0;
      linear[c] = value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
    }
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  }

  private static String hex(int[] color) {
    return String.format(Locale.ROOT, "#%02x%02x%02x", color[0], color[1], color[2]);
  }

  /** Names and values, one a row. */
  static String facts(Map<String, ?> facts) {
    StringBuilder html = new StringBuilder("<table class=\"facts\">\n<tbody>\n");
    facts.forEach(
        (name, value) ->
            html.append("<tr><th scope=\"row\">")
                .append(Html.escape(name))
                .append("</th><td>")
                .append(Html.escape(value))
                .append("</td></tr>\n"));
    return html.append("</tbody>\n</table>\n").toString();
  }

  /** The names of a chart's lines, each behind its colour. */
  static String lineKey(List<String> names, boolean numbered, boolean average) {
    StringBuilder html = new StringBuilder("<ul class=\"key\">\n");
    for (int i = 0; i < names.size(); i++) {
      String color = ReportCharts.COLORS.get(i % ReportCharts.COLORS.size());
      html.append("<li><span class=\"chip\" style=\"background:")
          .append(color)
          .append("\"></span>");
      html.append(numbered ? (i + 1) + " " : "")
          .append(Html.escape(names.get(i)))
          .append("</li>\n");
    }
    if (average) {
      html.append("<li><span class=\"chip ink\"></span>average</li>\n");
    }
    return html.append("</ul>\n").toString();
  }
}
