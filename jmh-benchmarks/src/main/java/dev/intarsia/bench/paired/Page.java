// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One self-contained page: the roofline, then a bar per row for its ratio to the best peer. */
final class Page {
  private static final String STYLE =
      """
      :root { color-scheme: light dark; --page: #fff; --panel: #f1f3f6; --ink: #1b2430;
        --soft: #5a6675; --grid: #d5dae1; --ours: #d0661a; --peer: #3a7fc4; --good: #2e7d4f;
        --bad: #b3261e; }
      @media (prefers-color-scheme: dark) { :root { --page: #14181f; --panel: #242b36;
        --ink: #e6e9ee; --soft: #9aa6b5; --grid: #39424f; --good: #6cc08b; --bad: #ff8a80; } }
      body { margin: 0; background: var(--page); color: var(--ink);
        font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
      main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.5rem 3rem; }
      h1 { margin: 0 0 .3rem; font-size: 1.9rem; } h2 { margin: 2.4rem 0 .4rem; font-size: 1.2rem; }
      p, figcaption { color: var(--soft); margin: 0 0 .8rem; } figure { margin: 1.5rem 0; }
      svg { width: 100%; height: auto; display: block; }
      svg text { fill: var(--soft); font-size: 12px; }
      .grid { stroke: var(--grid); } .roof { stroke: var(--ink); stroke-width: 2; fill: none; }
      .ours { fill: var(--ours); background: var(--ours); }
      .peer { fill: var(--peer); background: var(--peer); }
      .key i { display: inline-block; width: .8rem; height: .8rem; border-radius: 50%;
        margin: 0 .3rem 0 1rem; }
      .scroll { overflow-x: auto; }
      table { border-collapse: collapse; width: 100%; font-size: .88rem;
        font-variant-numeric: tabular-nums; }
      th { font-weight: 500; text-align: left; color: var(--soft);
        border-bottom: 1px solid var(--grid); }
      td, th { padding: .14rem .7rem .14rem 0; white-space: nowrap; }
      td.n, th.n { text-align: right; } tr.first td { padding-top: .6rem; }
      td.soft { color: var(--soft); } td.yes { color: var(--good); } td.no { color: var(--bad); }
      td.bar { width: 38%; min-width: 9rem; }
      .track { position: relative; background: var(--panel); height: .85rem; border-radius: 2px; }
      .track i { position: absolute; inset: 0 auto 0 0; border-radius: 2px; }
      .track u { position: absolute; top: 45%; height: 10%; background: var(--ink); }
      .track b { position: absolute; top: -2px; bottom: -2px; border-left: 2px solid var(--ink); }
      """;

  private Page() {}

  static String of(Machine machine, List<Row> rows, List<Goals.Verdict> verdicts) {
    StringBuilder body = new StringBuilder();
    body.append("<h1>Intarsia beside its peers</h1>\n<p>");
    body.append(escape(machine.lines()).replace("\n", "<br>")).append("</p>\n");
    goals(body, verdicts);
    if (rows.stream().anyMatch(row -> row.gflops() != null)) {
      body.append(RooflineChart.of(machine, rows));
    }
    bars(body, rows);
    return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Intarsia beside its peers</title>
    <style>
    %s</style>
    </head>
    <body>
    <main>
    %s</main>
    </body>
    </html>
    """
        .formatted(STYLE, body);
  }

  private static void bars(StringBuilder body, List<Row> rows) {
    Map<String, List<Row>> sections = new LinkedHashMap<>();
    for (Row row : rows) {
      if (row.ours() && row.ratio() != null) {
        String title = row.benchmark() + ", " + row.direction();
        sections.computeIfAbsent(title, key -> new ArrayList<>()).add(row);
      }
    }
    if (sections.isEmpty()) {
      return;
    }
    body.append("<p>Bars: how many times as fast as the fastest peer, which computes the dense")
        .append(" problem; the upright line is the peer. Brackets and the thin line in a bar: the")
        .append(" ratio of paired rounds with at least 90 % confidence. Point at a bar for the")
        .append(" plan behind it. Above 100 % of the roofline an algorithm needs fewer")
        .append(" operations than are counted, or finds its data in a cache.</p>\n");
    sections.forEach((title, of) -> section(body, title, of));
  }

  private static void goals(StringBuilder body, List<Goals.Verdict> verdicts) {
    if (verdicts.isEmpty()) {
      return;
    }
    body.append("<h2>Goals</h2>\n<div class=\"scroll\"><table>\n<tr><th>goal</th>")
        .append("<th class=\"n\">bound</th><th class=\"n\">worst</th>")
        .append("<th class=\"n\">median</th><th>met</th><th>worst at</th></tr>\n");
    for (Goals.Verdict v : verdicts) {
      body.append(
          String.format(
              Locale.ROOT,
              "<tr><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                  + "<td class=\"n\">%s</td><td class=\"%s\">%s</td>"
                  + "<td class=\"soft\">%s</td></tr>%n",
              escape(v.name()),
              escape(Goals.bound(v)),
              Goals.figure(v.worst(), v.unit()),
              Goals.figure(v.median(), v.unit()),
              v.met() ? "yes" : "no",
              v.met() ? "yes" : "no",
              escape(v.where())));
    }
    body.append("</table></div>\n");
  }

  private static void section(StringBuilder body, String title, List<Row> rows) {
    double most = Math.max(2, rows.stream().mapToDouble(Row::ratioHigh).max().orElse(2));
    body.append("<h2>").append(escape(title)).append("</h2>\n<div class=\"scroll\"><table>\n");
    body.append("<tr><th>problem</th><th class=\"n\">batch</th><th>mask</th>")
        .append("<th class=\"n\">ms</th><th class=\"n\">roof</th><th></th>")
        .append("<th class=\"n\">ratio</th><th>peer</th></tr>\n");
    String last = "";
    for (Row row : rows) {
      boolean first = !row.id().equals(last);
      last = row.id();
      body.append(
          String.format(
              Locale.ROOT,
              "<tr%s title=\"%s\"><td>%s</td><td class=\"n\">%s</td><td>%s</td>"
                  + "<td class=\"n\">%s</td><td class=\"n soft\">%s</td>%s"
                  + "<td class=\"n\">%.2fx [%.2f, %.2f]</td><td class=\"soft\">%s</td></tr>%n",
              first ? " class=\"first\"" : "",
              escape(row.variety()),
              first ? escape(row.problem()) : "",
              first && row.batch() > 0 ? row.batch() : "",
              Markdown.structure(row),
              Markdown.figure(row.ms()),
              row.rooflinePercent() == null
                  ? ""
                  : String.format(Locale.ROOT, "%.0f %%", row.rooflinePercent()),
              bar(row, most),
              row.ratio(),
              row.ratioLow(),
              row.ratioHigh(),
              escape(row.peer())));
    }
    body.append("</table></div>\n");
  }

  private static String bar(Row row, double most) {
    return String.format(
        Locale.ROOT,
        "<td class=\"bar\"><div class=\"track\"><i class=\"ours\" style=\"width:%.1f%%\"></i>"
            + "<u style=\"left:%.1f%%;width:%.1f%%\"></u><b style=\"left:%.1f%%\"></b></div></td>",
        100 * row.ratio() / most,
        100 * row.ratioLow() / most,
        100 * (row.ratioHigh() - row.ratioLow()) / most,
        100 / most);
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
