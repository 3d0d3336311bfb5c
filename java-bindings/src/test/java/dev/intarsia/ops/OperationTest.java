// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.intarsia.ActivationShape;
import dev.intarsia.Backends;
import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.DType;
import dev.intarsia.Layout;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OperationTest {
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void whatDoesNotFitIsRefused(String backend) {
    try (Context context = open(backend);
        Context other = Context.reference()) {
      MaskedConv2d conv = MaskedConv2d.bind(context, Conv2dShape.parse("n2c3h8w8 o4k3 s1p1"));
      refused(
          "MaskedConv2d: weights is F32 [4, 3, 3, 2], expected F32 [4, 3, 3, 3]",
          () -> conv.weights(Tensor.plain(context, 4, 3, 3, 2)));
      refused(
          "src is F32 [2, 3, 8, 8], expected F32 [2, 3, 8, 8] activations",
          () -> conv.src(Tensor.plain(context, 2, 3, 8, 8)));
      refused("src is I32", () -> conv.src(Tensor.plain(context, DType.I32, 2, 3, 8, 8)));
      refused("mask is [4, 26], expected [4, 27]", () -> conv.mask(Mask.empty(context, 4, 26)));
      refused("another context", () -> conv.weights(Tensor.plain(other, 4, 3, 3, 3)));
      refused("another context", () -> conv.mask(Mask.empty(other, 4, 27)));
      refused("the batch is 3, expected 1 .. 2", () -> conv.batch(3));
      assertThrows(
          UnsupportedOperationException.class,
          () -> MaskedSgd.bind(context, new PlaneShape(1, 1)).batch(1));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void whatIsNotReadyIsRefused(String backend) {
    try (Context context = open(backend)) {
      Relu relu = Relu.bind(context, new ActivationShape(2, 3, 4, 4));
      Tensor src = Tensor.activations(context, 2, 3, 4, 4);
      Tensor dst = Tensor.activations(context, 2, 3, 4, 4);
      relu.src(src);
      notReady("relu_forward: dst is not set; call dst(...) first", relu::forward);
      relu.dst(dst);
      relu.forward();
      src.close();
      notReady("relu_forward: src is closed", relu::forward);
      notReady("Relu: src is closed", () -> relu.src(src));
      relu.src(null);
      notReady("src is not set", relu::forward);
      relu.src(dst);
      context.close();
      notReady("closed with its context", relu::forward);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void hyperParametersHaveLimits(String backend) {
    try (Context context = open(backend)) {
      PlaneShape plane = new PlaneShape(2, 3);
      ActivationShape image = new ActivationShape(2, 6, 1, 1);
      refused("momentum is 1.0", () -> MaskedSgd.bind(context, plane).momentum(1));
      refused("learningRate is NaN", () -> MaskedSgd.bind(context, plane).learningRate(Float.NaN));
      refused("stepCount is 0", () -> MaskedAdam.bind(context, plane).stepCount(0));
      refused("rank is 7, expected 1 .. 6", () -> MagnitudeThreshold.bind(context, plane).rank(7));
      refused("rate is 1.0", () -> Dropout.bind(context, image).rate(1));
      refused("groups is 4", () -> GroupNorm.bind(context, image).groups(4));
      refused(
          "the class range is 2 .. 4, expected at least one class within 0 .. 3",
          () -> Accuracy.bind(context, new LinearShape(2, 4, 4)).classRange(2, 3));
      refused("i equal to o", () -> Accuracy.bind(context, new LinearShape(2, 4, 3)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aNanAmongScoresIsRefusedAndNothingChanges(String backend) {
    try (Context context = open(backend)) {
      Tensor values = Tensor.plain(context, 2, 3);
      values.upload(new float[] {1, 2, 3, 4, 5, Float.NaN});
      Tensor threshold = Tensor.plain(context, 1);
      Tensor counts = Tensor.plain(context, DType.I64, 2);
      MagnitudeThreshold select =
          MagnitudeThreshold.bind(context, new PlaneShape(2, 3))
              .values(values)
              .rank(2)
              .threshold(threshold)
              .counts(counts);
      refused("magnitude_threshold_select: values[1, 2] is NaN", select::select);
      assertArrayEquals(new float[1], threshold.download());
      assertArrayEquals(new long[2], counts.downloadLongs());
      select.candidates(Mask.of(context, 2, 3, new int[] {0b001, 0b000}));
      refused("rank is 2, expected 1 .. 1", select::select);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void cutsKeepDropOrCountTies(String backend) {
    try (Context context = open(backend)) {
      PlaneShape plane = new PlaneShape(1, 6);
      Tensor scores = Tensor.plain(context, 1, 6);
      scores.upload(new float[] {.1f, .2f, -.2f, .2f, .3f, .4f});
      Tensor threshold = Tensor.plain(context, 1);
      Tensor counts = Tensor.plain(context, DType.I64, 2);
      MagnitudeThreshold.bind(context, plane)
          .values(scores)
          .rank(3)
          .threshold(threshold)
          .counts(counts)
          .select();
      assertEquals(.2f, threshold.download()[0]);
      assertArrayEquals(new long[] {1, 3}, counts.downloadLongs());

      Mask mask = Mask.empty(context, 1, 6);
      Tensor kept = Tensor.plain(context, DType.I64, 1);
      MaskCut cut =
          MaskCut.bind(context, plane).values(scores).threshold(threshold).mask(mask).kept(kept);
      cut.apply();
      assertArrayEquals(new int[] {0b111110}, mask.words());
      cut.ties(Ties.DROPPED).apply();
      assertArrayEquals(new int[] {0b110000}, mask.words());
      cut.ties(Ties.EXACT).keep(4).apply();
      assertArrayEquals(new int[] {0b110110}, mask.words());
      assertEquals(4, kept.downloadLongs()[0]);
    }
  }

  /** The masked linear layer of the specification's test vectors, worked by hand. */
  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aMaskedLayerAndItsScores(String backend) {
    try (Context context = open(backend)) {
      Mask mask = Mask.of(context, 2, 2, new int[] {0b11, 0b00});
      Tensor weights = of(Tensor.plain(context, 2, 2), .5f, -1, 2, .25f);
      Tensor dst = Tensor.activations(context, 3, 2, 1, 1);
      Tensor diffSrc = Tensor.activations(context, 3, 2, 1, 1);
      Tensor diffWeights = Tensor.plain(context, 2, 2);
      MaskedLinear linear =
          MaskedLinear.bind(context, new LinearShape(3, 2, 2))
              .weights(weights)
              .mask(mask)
              .src(of(Tensor.activations(context, 3, 2, 1, 1), 1, 2, 0, -1, 3, 1))
              .dst(dst)
              .diffDst(of(Tensor.activations(context, 3, 2, 1, 1), 1, 0, 2, -1, 0, 1))
              .diffSrc(diffSrc)
              .diffWeights(diffWeights);
      linear.forward();
      linear.backwardData();
      linear.mask(null).backwardWeights();
      assertArrayEquals(new float[] {-1.5f, 0, 1, 0, .5f, 0}, dst.download());
      assertArrayEquals(new float[] {.5f, -1, 1, -2, 0, 0}, diffSrc.download());
      assertArrayEquals(new float[] {1, 0, 3, 2}, diffWeights.download());

      Tensor diffScores = Tensor.plain(context, 2, 2);
      ScoreEpilogue epilogue =
          ScoreEpilogue.bind(context, new PlaneShape(2, 2))
              .weights(weights)
              .scores(of(Tensor.plain(context, 2, 2), .3f, -.9f, -.2f, 0))
              .mask(mask)
              .diffWeights(diffWeights)
              .diffScores(diffScores);
      epilogue.apply();
      assertValues(new float[] {1, 0, 0, 0}, diffWeights);
      assertValues(new float[] {.5f, 0, -6, 0}, diffScores);

      of(diffWeights, 1, 0, 3, 2);
      epilogue.frozen(Mask.of(context, 2, 2, new int[] {0b01, 0b00})).apply();
      assertValues(new float[4], diffWeights);
      assertValues(new float[] {.5f, 0, -6, 0}, diffScores);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aFrozenElementIsNeverWritten(String backend) {
    try (Context context = open(backend)) {
      Tensor weights = of(Tensor.plain(context, 1, 3), 1, 2, 3);
      Tensor velocity = of(Tensor.plain(context, 1, 3), 4, 5, 6);
      MaskedSgd.bind(context, new PlaneShape(1, 3))
          .gradient(of(Tensor.plain(context, 1, 3), 1, 1, 1))
          .trainable(Mask.of(context, 1, 3, new int[] {0b010}))
          .weights(weights)
          .velocity(velocity)
          .learningRate(.5f)
          .momentum(.5f)
          .weightDecay(.25f)
          .step();
      assertArrayEquals(new float[] {4, 4, 6}, velocity.download()); // .5 * 5 + 1 + .25 * 2
      assertArrayEquals(new float[] {1, 0, 3}, weights.download()); // 2 - .5 * 4
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aDenseLayerIsAMaskedOneWithEveryWeight(String backend) {
    try (Context context = open(backend)) {
      LinearShape shape = new LinearShape(19, 5, 3);
      Tensor weights = ramp(Tensor.plain(context, 3, 5));
      Tensor bias = ramp(Tensor.plain(context, 3));
      Tensor src = ramp(Tensor.activations(context, 19, 5, 1, 1));
      Tensor diffDst = ramp(Tensor.activations(context, 19, 3, 1, 1));
      Tensor[] dense = results(context);
      Tensor[] masked = results(context);
      DenseLinear a =
          DenseLinear.bind(context, shape).weights(weights).bias(bias).src(src).diffDst(diffDst);
      a.dst(dense[0]).diffSrc(dense[1]).diffWeights(dense[2]).diffBias(dense[3]);
      MaskedLinear b =
          MaskedLinear.bind(context, shape).weights(weights).bias(bias).src(src).diffDst(diffDst);
      b.dst(masked[0]).diffSrc(masked[1]).diffWeights(masked[2]).diffBias(masked[3]);
      a.forward();
      a.backwardData();
      a.backwardWeights();
      b.forward();
      b.backwardData();
      b.backwardWeights();
      for (int i = 0; i < dense.length; i++) {
        assertArrayEquals(
            masked[i].download(), dense[i].download(), "result " + i); // small integers
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void aSmallerBatchLeavesLaterImagesAlone(String backend) {
    try (Context context = open(backend)) {
      Tensor src = ramp(Tensor.activations(context, 33, 1, 1, 1));
      Tensor dst = Tensor.activations(context, 33, 1, 1, 1);
      Add add = Add.bind(context, new ActivationShape(33, 1, 1, 1)).src(src).addend(src).dst(dst);
      add.batch(16);
      add.forward();
      assertEquals(2 * src.download()[15], dst.download()[15]);
      assertEquals(0, dst.download()[16]);
      add.batch(33);
      add.forward();
      assertEquals(2 * src.download()[32], dst.download()[32]);
    }
  }

  @Test
  void theActivationsOfAnOpHaveOneLayout() {
    try (Context context = open("cpu")) {
      ActivationShape shape = new ActivationShape(3, 2, 2, 1);
      Tensor src = ramp(Tensor.activations(context, Layout.NCHW16, 3, 2, 2, 1));
      Tensor small = Tensor.activations(context, 3, 2, 2, 1);
      Add add = Add.bind(context, shape).src(src).addend(src);
      refused("dst is F32 [3, 2, 2, 1] activations in NCHW and", () -> add.dst(small));
      refused("expected one layout", () -> add.dst(small));
      add.src(null).addend(null).dst(small).src(small).addend(small); // a new layout for all
      small.upload(src.download());
      add.forward();
      Tensor blocked = Tensor.activations(context, Layout.NCHW16, 3, 2, 2, 1);
      Add.bind(context, shape).src(src).addend(src).dst(blocked).forward();
      assertArrayEquals(blocked.download(), small.download());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void theBorderNeedsOneTensorOfEachKind(String backend) {
    try (Context context = open(backend)) {
      Tensor plain = ramp(Tensor.plain(context, 17, 2, 3, 1));
      Tensor activations = Tensor.activations(context, 17, 2, 3, 1);
      Reorder reorder =
          Reorder.bind(context, new ActivationShape(17, 2, 3, 1)).src(plain).dst(activations);
      reorder.pack();
      assertArrayEquals(plain.download(), activations.download());
      refused("reorder_unpack: src is", reorder::unpack);
    }
  }

  private static Tensor[] results(Context context) {
    return new Tensor[] {
      Tensor.activations(context, 19, 3, 1, 1),
      Tensor.activations(context, 19, 5, 1, 1),
      Tensor.plain(context, 3, 5),
      Tensor.plain(context, 3)
    };
  }

  private static Tensor of(Tensor tensor, float... values) {
    tensor.upload(values);
    return tensor;
  }

  /** Small integers, so that every order of summation gives the same bits. */
  private static Tensor ramp(Tensor tensor) {
    float[] values = new float[(int) tensor.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = i * 7 % 11 - 5;
    }
    tensor.upload(values);
    return tensor;
  }

  /** Equal as numbers: 0 and -0 are the same. */
  private static void assertValues(float[] expected, Tensor actual) {
    assertArrayEquals(expected, actual.download(), Float.MIN_VALUE);
  }

  private static Context open(String backend) {
    assumeTrue(
        !backend.equals("cpu") || Backends.cpu().available(), () -> Backends.cpu().toString());
    return Context.open(backend, 1);
  }

  private static void refused(String part, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(part), message);
  }

  private static void notReady(String part, Executable call) {
    String message = assertThrows(IllegalStateException.class, call).getMessage();
    assertTrue(message.contains(part), message);
  }
}
