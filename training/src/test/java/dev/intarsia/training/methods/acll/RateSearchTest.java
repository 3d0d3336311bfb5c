// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The strategies on accuracies that fall off a cliff at a known rate. */
class RateSearchTest {
  private static final double DELTA = 0.01;
  private static final double NOISE = 0.002;
  private static final int SEEDS = 8;

  /**
   * A logistic fall from full accuracy to none, placed so that {@code edge} costs exactly delta.
   */
  private static final class Cliff implements RateSearch.Bench {
    private static final double HEIGHT = 0.8;
    private static final double WIDTH = 0.02;
    private final double[] centres;
    private final double[] shares;
    private final double noise;
    private final long seed;
    private final List<Rates> asked = new ArrayList<>();
    private int accepted;

    Cliff(double noise, long seed, double... edges) {
      this.noise = noise;
      this.seed = seed;
      centres = edges.clone();
      shares = new double[edges.length];
      for (int g = 0; g < edges.length; g++) {
        centres[g] = edges[g] + WIDTH * Math.log(HEIGHT / (DELTA / edges.length) - 1);
        shares[g] = 1.0 / edges.length;
      }
    }

    @Override
    public double[] shares() {
      return shares;
    }

    @Override
    public double drop(Rates rates) {
      asked.add(rates);
      // As on a fixed validation split: the same rates are wrong by the same amount again.
      double drop = noise * CounterRandom.of(seed, "cliff", rates.hashCode()).nextGaussian();
      for (int g = 0; g < centres.length; g++) {
        drop += HEIGHT / (1 + Math.exp((centres[g] - rates.get(g)) / WIDTH));
      }
      return Math.min(HEIGHT, drop);
    }

    @Override
    public double grow(Rates from, Rates to) {
      return drop(to);
    }

    @Override
    public void accept() {
      accepted++;
    }
  }

  private static RateSearch.Outcome search(String name, Cliff cliff) {
    return RateSearch.of(name, Goal.clipped(DELTA), 0, 1).search(cliff);
  }

  @ParameterizedTest
  @CsvSource({
    "bayes-refined, 0.801", "bayes-refined, 0.657", "bayes-refined, 0.311",
    "bisection, 0.801", "bisection, 0.657", "bisection, 0.311"
  })
  void landsOnASyntheticCliffInTenEvaluations(String name, double edge) {
    StringBuilder found = new StringBuilder();
    for (int seed = 0; seed < SEEDS; seed++) {
      Cliff cliff = new Cliff(NOISE, seed, edge);
      RateSearch.Outcome outcome = search(name, cliff);
      double rate = outcome.rates(1).get(0);
      found.append(String.format(Locale.ROOT, " %.3f", rate));
      assertEquals(edge, rate, 0.02, () -> name + ", rates by seed:" + found);
      assertTrue(outcome.trace().size() <= 10, () -> "trials: " + outcome.trace());
      assertTrue(outcome.drop() <= DELTA);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bayes-refined", "bisection", "gradual-goal"})
  void budgetIsKeptTraceIsCompleteAndRunsRepeat(String name) {
    RateSearch search = RateSearch.of(name, Goal.clipped(DELTA), 0, 1);
    for (double edge : new double[] {0.01, 0.2, 0.5, 0.9, 0.97, 5}) {
      for (int groups = 1; groups <= Rates.MOST_GROUPS; groups++) {
        double[] edges = new double[groups];
        Arrays.fill(edges, edge);
        Cliff cliff = new Cliff(NOISE, 3, edges);
        RateSearch.Outcome outcome = search.search(cliff);
        assertTrue(outcome.trace().size() <= search.budget(groups));
        assertEquals(cliff.asked, outcome.trace().stream().map(Trial::rates).toList());
        assertTrue(outcome.drop() <= DELTA);
        assertEquals(outcome, search.search(new Cliff(NOISE, 3, edges)));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bayes-refined", "bisection", "gradual-goal"})
  void whereNothingMayGoNothingGoes(String name) {
    RateSearch.Outcome outcome = search(name, new Cliff(0, 0, -1));
    assertEquals(-1, outcome.chosen());
    assertEquals(Rates.of(0), outcome.rates(1));
    assertEquals(0, outcome.drop());
  }

  @Test
  void whereEverythingMayGoNearlyEverythingGoes() {
    assertTrue(search("bayes-refined", new Cliff(0, 0, 5)).rates(1).get(0) >= 0.95);
    assertTrue(search("bisection", new Cliff(0, 0, 5)).rates(1).get(0) >= 0.975);
    assertEquals(0.95, search("gradual-goal", new Cliff(0, 0, 5)).rates(1).get(0));
  }

  @Test
  void gradualRuleStopsAtTheFirstMissAndTakesTheOneBefore() {
    Cliff cliff = new Cliff(0, 0, 0.657);
    RateSearch.Outcome outcome = search("gradual-goal", cliff);
    assertEquals(Rates.of(0.6), outcome.rates(1));
    assertEquals(7, outcome.trace().size());
    assertEquals(6, cliff.accepted);
  }

  /** Where one group bears far more than another, rates of their own take more away. */
  @Test
  void ratesOfTheirOwnBeatOneRateForAll() {
    double[] edges = {0.3, 0.9};
    Cliff together = new Cliff(0, 0, edges);
    double one = search("bisection", together).rates(2).removed(together.shares);
    Cliff apart = new Cliff(0, 0, edges);
    RateSearch.Outcome outcome = search("bayes-refined", apart);
    double two = outcome.rates(2).removed(apart.shares);
    assertTrue(two > one + 0.1, two + " beside " + one + ": " + outcome.trace());
  }

  @Test
  void objectiveIsClippedOrLinear() {
    Goal clipped = Goal.clipped(0.01);
    assertEquals(-0.5, clipped.objective(0.5, 0.004), 1e-15);
    assertEquals(-0.5, clipped.objective(0.5, 0.01), 1e-15);
    assertEquals(-0.5 + 1.0 / 3, clipped.objective(0.5, 0.02), 1e-12);
    assertEquals(0.5, clipped.objective(0.5, 0.04), 1e-12);
    assertEquals(0.5, clipped.objective(0.5, 0.9), 1e-12);
    assertEquals(0.02 - 0.05 * 0.5, new Goal(0.01, true, 0.05).objective(0.5, 0.02), 1e-15);
    assertEquals(0.5, Goal.clipped(0).objective(0.5, 1e-9), 1e-12);
    assertEquals(-0.5, Goal.clipped(0).objective(0.5, 0), 1e-12);
  }

  @Test
  void equalStepsOfTheScaleKeepEqualFactors() {
    assertArrayEquals(new double[] {0, 1}, Rates.of(0, Rates.MOST).u(), 1e-12);
    Rates middle = Rates.of(0).middle(Rates.of(Rates.MOST));
    assertEquals(1 - Math.sqrt(0.02), middle.get(0), 1e-12);
  }

  @Test
  void badValuesAreNamedWithLimitAndRemedy() {
    assertEquals(
        "a pruning rate is 0.99, must be from 0 to 0.98; 0.75 keeps a quarter",
        assertThrows(IllegalArgumentException.class, () -> Rates.of(0.99)).getMessage());
    assertThrows(IllegalArgumentException.class, () -> Rates.of(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> Rates.of(0, 0, 0, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> Goal.clipped(-0.1));
    assertThrows(IllegalArgumentException.class, () -> new Goal(0.01, true, 0));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> RateSearch.of("bisect", Goal.clipped(0.01), 0, 1))
            .getMessage();
    assertTrue(message.contains("did you mean 'bisection'?"), message);
  }
}
