// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.vectors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.SoftMaskMode;
import dev.intarsia.Tensor;
import dev.intarsia.ops.SoftMask;
import dev.intarsia.parity.Implementation;
import dev.intarsia.parity.Implementations;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The cases of KSM's mask, computed apart from this code; the one in which the published code
 * divides 0 by 0 gives zeros.
 */
class KsmMaskTableTest {
  private static final float[][] SCORES = {
    {.010f, .004f, .001f, .008f},
    {.010f, .004f, -.002f, .000f},
    {.010f, -.004f, -.002f, .012f},
    {.010f, .020f},
    {.010f, -.003f},
    {.004f, .001f},
    {.004f, .004f}
  };
  private static final float[][] FACTORS = {
    {1, .5f, .125f, 1}, {1, .5f, 0, 0}, {1, 0, .25f, 1}, {1, 1}, {1, 0}, {.5f, 0}, {0, 0}
  };

  private static Stream<Implementation> everywhere() {
    return Stream.concat(
        Stream.of(Implementations.reference()), Implementations.distinct().stream());
  }

  static Stream<Arguments> cases() {
    return everywhere()
        .flatMap(
            implementation ->
                Stream.iterate(0, row -> row < SCORES.length, row -> row + 1)
                    .map(row -> Arguments.of(implementation, row)));
  }

  private static float[] factors(
      Context context, SoftMaskMode mode, boolean strict, float... scores) {
    PlaneShape shape = new PlaneShape(1, scores.length);
    try (Tensor values = Tensor.plain(context, 1, scores.length);
        Tensor factors = Tensor.plain(context, 1, scores.length);
        Mask mask = Mask.full(context, 1, scores.length)) {
      values.upload(scores);
      SoftMask.bind(context, shape, 1, 1)
          .mode(mode)
          .strict(strict)
          .scores(values)
          .factors(factors)
          .mask(mask)
          .forward();
      float[] found = factors.download();
      for (int u = 0; u < found.length; u++) {
        assertEquals(found[u] != 0, (mask.words()[0] >>> u & 1) != 0, "bit " + u);
      }
      return found;
    }
  }

  @ParameterizedTest(name = "{0} | row {1}")
  @MethodSource("cases")
  void softFactorsAreThoseOfTheTable(Implementation implementation, int row) {
    Implementations.assume(implementation, "soft_mask");
    try (Context context = implementation.open()) {
      assertArrayEquals(FACTORS[row], factors(context, SoftMaskMode.SOFT, false, SCORES[row]));
    }
  }

  @ParameterizedTest
  @MethodSource("everywhere")
  void atTheThresholdKsmKeepsAndPiggybackDrops(Implementation implementation) {
    Implementations.assume(implementation, "soft_mask");
    float below = Math.nextDown(.005f);
    float above = Math.nextUp(.005f);
    float[] scores = {below, .005f, above, -1};
    try (Context context = implementation.open()) {
      assertArrayEquals(
          new float[] {0, 1, 1, 0}, factors(context, SoftMaskMode.BINARY, false, scores));
      assertArrayEquals(
          new float[] {0, 0, 1, 0}, factors(context, SoftMaskMode.BINARY, true, scores));
      assertArrayEquals(
          new float[] {0, 0, 1, -1}, factors(context, SoftMaskMode.TERNARY, true, scores));
    }
  }

  /** Rows of a layer have one range. */
  @Test
  void theRangeIsThatOfTheLayer() {
    try (Context context = Implementations.reference().open();
        Tensor scores = Tensor.plain(context, 2, 2);
        Tensor factors = Tensor.plain(context, 2, 2);
        Mask mask = Mask.full(context, 2, 4)) {
      scores.upload(new float[] {.010f, .001f, .004f, .002f});
      SoftMask.bind(context, new PlaneShape(2, 4), 2, 1)
          .scores(scores)
          .factors(factors)
          .mask(mask)
          .forward();
      assertArrayEquals(new float[] {1, .125f, .5f, .25f}, factors.download());
    }
  }
}
