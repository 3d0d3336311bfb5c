// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.vectors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.ops.MagnitudeThreshold;
import dev.intarsia.ops.MaskCut;
import dev.intarsia.ops.MaskedLinear;
import dev.intarsia.ops.ScoreEpilogue;
import dev.intarsia.parity.Implementation;
import dev.intarsia.parity.Implementations;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Small numbers that a person can follow, computed apart from this code: exact everywhere. */
class MaskFamilyVectorsTest {
  private static final PlaneShape SQUARE = new PlaneShape(2, 2);
  private static final LinearShape LINEAR = new LinearShape(3, 2, 2);
  private static final float[] X = {1, 2, 0, -1, 3, 1};
  private static final float[] W = {.5f, -1, 2, .25f};
  private static final float[] S = {.3f, -.9f, -.2f, 0};
  private static final float[] G = {1, 0, 2, -1, 0, 1};

  static Stream<Implementation> everywhere() {
    return Stream.concat(Stream.of(Implementations.reference()), Implementations.all().stream());
  }

  private record Cut(float threshold, long below, long equal, long kept, int[] words) {}

  private static Cut cut(Context context, float[] scores, long rank, Ties ties, long keep) {
    return cut(context, new PlaneShape(1, scores.length), scores, rank, ties, keep);
  }

  private static Cut cut(
      Context context, PlaneShape shape, float[] scores, long rank, Ties ties, long keep) {
    Tensor values = tensor(context, scores, shape.rows(), shape.cols());
    Tensor threshold = Tensor.plain(context, 1);
    Tensor counts = Tensor.plain(context, DType.I64, 2);
    Tensor kept = Tensor.plain(context, DType.I64, 1);
    Mask mask = Mask.empty(context, shape.rows(), shape.cols());
    MagnitudeThreshold.bind(context, shape)
        .values(values)
        .rank(rank)
        .threshold(threshold)
        .counts(counts)
        .select();
    MaskCut cut =
        MaskCut.bind(context, shape)
            .values(values)
            .threshold(threshold)
            .ties(ties)
            .mask(mask)
            .kept(kept);
    if (ties == Ties.EXACT) {
      cut.keep(keep);
    }
    cut.apply();
    long[] sides = counts.downloadLongs();
    return new Cut(
        threshold.download()[0], sides[0], sides[1], kept.downloadLongs()[0], mask.words());
  }

  private static Tensor tensor(Context context, float[] values, long... dims) {
    Tensor tensor = Tensor.plain(context, dims);
    tensor.upload(values);
    return tensor;
  }

  private static Tensor rows(Context context, float[] values) {
    Tensor tensor = Tensor.activations(context, LINEAR.n(), 2, 1, 1);
    tensor.upload(values);
    return tensor;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("everywhere")
  void thresholdIsTheThirdOfSixAndTiesAreKept(Implementation implementation) {
    Implementations.assume(implementation, "magnitude_threshold", "mask_cut");
    float[] scores = {.1f, .2f, .2f, .2f, .3f, .4f};
    try (Context context = implementation.open()) {
      Cut kept = cut(context, scores, 3, Ties.KEPT, 0);
      assertEquals(.2f, kept.threshold());
      assertEquals(1, kept.below());
      assertEquals(3, kept.equal());
      assertEquals(5, kept.kept());
      assertArrayEquals(new int[] {0b111110}, kept.words());

      Cut dropped = cut(context, scores, 3, Ties.DROPPED, 0);
      assertEquals(2, dropped.kept());
      assertArrayEquals(new int[] {0b110000}, dropped.words());

      Cut exact = cut(context, scores, 3, Ties.EXACT, 3);
      assertEquals(3, exact.kept());
      assertArrayEquals(new int[] {0b110010}, exact.words(), "the lowest index wins a tie");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("everywhere")
  void equalScoresAreAllKeptOrAllDropped(Implementation implementation) {
    Implementations.assume(implementation, "magnitude_threshold", "mask_cut");
    try (Context context = implementation.open()) {
      Cut kept = cut(context, new float[10], 9, Ties.KEPT, 0);
      assertEquals(0, kept.threshold());
      assertArrayEquals(new int[] {0b1111111111}, kept.words());
      assertEquals(0, cut(context, new float[10], 9, Ties.DROPPED, 0).kept());
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("everywhere")
  void scoresCutTheMaskOfALinearLayer(Implementation implementation) {
    Implementations.assume(implementation, "magnitude_threshold", "mask_cut");
    try (Context context = implementation.open()) {
      Cut cut = cut(context, SQUARE, S, 3, Ties.KEPT, 0);
      assertEquals(.3f, cut.threshold());
      assertArrayEquals(new int[] {0b11, 0b00}, cut.words());
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("everywhere")
  void maskedLinear(Implementation implementation) {
    Implementations.assume(implementation, "masked_linear");
    try (Context context = implementation.open()) {
      Mask mask = Mask.of(context, 2, 2, new boolean[] {true, true, false, false});
      Tensor weights = tensor(context, W, 2, 2);
      Tensor y = rows(context, new float[6]);
      Tensor diffSrc = rows(context, new float[6]);
      MaskedLinear.bind(context, LINEAR)
          .src(rows(context, X))
          .weights(weights)
          .mask(mask)
          .dst(y)
          .forward();
      assertArrayEquals(new float[] {-1.5f, 0, 1, 0, .5f, 0}, y.download());

      MaskedLinear.bind(context, LINEAR)
          .diffDst(rows(context, G))
          .weights(weights)
          .mask(mask)
          .diffSrc(diffSrc)
          .backwardData();
      assertArrayEquals(new float[] {.5f, -1, 1, -2, 0, 0}, diffSrc.download());
      assertArrayEquals(new float[] {1, 0, 3, 2}, denseGradient(context).download());
    }
  }

  /** Without a mask: scores need the gradient of weights that are masked out, too. */
  private static Tensor denseGradient(Context context) {
    Tensor gradient = Tensor.plain(context, 2, 2);
    MaskedLinear.bind(context, LINEAR)
        .src(rows(context, X))
        .diffDst(rows(context, G))
        .diffWeights(gradient)
        .backwardWeights();
    return gradient;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("everywhere")
  void scoreEpilogue(Implementation implementation) {
    Implementations.assume(implementation, "masked_linear", "score_epilogue");
    try (Context context = implementation.open()) {
      Mask mask = Mask.of(context, 2, 2, new boolean[] {true, true, false, false});
      Mask frozen = Mask.of(context, 2, 2, new boolean[] {true, false, false, false});
      assertEpilogue(context, mask, null, 1, 0, 0, 0);
      assertEpilogue(context, mask, frozen, 0, 0, 0, 0);
    }
  }

  /** The score gradient does not change with what is frozen, and lives outside the mask. */
  private static void assertEpilogue(
      Context context, Mask mask, Mask frozen, float... expectedWeights) {
    Tensor gradient = denseGradient(context);
    Tensor diffScores = Tensor.plain(context, 2, 2);
    ScoreEpilogue.bind(context, SQUARE)
        .weights(tensor(context, W, 2, 2))
        .scores(tensor(context, S, 2, 2))
        .mask(mask)
        .frozen(frozen)
        .diffWeights(gradient)
        .diffScores(diffScores)
        .apply();
    assertEquals(0, difference(expectedWeights, gradient.download()));
    assertEquals(0, difference(new float[] {.5f, 0, -6, 0}, diffScores.download()));
  }

  /** Largest difference; a negative zero is a zero. */
  private static float difference(float[] expected, float[] actual) {
    float worst = 0;
    for (int i = 0; i < expected.length; i++) {
      worst = Math.max(worst, Math.abs(expected[i] - actual[i]));
    }
    return worst;
  }
}
