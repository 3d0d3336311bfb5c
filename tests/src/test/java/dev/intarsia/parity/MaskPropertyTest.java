// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import dev.intarsia.ops.MaskedLinear;
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
  private static final Conv2dShape CONV = Conv2dShape.parse("n19c6h7w6 o9k3 s2x1p1d1x2g3");
  private static final LinearShape LINEAR = new LinearShape(19, 75, 13);

  /** One of the two masked products on one context, by arrays. */
  private interface Product {
    int src();

    int dst();

    int rows();

    int cols();

    /** Returns dst; {@code mask} may be null. */
    float[] forward(float[] src, float[] weights, boolean[] mask, float[] bias);

    /** Returns diffSrc. */
    float[] backwardData(float[] diffDst, float[] weights, boolean[] mask);

    /** Adds to {@code diffWeights} and returns it. */
    float[] backwardWeights(float[] src, float[] diffDst, boolean[] mask, float[] diffWeights);

    default int weights() {
      return rows() * cols();
    }
  }

  private record Conv(Context context) implements Product {
    @Override
    public int src() {
      return CONV.n() * CONV.c() * CONV.h() * CONV.w();
    }

    @Override
    public int dst() {
      return CONV.n() * CONV.o() * CONV.oh() * CONV.ow();
    }

    @Override
    public int rows() {
      return CONV.o();
    }

    @Override
    public int cols() {
      return CONV.reductionLength();
    }

    private Tensor images(int c, int h, int w, float[] values) {
      return filled(Tensor.activations(context, CONV.n(), c, h, w), values);
    }

    private Tensor plane(float[] values) {
      return filled(Tensor.plain(context, CONV.o(), CONV.i(), CONV.kh(), CONV.kw()), values);
    }

    @Override
    public float[] forward(float[] src, float[] weights, boolean[] mask, float[] bias) {
      Tensor dst = images(CONV.o(), CONV.oh(), CONV.ow(), null);
      MaskedConv2d.bind(context, CONV)
          .src(images(CONV.c(), CONV.h(), CONV.w(), src))
          .weights(plane(weights))
          .mask(maskOf(context, CONV.o(), CONV.reductionLength(), mask))
          .bias(filled(Tensor.plain(context, CONV.o()), bias))
          .dst(dst)
          .forward();
      return dst.download();
    }

    @Override
    public float[] backwardData(float[] diffDst, float[] weights, boolean[] mask) {
      Tensor diffSrc = images(CONV.c(), CONV.h(), CONV.w(), null);
      MaskedConv2d.bind(context, CONV)
          .diffDst(images(CONV.o(), CONV.oh(), CONV.ow(), diffDst))
          .weights(plane(weights))
          .mask(maskOf(context, CONV.o(), CONV.reductionLength(), mask))
          .diffSrc(diffSrc)
          .backwardData();
      return diffSrc.download();
    }

    @Override
    public float[] backwardWeights(
        float[] src, float[] diffDst, boolean[] mask, float[] diffWeights) {
      Tensor gradient = plane(diffWeights);
      MaskedConv2d.bind(context, CONV)
          .src(images(CONV.c(), CONV.h(), CONV.w(), src))
          .diffDst(images(CONV.o(), CONV.oh(), CONV.ow(), diffDst))
          .mask(maskOf(context, CONV.o(), CONV.reductionLength(), mask))
          .diffWeights(gradient)
          .backwardWeights();
      return gradient.download();
    }
  }

  private record Matrix(Context context) implements Product {
    @Override
    public int src() {
      return LINEAR.n() * LINEAR.i();
    }

    @Override
    public int dst() {
      return LINEAR.n() * LINEAR.o();
    }

    @Override
    public int rows() {
      return LINEAR.o();
    }

    @Override
    public int cols() {
      return LINEAR.i();
    }

    private Tensor rows(int features, float[] values) {
      return filled(Tensor.activations(context, LINEAR.n(), features, 1, 1), values);
    }

    private Tensor plane(float[] values) {
      return filled(Tensor.plain(context, LINEAR.o(), LINEAR.i()), values);
    }

    @Override
    public float[] forward(float[] src, float[] weights, boolean[] mask, float[] bias) {
      Tensor dst = rows(LINEAR.o(), null);
      MaskedLinear.bind(context, LINEAR)
          .src(rows(LINEAR.i(), src))
          .weights(plane(weights))
          .mask(maskOf(context, LINEAR.o(), LINEAR.i(), mask))
          .bias(filled(Tensor.plain(context, LINEAR.o()), bias))
          .dst(dst)
          .forward();
      return dst.download();
    }

    @Override
    public float[] backwardData(float[] diffDst, float[] weights, boolean[] mask) {
      Tensor diffSrc = rows(LINEAR.i(), null);
      MaskedLinear.bind(context, LINEAR)
          .diffDst(rows(LINEAR.o(), diffDst))
          .weights(plane(weights))
          .mask(maskOf(context, LINEAR.o(), LINEAR.i(), mask))
          .diffSrc(diffSrc)
          .backwardData();
      return diffSrc.download();
    }

    @Override
    public float[] backwardWeights(
        float[] src, float[] diffDst, boolean[] mask, float[] diffWeights) {
      Tensor gradient = plane(diffWeights);
      MaskedLinear.bind(context, LINEAR)
          .src(rows(LINEAR.i(), src))
          .diffDst(rows(LINEAR.o(), diffDst))
          .mask(maskOf(context, LINEAR.o(), LINEAR.i(), mask))
          .diffWeights(gradient)
          .backwardWeights();
      return gradient.download();
    }
  }

  private static Tensor filled(Tensor tensor, float[] values) {
    if (values != null) {
      tensor.upload(values);
    }
    return tensor;
  }

  private static Mask maskOf(Context context, int rows, int cols, boolean[] bits) {
    return bits == null ? null : Mask.of(context, rows, cols, bits);
  }

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
      String stem, Implementation implementation, Consumer<Product> check) {
    Implementations.assume(implementation, stem);
    try (Context context = implementation.open()) {
      check.accept(stem.equals("masked_conv2d") ? new Conv(context) : new Matrix(context));
    }
  }

  private static boolean[] half(Product product) {
    return Values.bits("half", product.weights(), 0.5);
  }

  private static boolean[] inverse(boolean[] mask) {
    boolean[] inverse = new boolean[mask.length];
    for (int i = 0; i < mask.length; i++) {
      inverse[i] = !mask[i];
    }
    return inverse;
  }

  private static boolean[] all(Product product) {
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
          int pixels = stem.equals("masked_conv2d") ? CONV.oh() * CONV.ow() : 1;
          for (int i = 0; i < dst.length; i++) {
            assertEquals(bias[i / pixels % product.rows()], dst[i], "dst[" + i + "]");
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

  /** Seventeen images are the first seventeen of more: lanes do not see each other. */
  @ParameterizedTest(name = "{0} | {1}")
  @MethodSource("everyProductEverywhere")
  void aSmallerBatchIsThePrefixOfALargerOne(String stem, Implementation implementation) {
    Implementations.assume(implementation, stem);
    try (Context context = implementation.open()) {
      for (int n : List.of(1, 15, 16, 17)) {
        float[] few = dst(context, stem, n);
        float[] many = dst(context, stem, 32);
        assertArrayEquals(few, Arrays.copyOf(many, few.length), "n is " + n);
      }
    }
  }

  private static float[] dst(Context context, String stem, int n) {
    if (stem.equals("masked_linear")) {
      LinearShape s = LINEAR.withN(n);
      Tensor dst = Tensor.activations(context, n, s.o(), 1, 1);
      float[] src = Arrays.copyOf(Values.signed("src", 32 * s.i()), n * s.i());
      MaskedLinear.bind(context, s)
          .src(filled(Tensor.activations(context, n, s.i(), 1, 1), src))
          .weights(filled(Tensor.plain(context, s.o(), s.i()), Values.signed("w", s.o() * s.i())))
          .dst(dst)
          .forward();
      return dst.download();
    }
    Conv2dShape s = CONV.withN(n);
    Tensor dst = Tensor.activations(context, n, s.o(), s.oh(), s.ow());
    int image = s.c() * s.h() * s.w();
    float[] weights = Values.signed("w", s.o() * s.reductionLength());
    MaskedConv2d.bind(context, s)
        .src(
            filled(
                Tensor.activations(context, n, s.c(), s.h(), s.w()),
                Arrays.copyOf(Values.signed("src", 32 * image), n * image)))
        .weights(filled(Tensor.plain(context, s.o(), s.i(), s.kh(), s.kw()), weights))
        .dst(dst)
        .forward();
    return dst.download();
  }
}
