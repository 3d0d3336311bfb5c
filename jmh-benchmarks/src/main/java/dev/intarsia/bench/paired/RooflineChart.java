// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.List;
import java.util.Locale;

/**
 * Speed over arithmetic intensity, both logarithmic, under what the probes of the run allow. A
 * point above the roof needs fewer operations than are counted, or finds its data in a cache.
 */
final class RooflineChart {
  private static final int WIDTH = 880;
  private static final int HEIGHT = 440;
  private static final int LEFT = 60;
  private static final int BOTTOM = 40;
  private static final int TOP = 16;
  private static final int RIGHT = 16;

  private final double lowX;
  private final double highX;
  private final double lowY;
  private final double highY;
  private final StringBuilder svg = new StringBuilder();

  private RooflineChart(double lowX, double highX, double lowY, double highY) {
    this.lowX = lowX;
    this.highX = highX;
    this.lowY = lowY;
    this.highY = highY;
  }

  static String of(Machine machine, List<Row> rows) {
    List<Row> points = rows.stream().filter(row -> row.gflops() != null).toList();
    double peak = machine.gflops() * machine.threads();
    double leastX = points.stream().mapToDouble(RooflineChart::intensity).min().orElse(1);
    double mostX = points.stream().mapToDouble(RooflineChart::intensity).max().orElse(1);
    double leastY = points.stream().mapToDouble(Row::gflops).min().orElse(1);
    double mostY = Math.max(peak, points.stream().mapToDouble(Row::gflops).max().orElse(1));
    RooflineChart chart =
        new RooflineChart(power(leastX, -1), power(mostX, 1), power(leastY, -1), power(mostY, 1));
    chart.grid();
    chart.roof(peak, machine.gbytes());
    // Peers first: where points meet, ours lie above.
    points.stream().filter(row -> !row.ours()).forEach(row -> chart.point(row, "peer"));
    points.stream().filter(Row::ours).forEach(row -> chart.point(row, "ours"));
    return "<figure>\n<figcaption>Speed over intensity <span class=\"key\"><i class=\"ours\"></i>"
        + "Intarsia<i class=\"peer\"></i>others</span></figcaption>\n"
        + "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"roofline\">%n"
            .formatted(WIDTH, HEIGHT)
        + chart.svg
        + "</svg>\n</figure>\n";
  }

  private static double intensity(Row row) {
    return row.gflops() / row.gbytes();
  }

  /** The power of ten at or beyond a value. */
  private static double power(double value, int direction) {
    double exponent = Math.log10(value);
    return Math.pow(10, direction < 0 ? Math.floor(exponent) : Math.ceil(exponent));
  }

  private double x(double value) {
    double share = Math.log(value / lowX) / Math.log(highX / lowX);
    return LEFT + share * (WIDTH - LEFT - RIGHT);
  }

  private double y(double value) {
    double share = Math.log(value / lowY) / Math.log(highY / lowY);
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
  }

  private void grid() {
    for (double tick = lowX; tick <= highX * 1.001; tick *= 10) {
      line(x(tick), TOP, x(tick), HEIGHT - BOTTOM);
      text(x(tick), HEIGHT - BOTTOM + 16, "middle", label(tick));
    }
    for (double tick = lowY; tick <= highY * 1.001; tick *= 10) {
      line(LEFT, y(tick), WIDTH - RIGHT, y(tick));
      text(LEFT - 6, y(tick) + 4, "end", label(tick));
    }
    text(WIDTH - RIGHT, HEIGHT - 6, "end", "operations per byte");
    text(LEFT + 6, TOP + 10, "start", "GFLOP/s");
  }

  private static String label(double tick) {
    return tick < 1 ? String.valueOf((float) tick) : String.format(Locale.ROOT, "%.0f", tick);
  }

  private void line(double x1, double y1, double x2, double y2) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
            x1,
            y1,
            x2,
            y2));
  }

  private void text(double x, double y, String anchor, String what) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
            x,
            y,
            anchor,
            what));
  }

  private void roof(double peak, double bandwidth) {
    double ridge = Math.min(highX, Math.max(lowX, peak / bandwidth));
    double start = Math.max(lowX, lowY / bandwidth);
    svg.append(
        String.format(
            Locale.ROOT,
            "<polyline class=\"roof\" points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/>%n",
            x(start),
            y(Math.min(peak, start * bandwidth)),
            x(ridge),
            y(Math.min(peak, ridge * bandwidth)),
            x(highX),
            y(Math.min(peak, highX * bandwidth))));
    String roof =
        String.format(Locale.ROOT, "%.0f GFLOP/s, %.0f GB/s, probed in this run", peak, bandwidth);
    text(WIDTH - RIGHT - 4, y(peak) - 6, "end", roof);
  }

  private void point(Row row, String who) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill-opacity=\".75\">"
                + "<title>%s: %.1f GFLOP/s</title></circle>%n",
            who,
            x(intensity(row)),
            y(row.gflops()),
            Page.escape(row.key()),
            row.gflops()));
  }
}
