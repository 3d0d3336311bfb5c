// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.Capacity;
import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.MaskBits;
import dev.intarsia.training.metrics.Terms;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The parts of a report that show where the bytes are: bars and tables. */
final class ReportCapacity {
  private ReportCapacity() {}

  /** One bar a task: where its storage begins and ends on the scale of the dense net. */
  static String bars(Footprint bytes, List<String> names) {
    double scale = Math.max(1, Math.max(bytes.dense(), bytes.total()));
    StringBuilder html = new StringBuilder(key()).append("<ol class=\"bars\">\n");
    long before = 0;
    for (Footprint.Share share : bytes.perTask()) {
      String name = (share.task() + 1) + " " + names.get(share.task());
      html.append(bar(name, before, share.terms(), bytes.dense(), scale));
      before += share.total();
    }
    html.append(bar("all tasks", 0, bytes.terms(), bytes.dense(), scale));
    return html.append("</ol>\n").toString();
  }

  /** One bar a run, all on one scale. */
  static String bars(List<RunResult> results, List<String> names) {
    double scale = 1;
    for (RunResult result : results) {
      scale = Math.max(scale, Math.max(result.bytes().dense(), result.bytes().total()));
    }
    StringBuilder html = new StringBuilder(key()).append("<ol class=\"bars\">\n");
    for (int run = 0; run < results.size(); run++) {
      Footprint bytes = results.get(run).bytes();
      html.append(bar(names.get(run), 0, bytes.terms(), bytes.dense(), scale));
    }
    return html.append("</ol>\n").toString();
  }

  private static String key() {
    StringBuilder html = new StringBuilder("<ul class=\"key\">\n");
    for (String term : Terms.NONE.byName().keySet()) {
      html.append("<li><span class=\"chip %s\"></span>%s</li>\n".formatted(term, term));
    }
    return html.append("<li><span class=\"chip dense\"></span>size of the dense weights</li>\n")
        .append("</ul>\n")
        .toString();
  }

  private static String bar(String name, long before, Terms terms, long dense, double scale) {
    StringBuilder html = new StringBuilder("<li><span class=\"name\">");
    html.append(Html.escape(name)).append("</span><span class=\"track\" aria-hidden=\"true\">");
    html.append(segment("gap", before, scale));
    terms.byName().forEach((term, bytes) -> html.append(segment(term, bytes, scale)));
    html.append(
        String.format(
            Locale.ROOT, "<i class=\"mark\" style=\"left:%.3f%%\"></i>", 100 * dense / scale));
    html.append("</span><span class=\"size\">");
    html.append(Figures.bytes(terms.total())).append("</span></li>\n");
    return html.toString();
  }

  private static String segment(String kind, long bytes, double scale) {
    return bytes == 0
        ? ""
        : String.format(
            Locale.ROOT, "<i class=\"%s\" style=\"width:%.3f%%\"></i>", kind, 100 * bytes / scale);
  }

  /** The figures behind the bars. */
  static String bytesTable(Footprint bytes, List<String> names) {
    List<String> columns = new ArrayList<>(List.of("task"));
    columns.addAll(Terms.NONE.byName().keySet());
    columns.add("sum");
    StringBuilder html = tableHead("Bytes each task added", columns.toArray(String[]::new));
    for (Footprint.Share share : bytes.perTask()) {
      html.append(byteRow((share.task() + 1) + " " + names.get(share.task()), share.terms()));
    }
    html.append("</tbody>\n<tfoot>\n").append(byteRow("all tasks", bytes.terms()));
    return close("Bytes each task added", html.append("</tfoot>\n</table>\n"));
  }

  private static String byteRow(String name, Terms terms) {
    List<String> cells = new ArrayList<>();
    terms.byName().values().forEach(size -> cells.add(grouped(size)));
    cells.add(grouped(terms.total()));
    return row(name, cells.toArray(String[]::new));
  }

  private static String grouped(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** The full count, term by term. */
  static String fullTable(Capacity capacity) {
    StringBuilder html = tableHead("Full count, term by term", "term", "bytes", "of one dense net");
    Map<String, Double> fractions = capacity.ofDense();
    capacity
        .bytes()
        .terms()
        .byName()
        .forEach((term, size) -> html.append(fullRow(term, size, fractions.get(term))));
    html.append("</tbody>\n<tfoot>\n");
    html.append(fullRow("sum", capacity.bytes().total(), capacity.full()));
    return close("Full count", html.append("</tfoot>\n</table>\n"));
  }

  private static String fullRow(String term, long size, double fraction) {
    return row(term, grouped(size), Figures.percent(fraction, 3));
  }

  /** What published formulas say of the same tasks. */
  static String publishedTable(Capacity capacity) {
    StringBuilder html =
        tableHead("The same tasks by published formulas", "formula", "what it counts", "capacity");
    for (Capacity.Published figure : capacity.published()) {
      html.append(row(figure.label(), figure.counts(), Figures.percent(figure.ofDense(), 3)));
    }
    return close("Published formulas", html.append("</tbody>\n</table>\n"));
  }

  /** The meter of mask coding, one row a task that has masks. */
  static String maskTable(Footprint bytes, List<String> names) {
    StringBuilder html =
        tableHead(
            "Masks, bits per weight",
            "task",
            "selected",
            "stored",
            "stacked Huffman",
            "bound given earlier masks",
            "bound of the density");
    for (Footprint.Share share : bytes.perTask()) {
      MaskBits bits = share.masks();
      if (bits != null) {
        html.append(
            row(
                (share.task() + 1) + " " + names.get(share.task()),
                Figures.percent(bits.perWeight(bits.selected()), 1),
                decimals(bits.perWeight(bits.coded())),
                decimals(bits.perWeight(bits.huffman())),
                decimals(bits.perWeight(bits.given())),
                decimals(bits.perWeight(bits.density()))));
      }
    }
    return close("Masks", html.append("</tbody>\n</table>\n"));
  }

  private static StringBuilder tableHead(String caption, String... columns) {
    StringBuilder html = new StringBuilder("<table class=\"figures\">\n<caption>");
    html.append(Html.escape(caption)).append("</caption>\n<thead>\n<tr>");
    for (String column : columns) {
      html.append("<th scope=\"col\">").append(Html.escape(column)).append("</th>");
    }
    return html.append("</tr>\n</thead>\n<tbody>\n");
  }

  private static String row(String name, String... cells) {
    StringBuilder html = new StringBuilder("<tr><th scope=\"row\">" + Html.escape(name) + "</th>");
    for (String cell : cells) {
      html.append("<td>").append(Html.escape(cell)).append("</td>");
    }
    return html.append("</tr>\n").toString();
  }

  private static String close(String label, StringBuilder table) {
    return Html.scrolling(label, table.toString());
  }

  private static String decimals(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
