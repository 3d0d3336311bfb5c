// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Layout;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a mask means, whatever the weights. Inputs are multiples of 1/8, so that every sum is exact
 * and two ways to the same number give the same bits.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskPropertyTest {
  private static final int MANY = 32; // images of the larger batch

  static Stream<Arguments> everyProductEverywhere() {
    return Stream.concat(
            Stream.of(Implementations.reference()), Implementations.distinct().stream())
        .flatMap(
            implementation ->
                Stream.of("masked_conv2d", "masked_linear")
                    .map(stem -> Arguments.of(stem, implementation)));
  }

  /** Runs a check on a context of its own, which frees what the check made. */
  private static void with(
      String stem, Implementation implementation, Consumer<MaskedProduct> check) {
    Implementations.assume(implementation, stem);
    try (Context context = implementation.open()) {
      check.accept(
          stem.equals("masked_conv2d")
              ? new MaskedProduct.Conv(context)
              : new MaskedProduct.Matrix(context));
    }
  }

  private static boolean[] half(MaskedProduct product) {
    return Values.bits("half", product.weights(), 0.5);
  }

  private static boolean[] inverse(boolean[] mask) {
    boolean[] inverse = new boolean[mask.length];
    for (int i = 0; i < mask.length; i++) {
      inverse[i] = !mask[i];
    }
    return inverse;
  }

  private static boolean[] all(MaskedProduct product) {
    boolean[] all = new boolean[product.weights()];
    Arrays.fill(all, true);
    return all;
  }

  private static float[] sum(float[] a, float[] b) {
    float[] sum = new float[a.length];
    for (int i = 0; i < a.length; i++) {
      sum[i] = a[i] + b[i];
    }
    return sum;
  }

  @ParameterizedTest(name = "{0} | {1}")
  @MethodSource("everyProductEverywhere")
  void fullMaskIsNoMask(String stem, Implementation implementation) {
    with(
        stem,
        implementation,
        product -> {
          float[] src = Values.tied("src", product.src());
          float[] diff = Values.tied("diff", product.dst());
          float[] weights = Values.tied("weights", product.weights());
          float[] bias = Values.tied("bias", product.rows());
          boolean[] all = all(product);
          assertArrayEquals(
              product.forward(src, weights, null, bias), product.forward(src, weights, all, bias));
          assertArrayEquals(
              product.backwardData(diff, weights, null), product.backwardData(diff, weights, all));
          assertArrayEquals(
              product.backwardWeights(src, diff, null, null),
              product.backwardWeights(src, diff, all, null));
        });
  }

  @ParameterizedTest(name = "{0} | {1}")
  @MethodSource("everyProductEverywhere")
  void emptyMaskLeavesTheBias(String stem, Implementation implementation) {
    with(
        stem,
        implementation,
        product -> {
          float[] bias = Values.tied("bias", product.rows());
          float[] dst =
              product.forward(
                  Values.tied("src", product.src()),
                  Values.tied("weights", product.weights()),
                  new boolean[product.weights()],
                  bias);
          for (int i = 0; i < dst.length; i++) {
            assertEquals(bias[i / product.pixels() % product.rows()], dst[i], "dst[" + i + "]");
          }
        });
  }

  /** Pieces of one panel do not overlap: together they are the whole. */
  @ParameterizedTest(name = "{0} | {1}")
  @MethodSource("everyProductEverywhere")
  void disjointMasksAddUp(String stem, Implementation implementation) {
    with(
        stem,
        implementation,
        product -> {
          float[] src = Values.tied("src", product.src());
          float[] diff = Values.tied("diff", product.dst());
          float[] weights = Values.tied("weights", product.weights());
          boolean[] one = half(product);
          boolean[] other = inverse(one);
          assertArrayEquals(
              product.forward(src, weights, null, null),
              sum(
                  product.forward(src, weights, one, null),
                  product.forward(src, weights, other, null)));
          assertArrayEquals(
              product.backwardData(diff, weights, null),
              sum(
                  product.backwardData(diff, weights, one),
                  product.backwardData(diff, weights, other)));
          assertArrayEquals(
              product.backwardWeights(src, diff, null, null),
              product.backwardWeights(
                  src, diff, other, product.backwardWeights(src, diff, one, null)));
        });
  }

  /** Weights outside a mask are never read for their value. */
  @ParameterizedTest(name = "{0} | {1}")
  @MethodSource("everyProductEverywhere")
  void nanOutsideTheMaskIsHarmless(String stem, Implementation implementation) {
    with(
        stem,
        implementation,
        product -> {
          boolean[] mask = half(product);
          float[] clean = Values.tied("weights", product.weights());
          float[] dirty = clean.clone();
          for (int i = 0; i < dirty.length; i++) {
            dirty[i] = mask[i] ? dirty[i] : i % 2 == 0 ? Float.NaN : Float.NEGATIVE_INFINITY;
          }
          float[] src = Values.tied("src", product.src());
          float[] diff = Values.tied("diff", product.dst());
          assertArrayEquals(
              product.forward(src, clean, mask, null), product.forward(src, dirty, mask, null));
          assertArrayEquals(
              product.backwardData(diff, clean, mask), product.backwardData(diff, dirty, mask));
        });
  }

  @ParameterizedTest(name = "{0} | {1}")
  @MethodSource("everyProductEverywhere")
  void gradientOutsideTheMaskIsNotWritten(String stem, Implementation implementation) {
    with(
        stem,
        implementation,
        product -> {
          boolean[] mask = half(product);
          float canary = Float.intBitsToFloat(0x7FC12345); // a NaN: adding even zero shows
          float[] before = new float[product.weights()];
          for (int i = 0; i < before.length; i++) {
            before[i] = mask[i] ? 0 : canary;
          }
          float[] after =
              product.backwardWeights(
                  Values.tied("src", product.src()),
                  Values.tied("diff", product.dst()),
                  mask,
                  before);
          for (int i = 0; i < after.length; i++) {
            if (mask[i]) {
              assertTrue(Float.isFinite(after[i]), "diffWeights[" + i + "] is " + after[i]);
            } else {
              assertEquals(0x7FC12345, Float.floatToRawIntBits(after[i]), "diffWeights[" + i + "]");
            }
          }
        });
  }

  /**
   * Seventeen images are the first seventeen of more: lanes do not see each other. In either layout
   * what an image becomes does not depend on how many there are.
   */
  @ParameterizedTest(name = "{0} | {1}")
  @MethodSource("everyProductEverywhere")
  void aSmallerBatchIsThePrefixOfALargerOne(String stem, Implementation implementation) {
    with(
        stem,
        implementation,
        product -> {
          float[] weights = Values.signed("weights", product.weights());
          assertPrefix(product, weights);
          assertPrefix(product.in(Layout.NCHW), weights);
        });
  }

  private static void assertPrefix(MaskedProduct product, float[] weights) {
    MaskedProduct larger = product.withN(MANY);
    float[] images = Values.signed("src", larger.src());
    float[] all = larger.forward(images, weights, null, null);
    for (int n : List.of(1, 2, 7, 8, 15, 16, 17)) {
      MaskedProduct smaller = product.withN(n);
      float[] src = Arrays.copyOf(images, smaller.src());
      float[] few = smaller.forward(src, weights, null, null);
      assertArrayEquals(few, Arrays.copyOf(all, few.length), "n is " + n);
    }
  }
}
