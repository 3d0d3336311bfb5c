// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import dev.intarsia.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The rates among which the next trial is chosen. Those with one rate for all groups are 0.00, 0.01
 * .. 0.98. Several groups add {@link #DRAWN} points drawn over the whole cube, always the same
 * ones, and the neighbours of the best feasible trial: each rate, and each pair in opposite
 * directions, moved by one of {@link #STEPS}. Never what an earlier trial {@linkplain Trace#settles
 * settles}.
 */
final class Candidates {
  private static final int DRAWN = 1024;
  private static final double[] STEPS = {0.02, 0.05, 0.1, 0.2}; // on the scale of the search

  private final long seed;

  Candidates(long seed) {
    this.seed = seed;
  }

  List<Rates> of(Trace trace) {
    int groups = trace.groups();
    List<Rates> all = new ArrayList<>();
    for (int percent = 0; percent <= Math.rint(100 * Rates.MOST); percent++) {
      all.add(Rates.all(groups, percent / 100.0));
    }
    if (groups > 1) {
      draw(groups, all);
      addNeighbours(trace.feasibleEnd().u(), all);
    }
    all.removeIf(rates -> trace.trials().stream().anyMatch(t -> trace.settles(t, rates)));
    return all;
  }

  private void draw(int groups, List<Rates> to) {
    CounterRandom random = CounterRandom.of(seed, "rates", groups);
    for (int i = 0; i < DRAWN; i++) {
      double[] u = new double[groups];
      Arrays.setAll(u, g -> random.nextDouble());
      to.add(Rates.at(u));
    }
  }

  private static void addNeighbours(double[] centre, List<Rates> to) {
    for (double size : STEPS) {
      for (double step : new double[] {-size, size}) {
        for (int g = 0; g < centre.length; g++) {
          for (int other = 0; other < centre.length; other++) {
            double[] u = centre.clone();
            u[g] = inside(u[g] + step);
            if (other != g) {
              u[other] = inside(u[other] - step);
            }
            to.add(Rates.at(u)); // g alone where both are one
          }
        }
      }
    }
  }

  private static double inside(double u) {
    return Math.min(1, Math.max(0, u));
  }
}
