// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoresTest {

  /**
   * Weights kept at half sparsity, as published: count - round(s * (count - 1)), halves to even.
   */
  @ParameterizedTest
  @CsvSource({"4, 2", "6, 4", "8, 4", "101, 51", "3072, 1536", "2097152, 1048576"})
  void rankKeepsAsPublished(long count, long kept) {
    assertEquals(count - kept + 1, Scores.rank(0.5, count));
  }

  @Test
  void tiesWithTheThresholdStayVisible() {
    try (Context context = Context.reference();
        Parameter parameter = Parameter.maskable(context, "p", 1, 6)) {
      Scores scores = parameter.attachScores(0.5, CounterRandom.of(1, "scores"));
      scores.values().upload(new float[] {.1f, .2f, -.2f, .2f, .3f, -.4f});
      scores.cutMask();
      assertArrayEquals(new int[] {0b111110}, parameter.visible().words());
    }
  }

  @Test
  void aRestrictedCutChoosesAmongCandidates() {
    try (Context context = Context.reference();
        Parameter parameter = Parameter.maskable(context, "p", 1, 6)) {
      Scores scores = parameter.attachScores(0.5, CounterRandom.of(1, "scores"));
      scores.values().upload(new float[] {.6f, .5f, .4f, -.3f, .2f, .1f});
      scores.restrict(0.5, new int[] {0b111100});
      scores.cutMask();
      assertArrayEquals(new int[] {0b001100}, parameter.visible().words());
      scores.restrict(0.5, new int[1]);
      scores.cutMask();
      assertArrayEquals(new int[1], parameter.visible().words());
      scores.restrict(0.5, null);
      scores.cutMask();
      assertArrayEquals(new int[] {0b001111}, parameter.visible().words());
      scores.hold(true);
      scores.restrict(1, null);
      scores.refreshMask();
      assertArrayEquals(new int[] {0b001111}, parameter.visible().words(), "held");
      assertThrows(IllegalArgumentException.class, () -> scores.restrict(0, null));
    }
  }

  @Test
  void numbersThatAreNoneAreRefused() {
    try (Context context = Context.reference();
        Parameter parameter = Parameter.maskable(context, "conv1.weights", 1, 3)) {
      Scores scores = parameter.attachScores(0.5, CounterRandom.of(1, "scores"));
      scores.values().upload(new float[] {1, Float.NaN, 2});
      String message = assertThrows(IllegalStateException.class, scores::cutMask).getMessage();
      assertTrue(message.contains("conv1.weights"), message);
      assertTrue(message.contains("lower the learning rate"), message);
    }
  }

  @Test
  void scoresAreAttachedOnceAndOnlyToMaskableParameters() {
    try (Context context = Context.reference();
        Parameter maskable = Parameter.maskable(context, "a", 2, 3);
        Parameter plain = Parameter.plain(context, "b", 2, 3)) {
      CounterRandom random = CounterRandom.of(1, "scores");
      maskable.attachScores(0.5, random);
      assertThrows(IllegalStateException.class, () -> maskable.attachScores(0.5, random));
      assertThrows(IllegalStateException.class, () -> plain.attachScores(0.5, random));
    }
  }
}
