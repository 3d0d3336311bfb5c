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
        --soft: #5a6675; --grid: #d5dae1; --ours: #d0661a; --peer: #3a7fc4; }
      @media (prefers-color-scheme: dark) { :root { --page: #14181f; --panel: #1f252f;
        --ink: #e6e9ee; --soft: #9aa6b5; --grid: #39424f; } }
      body { margin: 0; background: var(--page); color: var(--ink);
        font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
      main { max-width: 64rem; margin: 0 auto; padding: 2rem 1.5rem 3rem; }
      h1 { margin: 0 0 .3rem; font-size: 1.9rem; } h2 { margin: 2.4rem 0 .4rem; font-size: 1.2rem; }
      p, figcaption { color: var(--soft); margin: 0 0 .8rem; } figure { margin: 1.5rem 0; }
      svg { width: 100%; height: auto; display: block; }
      svg text { fill: var(--soft); font-size: 12px; }
      .grid { stroke: var(--grid); } .roof { stroke: var(--ink); stroke-width: 2; fill: none; }
      .ours { fill: var(--ours); background: var(--ours); }
      .peer { fill: var(--peer); background: var(--peer); }
      .key i { display: inline-block; width: .8rem; height: .8rem; border-radius: 50%;
        margin: 0 .3rem 0 1rem; }
      table { border-collapse: collapse; width: 100%; font-size: .9rem;
        font-variant-numeric: tabular-nums; }
      th { font-weight: 500; text-align: left; color: var(--soft); }
      td { padding: .12rem .6rem .12rem 0; white-space: nowrap; } td.n { text-align: right; }
      td.bar { width: 45%; } .track { position: relative; background: var(--panel); height: 1rem; }
      .track i { position: absolute; inset: 0 auto 0 0; }
      .track b { position: absolute; top: -2px; bottom: -2px; border-left: 2px solid var(--ink); }
      """;

  private Page() {}

  static String of(Machine machine, List<Row> rows) {
    StringBuilder body = new StringBuilder();
    body.append("<h1>Intarsia beside its peers</h1>\n<p>");
    body.append(escape(machine.lines()).replace("\n", "<br>")).append("</p>\n");
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
        .append(" problem; the line is the peer. Brackets hold the ratio of paired rounds with at")
        .append(" least 90 % confidence.</p>\n");
    sections.forEach((title, of) -> section(body, title, of));
  }

  private static void section(StringBuilder body, String title, List<Row> rows) {
    double most = Math.max(2, rows.stream().mapToDouble(Row::ratio).max().orElse(2));
    body.append("<h2>").append(escape(title)).append("</h2>\n<table>\n<tr><th>problem</th>");
    body.append(
        "<th>batch</th><th>mask</th><th>ms</th><th></th><th>ratio</th><th>peer</th></tr>\n");
    for (Row row : rows) {
      body.append(
          String.format(
              Locale.ROOT,
              "<tr><td>%s</td><td class=\"n\">%d</td><td>%s</td><td class=\"n\">%s</td>"
                  + "<td class=\"bar\"><div class=\"track\"><i class=\"ours\""
                  + " style=\"width:%.1f%%\"></i><b style=\"left:%.1f%%\"></b></div></td>"
                  + "<td class=\"n\">%.2fx [%.2f, %.2f]</td><td>%s</td></tr>%n",
              escape(row.problem()),
              row.batch(),
              Markdown.structure(row),
              Markdown.figure(row.ms()),
              100 * row.ratio() / most,
              100 / most,
              row.ratio(),
              row.ratioLow(),
              row.ratioHigh(),
              escape(row.peer())));
    }
    body.append("</table>\n");
  }

  static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
