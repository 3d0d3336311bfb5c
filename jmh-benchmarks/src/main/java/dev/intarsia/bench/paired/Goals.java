// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * What the library wants to reach, from {@code goals.txt}, and whether the rows of a run reach it:
 * a goal is met if its worst row is. Peers are held to the instruction set of the run; on AVX2
 * ratios may be 15 % lower. In a run of one thread goals of several are not asked for, and the
 * other way round.
 */
final class Goals {
  private static final String FILE = "goals.txt";
  private static final double AVX2_ALLOWANCE = 0.85;

  private Goals() {}

  /** A line of the file. */
  private record Goal(
      String name,
      Pattern work,
      Pattern implementation,
      String structure,
      String measure,
      double bound) {
    boolean ofThreads() {
      return measure.equals("speedup");
    }

    boolean atMost() {
      return measure.equals("overhead") || measure.equals("seconds");
    }

    String unit() {
      return measure.equals("triad") ? " %" : measure.equals("seconds") ? " s" : "x";
    }

    boolean isRatio() {
      return !ofThreads() && !atMost() && !measure.equals("triad");
    }

    boolean concerns(Row row) {
      return work.matcher(row.id()).find()
          && implementation.matcher(row.implementation()).matches()
          && structure.equals(row.structure() + " " + row.density());
    }
  }

  /** A goal's figure in one row. */
  private record Figure(Row row, double value) {}

  /**
   * A goal and what became of it.
   *
   * @param name what is wanted
   * @param bound at least or, of an overhead or a time, at most
   * @param atMost which of the two
   * @param unit after figures: x, % or s
   * @param worst figure, NaN if nothing was measured
   * @param where the worst row's problem, direction and batch
   * @param median figure
   * @param rows how many were measured
   * @param met in all rows
   */
  record Verdict(
      String name,
      double bound,
      boolean atMost,
      String unit,
      double worst,
      String where,
      double median,
      int rows,
      boolean met) {}

  /** Whether a goal that can be measured by so many threads needs a piece of work. */
  static boolean needs(String id, int threads) {
    return all().stream()
        .filter(goal -> goal.ofThreads() == threads > 1)
        .anyMatch(goal -> goal.work().matcher(id).find());
  }

  /** In the file's order; goals without a row are left out. */
  static List<Verdict> judge(List<Row> rows) {
    List<Verdict> verdicts = new ArrayList<>();
    boolean avx2 = rows.stream().anyMatch(row -> row.isa().equals("avx2"));
    boolean several = rows.stream().anyMatch(row -> row.threads() > 1);
    for (Goal goal : all()) {
      List<Figure> figures = goal.ofThreads() == several ? figures(goal, rows) : List.of();
      if (!figures.isEmpty()) {
        double bound = goal.bound() * (avx2 && goal.isRatio() ? AVX2_ALLOWANCE : 1);
        verdicts.add(verdict(goal, bound, figures));
      }
    }
    return verdicts;
  }

  private static Verdict verdict(Goal goal, double bound, List<Figure> figures) {
    Comparator<Figure> order = Comparator.comparingDouble(Figure::value);
    List<Figure> sorted =
        figures.stream().sorted(goal.atMost() ? order.reversed() : order).toList();
    Figure worst = sorted.get(0);
    Row at = worst.row();
    return new Verdict(
        goal.name(),
        bound,
        goal.atMost(),
        goal.unit(),
        worst.value(),
        at.problem() + " " + at.direction() + (at.batch() == 0 ? "" : " n" + at.batch()),
        sorted.get(sorted.size() / 2).value(),
        sorted.size(),
        goal.atMost() ? worst.value() <= bound : worst.value() >= bound);
  }

  /** One figure per piece of work: of several implementations the better. */
  private static List<Figure> figures(Goal goal, List<Row> rows) {
    List<Figure> figures = new ArrayList<>();
    List<Row> concerned = rows.stream().filter(goal::concerns).toList();
    for (String id : concerned.stream().map(Row::id).distinct().toList()) {
      concerned.stream()
          .filter(row -> row.id().equals(id))
          .map(row -> figure(goal, row, rows))
          .filter(Objects::nonNull)
          .max(Comparator.comparingDouble(Figure::value))
          .ifPresent(figures::add);
    }
    return figures;
  }

  private static Figure figure(Goal goal, Row row, List<Row> rows) {
    Double value =
        switch (goal.measure()) {
          case "overhead" -> row.overhead();
          case "speedup" -> row.speedup();
          case "triad" -> row.rooflinePercent();
          case "seconds" -> row.ms() * 1e-3;
          case "any" -> row.ratio();
          default -> against(goal.measure(), row, rows);
        };
    return value == null ? null : new Figure(row, value);
  }

  /** Against the best row of a peer, variants of its name included. */
  private static Double against(String peer, Row row, List<Row> rows) {
    return rows.stream()
        .filter(other -> other.id().equals(row.id()) && other.implementation().startsWith(peer))
        .map(Row::ms)
        .min(Comparator.naturalOrder())
        .map(ms -> ms / row.ms())
        .orElse(null);
  }

  /** For the console. */
  static String text(List<Verdict> verdicts) {
    StringBuilder out =
        new StringBuilder(
            String.format("%n%-43s %8s %9s %9s  met  worst at%n", "goal", "", "worst", "median"));
    for (Verdict v : verdicts) {
      out.append(
          String.format(
              Locale.ROOT,
              "%-43s %8s %9s %9s  %-3s  %s%n",
              v.name(),
              bound(v),
              figure(v.worst(), v.unit()),
              figure(v.median(), v.unit()),
              v.met() ? "yes" : "no",
              v.where()));
    }
    return out.toString();
  }

  /** For the documents. */
  static String markdown(List<Verdict> verdicts) {
    StringBuilder out = new StringBuilder("\n### Goals\n\n");
    out.append("| goal | bound | worst | median | rows | met | worst at |\n");
    out.append("| --- | ---: | ---: | ---: | ---: | --- | --- |\n");
    for (Verdict v : verdicts) {
      out.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %s | %d | %s | %s |%n",
              v.name(),
              bound(v),
              figure(v.worst(), v.unit()),
              figure(v.median(), v.unit()),
              v.rows(),
              v.met() ? "yes" : "**no**",
              v.where()));
    }
    return out.toString();
  }

  static String bound(Verdict v) {
    return (v.atMost() ? "<= " : "") + figure(v.bound(), v.unit());
  }

  static String figure(double value, String unit) {
    return String.format(Locale.ROOT, unit.equals(" %") ? "%.0f%s" : "%.2f%s", value, unit);
  }

  private static List<Goal> all() {
    return lines().stream()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .map(Goals::parse)
        .toList();
  }

  private static Goal parse(String line) {
    // Expressions hold bars of their own, but none between blanks.
    String[] parts = line.split("\\s+\\|\\s+");
    if (parts.length != 6) {
      throw new IllegalStateException(FILE + ": '" + line + "' has no six parts");
    }
    return new Goal(
        parts[0],
        Pattern.compile(parts[1]),
        Pattern.compile(parts[2]),
        parts[3],
        parts[4],
        Double.parseDouble(parts[5]));
  }

  private static List<String> lines() {
    try (InputStream in = Goals.class.getResourceAsStream(FILE)) {
      return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
