// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MagnitudeThreshold;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The look-up beside a full sort and beside the kernel that selects. */
class SortedMagnitudesTest {
  private static final PlaneShape SHAPE = new PlaneShape(13, 37);
  private static final double[] RATES = {0, 0.001, 0.1, 0.25, 0.5, 0.6, 0.9, 0.98};

  private static float[] weights(String kind) {
    CounterRandom random = CounterRandom.of(3, kind);
    float[] weights = new float[SHAPE.elements()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] =
          switch (kind) {
            case "random" -> random.uniform(-1, 1);
            case "constant" -> 0.5f;
            case "equal magnitudes" -> random.nextInt(2) == 0 ? 0.25f : -0.25f;
            case "zeros of both signs" -> random.nextInt(2) == 0 ? 0f : -0f;
            default -> Float.intBitsToFloat(random.nextInt(1 << 10) | random.nextInt(2) << 31);
          };
    }
    return weights;
  }

  private static int[] candidates() {
    int[] words = new int[SHAPE.rows() * SHAPE.wordsPerRow()];
    for (int i = 0; i < words.length; i++) {
      words[i] = i % 2 == 0 ? 0xB6DB6DB6 : 0b10110; // cols 32 .. 36 in the second word of a row
    }
    return words;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"random", "constant", "equal magnitudes", "zeros of both signs", "denormals"})
  void theKthSmallestIsThatOfAFullSortAndOfTheKernel(String kind) {
    float[] weights = weights(kind);
    int[] words = candidates();
    float[] order = new float[SHAPE.indices(words).length];
    for (int i = 0; i < order.length; i++) {
      order[i] = Math.abs(weights[SHAPE.indices(words)[i]]);
    }
    Arrays.sort(order);
    SortedMagnitudes sorted = SortedMagnitudes.of(SHAPE, weights, words);
    assertEquals(order.length, sorted.count());
    for (String backend : new String[] {"reference", "cpu"}) {
      try (Context context = Context.open(backend, 1);
          Tensor values = Tensor.plain(context, SHAPE.rows(), SHAPE.cols());
          Tensor threshold = Tensor.plain(context, 1);
          Tensor counts = Tensor.plain(context, DType.I64, 2);
          Mask mask = Mask.of(context, SHAPE.rows(), SHAPE.cols(), words)) {
        values.upload(weights);
        for (double rate : RATES) {
          long rank = (long) Math.rint(rate * order.length);
          if (rank == 0) {
            assertEquals(SortedMagnitudes.NONE, sorted.threshold(rate));
            continue;
          }
          assertBits(order[(int) rank - 1], sorted.threshold(rate));
          MagnitudeThreshold.bind(context, SHAPE)
              .values(values)
              .candidates(mask)
              .rank(rank)
              .threshold(threshold)
              .counts(counts)
              .select();
          assertBits(threshold.download()[0], sorted.threshold(rate));
        }
      }
    }
  }

  private static void assertBits(float expected, float actual) {
    assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(actual));
  }

  @Test
  void halvesRoundToEvenAndRankNoughtTakesNothing() {
    PlaneShape row = new PlaneShape(1, 5);
    float[] weights = {5, 4, -3, 2, 1};
    SortedMagnitudes sorted = SortedMagnitudes.of(row, weights, new int[] {0b11111});
    assertEquals(SortedMagnitudes.NONE, sorted.threshold(0));
    assertEquals(SortedMagnitudes.NONE, sorted.threshold(0.1)); // 0.5 rounds to 0
    assertEquals(2, sorted.threshold(0.5)); // 2.5 rounds to 2
    assertEquals(4, sorted.threshold(0.7)); // 3.5 rounds to 4
  }

  @Test
  void aFullLayerHasNothingToTake() {
    SortedMagnitudes none =
        SortedMagnitudes.of(SHAPE, weights("random"), new int[candidates().length]);
    assertEquals(0, none.count());
    assertEquals(SortedMagnitudes.NONE, none.threshold(0.98));
    assertEquals(SortedMagnitudes.NONE, SortedMagnitudes.merged(List.of(none)).threshold(0.5));
  }

  @Test
  void whatIsGoneCountsInTheRank() {
    PlaneShape row = new PlaneShape(1, 8);
    float[] weights = {1, 2, 3, 4, 5, 6, 7, 8};
    SortedMagnitudes rest = SortedMagnitudes.of(row, weights, new int[] {0b11111100});
    assertEquals(4, rest.threshold(0.5, 2));
    assertEquals(SortedMagnitudes.NONE, rest.threshold(0.25, 2));
  }

  @Test
  void weightsThatAreNotFiniteAreRefused() {
    float[] weights = weights("random");
    weights[SHAPE.cols() + 1] = Float.NaN;
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> SortedMagnitudes.of(SHAPE, weights, candidates()))
            .getMessage();
    assertTrue(message.startsWith("weight [1, 1] is NaN, must be finite"), message);
  }
}
