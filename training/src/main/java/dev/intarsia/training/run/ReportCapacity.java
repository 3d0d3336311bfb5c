// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.metrics.Terms;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

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
    StringBuilder html =
        new StringBuilder(
            """
            <table class="figures">
            <caption>Bytes each task added</caption>
            <thead>
            <tr><th scope="col">task</th>""");
    for (String term : Terms.NONE.byName().keySet()) {
      html.append("<th scope=\"col\">").append(term).append("</th>");
    }
    html.append("<th scope=\"col\">sum</th></tr>\n</thead>\n<tbody>\n");
    for (Footprint.Share share : bytes.perTask()) {
      html.append(byteRow((share.task() + 1) + " " + names.get(share.task()), share.terms()));
    }
    html.append("</tbody>\n<tfoot>\n").append(byteRow("all tasks", bytes.terms()));
    html.append("</tfoot>\n</table>\n");
    return Html.scrolling("Bytes each task added", html.toString());
  }

  private static String byteRow(String name, Terms terms) {
    StringBuilder html = new StringBuilder("<tr><th scope=\"row\">" + Html.escape(name) + "</th>");
    Collection<Long> values = terms.byName().values();
    values.forEach(value -> html.append(cell(value)));
    return html.append(cell(terms.total())).append("</tr>\n").toString();
  }

  private static String cell(long value) {
    return String.format(Locale.ROOT, "<td>%,d</td>", value);
  }
}
