// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Rounds in which every contender runs once, in an order that turns. A turn repeats short calls
 * until the clock has something to read. Where anybody's call is that short, every turn begins with
 * an untimed one, because the contender before it has filled the caches; long calls fill them
 * themselves.
 */
final class PairedRounds {
  private static final int MIN_ROUNDS = 5;
  private static final int MAX_ROUNDS = 25;
  private static final double TURN_SECONDS = 0.005;
  private static final int MAX_CALLS = 20_000;

  /** A variety this many times slower than the best of its kind is not timed further. */
  private static final double LAGGARD = 1.3;

  /**
   * In which the threads of the contender before come to rest: most libraries' spin for a while.
   */
  private static final long PAUSE_MILLIS = 5;

  private final Clock clock;
  private final boolean pauses;
  private final double seconds;
  private final Roofline roofline;
  private double[] peaks = {};

  /**
   * @param threads of each contender
   * @param seconds that a contender may take over all rounds beyond the least number of them
   */
  PairedRounds(int threads, double seconds, Roofline roofline) {
    clock = Clock.forThreads(threads);
    pauses = threads > 1;
    this.seconds = seconds;
    this.roofline = roofline;
  }

  /**
   * Times all of them but varieties that are far behind another of the same name and structure: one
   * turn tells, and those that remain get the time.
   *
   * @param memoryBound probe the triad in every round instead of the multiply-add
   */
  List<Series> time(List<Contender> all, boolean memoryBound) {
    List<Turn> turns = withoutLaggards(all.stream().map(this::calibrate).toList());
    int count = turns.size();
    double turn = turns.stream().mapToDouble(Turn::seconds).sum();
    boolean untimed = turns.stream().anyMatch(of -> of.calls() > 1);
    int rounds = (int) Math.max(MIN_ROUNDS, Math.min(MAX_ROUNDS, seconds * count / turn));
    double[][] times = new double[count][rounds];
    peaks = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      peaks[round] = memoryBound ? roofline.gbytesNow() : roofline.gflops();
      for (int place = 0; place < count; place++) {
        int i = (place + round) % count;
        Turn of = turns.get(i);
        pause();
        if (untimed) {
          of.contender().run();
        }
        times[i][round] = clock.seconds(repeat(of.contender(), of.calls())) / of.calls();
      }
    }
    List<Series> series = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      series.add(new Series(turns.get(i).contender(), times[i]));
    }
    return series;
  }

  /** Calls that the clock can read, and what they took. */
  private record Turn(Contender contender, int calls, double seconds) {
    String key() {
      return contender.name() + " " + contender.structure();
    }

    double perCall() {
      return seconds / calls;
    }
  }

  private static List<Turn> withoutLaggards(List<Turn> all) {
    Map<String, Double> best = new HashMap<>();
    all.forEach(turn -> best.merge(turn.key(), turn.perCall(), Math::min));
    return all.stream().filter(turn -> turn.perCall() <= LAGGARD * best.get(turn.key())).toList();
  }

  /** GFLOP/s or GB/s of the probe, median over the rounds of the last timing. */
  double peak() {
    return Spread.of(peaks).median();
  }

  private void pause() {
    if (pauses) {
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        throw new IllegalStateException("interrupted between two turns", e);
      }
    }
  }

  private Turn calibrate(Contender contender) {
    pause();
    int calls = 1;
    while (true) {
      double taken = clock.seconds(repeat(contender, calls));
      if (taken >= TURN_SECONDS || calls >= MAX_CALLS) {
        return new Turn(contender, calls, taken);
      }
      double wanted = calls * TURN_SECONDS / Math.max(taken, 1e-7);
      calls = (int) Math.min(MAX_CALLS, Math.max(2.0 * calls, wanted));
    }
  }

  private static Runnable repeat(Contender contender, int calls) {
    return () -> {
      for (int call = 0; call < calls; call++) {
        contender.run();
      }
    };
  }
}
