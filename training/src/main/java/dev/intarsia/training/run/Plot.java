// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Axes and what is drawn between them, as inline SVG that takes its ink and grid from the page.
 * Written out directly, so that it is the same on every machine, with fonts or without.
 */
final class Plot {
  /** Width in its own units. */
  static final double WIDTH = 640;

  /** Height in its own units. */
  static final double HEIGHT = 400;

  private static final double LEFT = 58;
  private static final double RIGHT = 18;
  private static final double TOP = 14;
  private static final double BOTTOM = 50;
  private static final double MARKER = 5;
  private static final int SHAPES = 5;
  private static final double LETTER = 7.4; // of a label, on average
  private static final double LINE = 15;

  private final Axis x;
  private final Axis y;
  private final StringBuilder body = new StringBuilder();
  private final List<double[]> taken = new ArrayList<>(); // left, top, right, bottom

  /**
   * One axis.
   *
   * @param title what it shows
   * @param low the value at its beginning; above 0 if it is logarithmic
   * @param high the value at its end, above low
   * @param logarithmic whether equal steps are equal factors
   * @param ticks values that are marked, within the two
   */
  record Axis(String title, double low, double high, boolean logarithmic, List<Double> ticks) {

    /** A linear axis over some values, with marks at round numbers. */
    static Axis linear(String title, double low, double high) {
      double step = round((high - low) / 6);
      List<Double> ticks = new ArrayList<>();
      for (double k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
        ticks.add(k * step);
      }
      return new Axis(title, low, high, false, ticks);
    }

    /** A logarithmic axis over some values above 0, with marks at 1, 2 and 5 of every decade. */
    static Axis logarithmic(String title, double low, double high) {
      double from = low / 1.4;
      double to = high * 1.4;
      List<Double> ticks = new ArrayList<>();
      boolean wide = to / from > 300; // then the decades alone
      for (int decade = (int) Math.floor(Math.log10(from)); Math.pow(10, decade) <= to; decade++) {
        for (double digit : wide ? new double[] {1} : new double[] {1, 2, 5}) {
          double tick = digit * Math.pow(10, decade);
          if (tick >= from && tick <= to) {
            ticks.add(tick);
          }
        }
      }
      return new Axis(title, from, to, true, ticks);
    }

    /** 1, 2 or 5 times a power of ten, at least {@code least}. */
    private static double round(double least) {
      double power = Math.pow(10, Math.floor(Math.log10(Math.max(least, 1e-9))));
      for (double digit : new double[] {1, 2, 5}) {
        if (digit * power >= least) {
          return digit * power;
        }
      }
      return 10 * power;
    }

    /** Where a value lies, from 0 to 1. */
    double at(double value) {
      return logarithmic
          ? Math.log(value / low) / Math.log(high / low)
          : (value - low) / (high - low);
    }
  }

  /** Empty axes. */
  Plot(Axis x, Axis y) {
    this.x = x;
    this.y = y;
    for (double tick : y.ticks()) {
      double at = py(tick);
      body.append(line(LEFT, at, WIDTH - RIGHT, at, "stroke=\"var(--grid)\""));
      body.append(text(LEFT - 8, at + 4, "end", number(tick)));
    }
    double ground = HEIGHT - BOTTOM;
    body.append(line(LEFT, ground, WIDTH - RIGHT, ground, "stroke=\"currentColor\""));
    for (double tick : x.ticks()) {
      double at = px(tick);
      body.append(line(at, ground, at, ground + 5, "stroke=\"currentColor\""));
      body.append(text(at, ground + 19, "middle", number(tick)));
    }
    body.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "middle", x.title()));
    body.append(
        "<text transform=\"translate(15 %s) rotate(-90)\" text-anchor=\"middle\">%s</text>"
            .formatted(shortly((TOP + ground) / 2), Html.escape(y.title())));
  }

  private double px(double value) {
    return LEFT + x.at(value) * (WIDTH - LEFT - RIGHT);
  }

  private double py(double value) {
    return HEIGHT - BOTTOM - y.at(value) * (HEIGHT - TOP - BOTTOM);
  }

  /** How a series looks: colours first, then dashes and hollow markers, in the order of a key. */
  private static String color(int series) {
    return ReportCharts.COLORS.get(series % ReportCharts.COLORS.size());
  }

  private static String dashes(int series) {
    return series / ReportCharts.COLORS.size() % 2 == 1 ? " stroke-dasharray=\"6 4\"" : "";
  }

  /**
   * A line through points, with a marker on each.
   *
   * @param xs values, ascending
   * @param ys values; a point that is {@code NaN} is left out
   */
  void series(int series, double[] xs, double[] ys) {
    StringBuilder points = new StringBuilder();
    StringBuilder markers = new StringBuilder();
    for (int i = 0; i < xs.length; i++) {
      if (!Double.isNaN(ys[i])) {
        points.append(shortly(px(xs[i]))).append(',').append(shortly(py(ys[i]))).append(' ');
        markers.append(marker(series, px(xs[i]), py(ys[i]), dashes(series).isEmpty()));
      }
    }
    body.append(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>"
            .formatted(points.toString().strip(), color(series), dashes(series)));
    body.append(markers);
  }

  /** A step line that joins the best points, from few to many: no accuracy without its bytes. */
  void front(List<double[]> points) {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < points.size(); i++) {
      double[] point = points.get(i);
      path.append(i == 0 ? "M" : "H").append(shortly(px(point[0])));
      path.append(i == 0 ? " " : "V").append(shortly(py(point[1])));
      double[] next = i + 1 < points.size() ? points.get(i + 1) : new double[] {x.high(), point[1]};
      take(px(point[0]), py(point[1]) - 2, px(next[0]), py(point[1]) + 2);
      take(px(next[0]) - 2, py(next[1]), px(next[0]) + 2, py(point[1]));
    }
    if (!points.isEmpty()) {
      path.append("H").append(shortly(WIDTH - RIGHT));
    }
    body.append(
        "<path d=\"%s\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"".formatted(path)
            + " stroke-dasharray=\"2 4\"/>");
  }

  /**
   * A point with the interval of its y.
   *
   * @param half half the interval; {@code NaN} for none
   */
  void point(int series, double atX, double atY, double half, boolean filled) {
    if (half > 0) {
      double top = Math.max(TOP, py(atY + half));
      double bottom = Math.min(HEIGHT - BOTTOM, py(atY - half));
      String stroke = "stroke=\"" + color(series) + "\" stroke-width=\"1.5\"";
      body.append(line(px(atX), top, px(atX), bottom, stroke));
    }
    body.append(marker(series, px(atX), py(atY), filled));
    take(px(atX) - MARKER - 2, py(atY) - MARKER - 2, px(atX) + MARKER + 2, py(atY) + MARKER + 2);
  }

  /** The name of a point, beside it where there is room, else further off on a line to it. */
  void label(double atX, double atY, String name) {
    double width = LETTER * name.length();
    double[] best = null;
    for (double reach = 10; reach <= 130 && best == null; reach += 12) {
      for (int turn = 0; turn < 12 && best == null; turn++) {
        double angle = Math.PI / 6 * ((turn + 1) / 2) * (turn % 2 == 0 ? 1 : -1);
        double cx = px(atX) + reach * Math.cos(angle);
        double cy = py(atY) + reach * Math.sin(angle);
        double left = Math.cos(angle) >= -1e-9 ? cx : cx - width;
        double[] box = {left, cy - LINE / 2, left + width, cy + LINE / 2};
        if (isFree(box)) {
          best = new double[] {left, cy, reach, cx, cy};
          taken.add(box);
        }
      }
    }
    if (best == null) { // so crowded that the key must do
      return;
    }
    if (best[2] > 10) {
      body.append(
          line(px(atX), py(atY), best[3], best[4], "stroke=\"currentColor\" opacity=\".4\""));
    }
    body.append(text(best[0], best[1] + 4.5, "start", name));
  }

  private boolean isFree(double[] box) {
    if (box[0] < LEFT + 2 || box[2] > WIDTH - 2 || box[1] < 0 || box[3] > HEIGHT - BOTTOM - 2) {
      return false;
    }
    return taken.stream()
        .noneMatch(t -> box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3]);
  }

  private void take(double left, double top, double right, double bottom) {
    taken.add(new double[] {left, top, right, bottom});
  }

  /** The chart; {@code label} says in words what it shows. */
  String svg(String label) {
    return "<svg role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %s %s\" font-size=\"13\""
            .formatted(Html.escape(label), shortly(WIDTH), shortly(HEIGHT))
        + " fill=\"currentColor\" xmlns=\"http://www.w3.org/2000/svg\">"
        + body
        + "</svg>";
  }

  /** The names of series behind their lines and markers. */
  static String key(List<String> names) {
    StringBuilder html = new StringBuilder("<ul class=\"key\">\n");
    for (int i = 0; i < names.size(); i++) {
      html.append("<li><svg class=\"line\" viewBox=\"0 0 30 14\" aria-hidden=\"true\">")
          .append("<line x1=\"1\" y1=\"7\" x2=\"29\" y2=\"7\" stroke-width=\"2\" stroke=\"")
          .append(color(i))
          .append('"')
          .append(dashes(i))
          .append("/>")
          .append(marker(i, 15, 7, dashes(i).isEmpty()))
          .append("</svg>")
          .append(Html.escape(names.get(i)))
          .append("</li>\n");
    }
    return html.append("</ul>\n").toString();
  }

  private static String marker(int series, double cx, double cy, boolean filled) {
    String paint =
        " fill=\"%s\" stroke=\"%s\" stroke-width=\"1.8\"/>"
            .formatted(filled ? color(series) : "var(--page)", color(series));
    double r = MARKER;
    return switch (series % SHAPES) {
      case 0 ->
          "<circle cx=\"%s\" cy=\"%s\" r=\"%s\"".formatted(shortly(cx), shortly(cy), shortly(r))
              + paint;
      case 1 -> polygon(paint, cx - r, cy - r, cx + r, cy - r, cx + r, cy + r, cx - r, cy + r);
      case 2 -> polygon(paint, cx, cy - r - 1, cx + r + 1, cy, cx, cy + r + 1, cx - r - 1, cy);
      case 3 -> polygon(paint, cx - r - 1, cy + r, cx, cy - r - 1, cx + r + 1, cy + r);
      default -> polygon(paint, cx - r - 1, cy - r, cx, cy + r + 1, cx + r + 1, cy - r);
    };
  }

  private static String polygon(String paint, double... corners) {
    StringBuilder points = new StringBuilder();
    for (int i = 0; i < corners.length; i += 2) {
      points.append(shortly(corners[i])).append(',').append(shortly(corners[i + 1])).append(' ');
    }
    return "<polygon points=\"" + points.toString().strip() + "\"" + paint;
  }

  private static String line(double x1, double y1, double x2, double y2, String paint) {
    return "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" %s/>"
        .formatted(shortly(x1), shortly(y1), shortly(x2), shortly(y2), paint);
  }

  private static String text(double x, double y, String anchor, String text) {
    return "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\">%s</text>"
        .formatted(shortly(x), shortly(y), anchor, Html.escape(text));
  }

  private static String shortly(double value) {
    return String.format(Locale.ROOT, "%.1f", value).replaceAll("\\.0$", "");
  }

  private static String number(double value) {
    double rounded = Math.rint(value * 1e6) / 1e6 + 0.0; // no minus before a zero
    return rounded == Math.rint(rounded)
        ? String.format(Locale.ROOT, "%.0f", rounded)
        : String.format(Locale.ROOT, "%s", rounded);
  }
}
