// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import dev.intarsia.training.metrics.Figures;
import dev.intarsia.training.metrics.Interval;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The table of a comparison as text: rows of cells, Markdown and CSV. */
public final class ComparisonText {
  /** Between a mean and half its interval, in ASCII. */
  static final String PLUS_MINUS = "+-";

  private ComparisonText() {}

  /** The head and then one row a method: mean and, of several runs, half the 95 % interval. */
  public static List<List<String>> rows(Comparison comparison) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "method",
            "runs",
            "average accuracy",
            "forgetting",
            "backward transfer",
            "forward transfer",
            "bytes",
            "of dense",
            "seconds"));
    for (Comparison.OfMethod method : comparison.methods()) {
      rows.add(
          List.of(
              method.name(),
              Integer.toString(method.runs().size()),
              percent(method.accuracy()),
              points(method.forgetting(), false),
              points(method.backwardTransfer(), true),
              points(method.forwardTransfer(), true),
              Figures.bytes(Math.round(method.bytes().mean())),
              percent(method.ofDense()),
              seconds(method.seconds())));
    }
    return rows;
  }

  /** A fraction in percent, {@code 98.61 +- 0.12 %}. */
  static String percent(Interval fraction) {
    return with(fraction, "%.2f", 100, " %");
  }

  /** A difference in points; {@code 0 pp} only where every run has exactly 0. */
  static String points(Interval difference, boolean signed) {
    boolean zero = difference.mean() == 0 && !(difference.half() > 0);
    return zero ? "0 pp" : with(difference, signed ? "%+.2f" : "%.2f", 100, " pp");
  }

  private static String seconds(Interval seconds) {
    return with(seconds, "%.1f", 1, " s");
  }

  private static String with(Interval figure, String format, double factor, String unit) {
    if (figure.count() == 0) {
      return Figures.NONE;
    }
    String mean = String.format(Locale.ROOT, format, factor * figure.mean());
    if (!figure.isBounded() || figure.half() == 0) {
      return mean + unit;
    }
    String half = String.format(Locale.ROOT, "%.2f", factor * figure.half());
    return mean + " " + PLUS_MINUS + " " + half + unit;
  }

  /** What the figures are of, in one line for people. */
  public static String caption(Comparison comparison) {
    int seeds = comparison.plan().seeds().size();
    String stream = comparison.plan().runs().get(0).stream();
    return stream
        + (seeds == 1
            ? ", one seed: no interval is claimed"
            : ", "
                + seeds
                + " seeds: mean "
                + PLUS_MINUS
                + " half the 95 % interval (Student's t)");
  }

  /** {@code compare.md}: a heading, the table, and the runs that failed. */
  static String markdown(Comparison comparison) {
    StringBuilder text = new StringBuilder("# Methods compared\n\n");
    text.append(caption(comparison)).append(".\n\n");
    List<List<String>> rows = rows(comparison);
    for (int row = 0; row < rows.size(); row++) {
      text.append("| ").append(String.join(" | ", rows.get(row))).append(" |\n");
      if (row == 0) {
        text.append("| --- |").append(" ---: |".repeat(rows.get(0).size() - 1)).append('\n');
      }
    }
    if (!comparison.failures().isEmpty()) {
      text.append("\nFailed:\n\n");
      for (Comparison.Failure failure : comparison.failures()) {
        text.append("- ").append(sentence(failure)).append('\n');
      }
    }
    return text.toString();
  }

  /** A failed run in one line. */
  public static String sentence(Comparison.Failure failure) {
    return failure.method() + ", seed " + failure.seed() + ": " + failure.sentence();
  }

  /**
   * {@code compare.csv}: one row a method; each figure as its mean and half its 95 % interval, in
   * full precision, fractions as fractions; empty where there is none.
   */
  static String csv(Comparison comparison) {
    StringBuilder text = new StringBuilder();
    for (Comparison.OfMethod method : comparison.methods()) {
      Map<String, Interval> figures = figures(method);
      if (text.isEmpty()) {
        text.append("method,runs");
        figures.keySet().forEach(key -> text.append("," + key + "," + key + "_ci95"));
        text.append(",on_front\n");
      }
      text.append(method.name()).append(',').append(method.runs().size());
      for (Interval figure : figures.values()) {
        text.append(',').append(number(figure.mean())).append(',').append(number(figure.half()));
      }
      text.append(',').append(comparison.isOnFront(method)).append('\n');
    }
    return text.toString();
  }

  /** Every figure under the name it has in files. */
  static Map<String, Interval> figures(Comparison.OfMethod method) {
    Map<String, Interval> figures = new LinkedHashMap<>();
    figures.put("average_accuracy", method.accuracy());
    figures.put("forgetting", method.forgetting());
    figures.put("backward_transfer", method.backwardTransfer());
    figures.put("forward_transfer", method.forwardTransfer());
    figures.put("bytes", method.bytes());
    figures.put("bytes_of_dense", method.ofDense());
    figures.put("seconds", method.seconds());
    return figures;
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "" : Double.toString(value);
  }
}
