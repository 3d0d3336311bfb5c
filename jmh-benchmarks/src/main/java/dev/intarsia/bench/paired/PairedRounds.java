// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rounds in which every contender runs once, in an order that turns. Each turn begins with an
 * untimed call, because the contender before it has filled the caches, and repeats short calls
 * until the clock has something to read.
 */
final class PairedRounds {
  private static final int MIN_ROUNDS = 5;
  private static final int MAX_ROUNDS = 25;
  private static final double TURN_SECONDS = 0.005;
  private static final int MAX_CALLS = 20_000;

  /** From here on a turn is too long for what the caches held before it to matter. */
  private static final double LONG_SECONDS = 0.1;

  private final Clock clock;
  private final double seconds;
  private final Roofline roofline;
  private double[] peaks = {};

  /**
   * @param seconds that a contender may take over all rounds beyond the least number of them
   */
  PairedRounds(Clock clock, double seconds, Roofline roofline) {
    this.clock = clock;
    this.seconds = seconds;
    this.roofline = roofline;
  }

  /** Times all of them. */
  List<Series> time(List<Contender> contenders) {
    int count = contenders.size();
    int[] calls = new int[count];
    double[] turns = new double[count];
    for (int i = 0; i < count; i++) {
      calls[i] = calibrate(contenders.get(i));
      turns[i] = clock.seconds(repeat(contenders.get(i), calls[i]));
    }
    double turn = Arrays.stream(turns).sum();
    int rounds = (int) Math.max(MIN_ROUNDS, Math.min(MAX_ROUNDS, seconds * count / turn));
    double[][] times = new double[count][rounds];
    peaks = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      peaks[round] = roofline.gflops();
      for (int place = 0; place < count; place++) {
        int i = (place + round) % count;
        if (turns[i] < LONG_SECONDS) {
          contenders.get(i).run();
        }
        times[i][round] = clock.seconds(repeat(contenders.get(i), calls[i])) / calls[i];
      }
    }
    List<Series> series = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      series.add(new Series(contenders.get(i), times[i]));
    }
    return series;
  }

  /** GFLOP/s of the multiply-add probe, median over the rounds of the last timing. */
  double peak() {
    return Spread.of(peaks).median();
  }

  /** Calls of one turn. */
  private int calibrate(Contender contender) {
    int calls = 1;
    while (calls < MAX_CALLS) {
      double taken = clock.seconds(repeat(contender, calls));
      if (taken >= TURN_SECONDS) {
        return calls;
      }
      double wanted = calls * TURN_SECONDS / Math.max(taken, 1e-7);
      calls = (int) Math.min(MAX_CALLS, Math.max(2.0 * calls, wanted));
    }
    return calls;
  }

  private static Runnable repeat(Contender contender, int calls) {
    return () -> {
      for (int call = 0; call < calls; call++) {
        contender.run();
      }
    };
  }
}
