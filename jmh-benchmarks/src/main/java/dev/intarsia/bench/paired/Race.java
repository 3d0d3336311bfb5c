// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One piece of work, done by all who can: checked, timed in paired rounds, told in rows. */
final class Race {
  private final Library.Settings settings;
  private final Roofline roofline;
  private final PairedRounds rounds;

  Race(Library.Settings settings, Roofline roofline, double seconds) {
    this.settings = settings;
    this.roofline = roofline;
    rounds = new PairedRounds(settings.threads(), seconds, roofline);
  }

  /** Rows of one work: ours first, then the peers', the fastest variety of each. */
  List<Timed> run(Work work, List<Library> libraries) {
    List<Contender> contenders = new ArrayList<>();
    try {
      for (Library library : libraries) {
        contenders.addAll(library.contenders(work));
      }
      Map<Contender, Double> errors = new HashMap<>();
      for (Contender contender : contenders) {
        contender.run();
        errors.put(contender, work.check(contender));
      }
      boolean memoryBound = work.flops(Structure.FULL) == 0 && work.bytes(Structure.FULL) > 0;
      return rows(work, fastest(rounds.time(contenders, memoryBound)), errors);
    } finally {
      contenders.forEach(Contender::close);
    }
  }

  /** The fastest variety of each name and structure. */
  private static List<Series> fastest(List<Series> all) {
    Map<String, Series> best = new LinkedHashMap<>();
    for (Series series : all) {
      String key = series.contender().name() + " " + series.contender().structure();
      best.merge(key, series, (a, b) -> a.median() <= b.median() ? a : b);
    }
    return List.copyOf(best.values());
  }

  private List<Timed> rows(Work work, List<Series> all, Map<Contender, Double> errors) {
    Series peer =
        all.stream()
            .filter(series -> !series.contender().name().startsWith(Row.OURS))
            .min(Comparator.comparingDouble(Series::median))
            .orElse(null);
    List<Timed> rows = new ArrayList<>();
    for (Series series : all) {
      Row row = row(work, series, all, peer, errors.get(series.contender()));
      rows.add(new Timed(row, series.seconds()));
    }
    return rows;
  }

  private Row row(Work work, Series series, List<Series> all, Series peer, double error) {
    Contender contender = series.contender();
    Structure structure = contender.structure();
    Spread spread = series.spread();
    double flops = work.flops(structure);
    double bytes = work.bytes(structure);
    double gflops = flops / spread.median() * 1e-9;
    double gbytes = bytes / spread.median() * 1e-9;
    Double percent = null;
    if (flops > 0) {
      double peak = rounds.peak() * (contender.oneThread() ? 1 : settings.threads());
      percent = 100 * gflops / roofline.attainable(peak, flops / bytes);
    } else if (bytes > 0) {
      percent = 100 * gbytes / rounds.peak();
    }
    Spread ratio = peer == null ? null : series.ratioOf(peer);
    return new Row(
        work.benchmark(),
        work.problem(),
        work.direction().word(),
        structure.word(),
        structure.density(),
        work.batch(),
        settings.isa(),
        contender.oneThread() ? 1 : settings.threads(),
        contender.name(),
        milliseconds(spread.median()),
        milliseconds(spread.low()),
        milliseconds(spread.high()),
        flops == 0 ? null : round(gflops),
        bytes == 0 ? null : round(gbytes),
        percent == null ? null : round(percent),
        peer == null ? null : peer.contender().name(),
        peer == null ? null : milliseconds(peer.median()),
        peer == null ? null : round(peer.median() / spread.median()),
        ratio == null ? null : round(ratio.low()),
        ratio == null ? null : round(ratio.high()),
        over(series, named(all, contender.name() + Row.ONE_THREAD, structure)),
        contender.name().equals(Row.OURS) && structure.equals(Structure.FULL)
            ? inverse(over(series, named(all, Row.UNMASKED, structure)))
            : null,
        Double.parseDouble(String.format(Locale.ROOT, "%.2g", error)),
        contender.variety());
  }

  private static Series named(List<Series> all, String name, Structure structure) {
    return all.stream()
        .filter(series -> series.contender().name().equals(name))
        .filter(series -> series.contender().structure().equals(structure))
        .findFirst()
        .orElse(null);
  }

  /** How many times as fast as another in the same rounds, the median of them. */
  private static Double over(Series series, Series other) {
    return other == null ? null : Double.valueOf(round(series.ratioOf(other).median()));
  }

  private static Double inverse(Double value) {
    return value == null ? null : Double.valueOf(round(1 / value));
  }

  private static double milliseconds(double seconds) {
    return Math.round(seconds * 1e9) / 1e6;
  }

  private static double round(double value) {
    return Math.round(value * 1000) / 1000.0;
  }
}
