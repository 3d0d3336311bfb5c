// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Conv2dAlgorithm;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Layout;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import dev.intarsia.ops.ScoreEpilogue;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The dense gradient of a convolution, split on the way: as the reference does it, by every
 * algorithm, and with the bits of the two ops that it replaces. A backend may leave it out as long
 * as it lacks score_epilogue.
 */
class ConvGradientEpilogueTest extends KernelParityTest<Conv2dShape> {
  private static final List<Conv2dAlgorithm> ALGORITHMS =
      List.of(Conv2dAlgorithm.TAPS, Conv2dAlgorithm.KERNELS, Conv2dAlgorithm.WINOGRAD);

  @Override
  public String stem() {
    return "score_epilogue";
  }

  @Override
  List<Problem<Conv2dShape>> problems() {
    return Problems.conv2d();
  }

  @Override
  boolean fits(Entry<Conv2dShape> entry, Layout layout) {
    return Conv2dAlgorithmsTest.runsOn(layout, entry.variant());
  }

  @Override
  public List<Entry<Conv2dShape>> entries() {
    List<Entry<Conv2dShape>> entries = new ArrayList<>();
    for (Conv2dAlgorithm algorithm : ALGORITHMS) {
      entries.add(
          entry(
              "masked_conv2d_backward_weights",
              "scores, " + algorithm,
              (i, s, p) -> scores(i, s, p, algorithm, true)));
      entries.add(
          entry(
              "masked_conv2d_backward_weights",
              "weights times gradient, " + algorithm,
              (i, s, p) -> scores(i, s, p, algorithm, false)));
      entries.add(
          entry(
              "masked_conv2d_backward_weights",
              "kernels, " + algorithm,
              (i, s, p) -> kernels(i, s, p, algorithm)));
    }
    return entries;
  }

  private static MaskedConv2d bind(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Conv2dAlgorithm algorithm) {
    return MaskedConv2d.bind(side.context(), s.withN(side.capacity(s.n())))
        .mask(side.mask("mask", s.o(), s.reductionLength(), problem.density()))
        .weights(side.plain("weights", s.o(), s.i(), s.kh(), s.kw()))
        .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
        .diffDst(side.diff("diffDst", s.n(), s.o(), s.oh(), s.ow()))
        .algorithm(Conv2dAlgorithmsTest.fits(s) ? algorithm : Conv2dAlgorithm.TAPS);
  }

  /** Of g times {@code factors} weights. */
  private static Tolerance tolerance(Conv2dShape s, Conv2dAlgorithm algorithm, int factors) {
    if (algorithm == Conv2dAlgorithm.WINOGRAD) {
      return Tolerance.WINOGRAD;
    }
    long products = (long) s.n() * s.oh() * s.ow();
    return Tolerance.sum(
        products,
        ref ->
            ref.max("src")
                * ref.max("diffDst")
                * (factors == 0 ? 1 : factors * ref.max("weights")));
  }

  private static Runnable scores(
      Side side,
      Conv2dShape s,
      Problem<Conv2dShape> problem,
      Conv2dAlgorithm algorithm,
      boolean signed) {
    int rows = s.o();
    int cols = s.reductionLength();
    long products = (long) s.n() * s.oh() * s.ow();
    Tolerance bias =
        Tolerance.sum(products + 1, ref -> Math.max(ref.max("diffDst"), ref.max("diffBias")));
    float[] scores = Values.tied(problem + "/scores", rows * cols);
    MaskedConv2d op =
        bind(side, s, problem, algorithm)
            .scores(signed ? side.plain("scores", scores, s.o(), s.i(), s.kh(), s.kw()) : null)
            .frozen(s.o() % 2 == 0 ? null : side.mask("frozen", rows, cols, 0.5))
            .candidates(s.o() % 3 == 0 ? null : side.mask("candidates", rows, cols, 0.5))
            .diffWeights(
                side.writtenPlain(
                    "diffWeights", tolerance(s, algorithm, 0), s.o(), s.i(), s.kh(), s.kw()))
            .diffScores(
                side.writtenPlain(
                    "diffScores", tolerance(s, algorithm, 1), s.o(), s.i(), s.kh(), s.kw()))
            .diffBias(s.o() % 3 == 0 ? null : side.updatedPlain("diffBias", bias, s.o()));
    op.batch(s.n());
    return op::backwardWeights;
  }

  private static Runnable kernels(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Conv2dAlgorithm algorithm) {
    Tolerance tolerance = tolerance(s, algorithm, s.kh() * s.kw());
    MaskedConv2d op =
        bind(side, s, problem, algorithm)
            .diffKernels(side.writtenPlain("diffKernels", tolerance, s.o(), s.i()));
    op.batch(s.n());
    return op::backwardWeights;
  }

  @ParameterizedTest
  @MethodSource("dev.intarsia.parity.Implementations#distinct")
  void splittingHasTheBitsOfTwoOps(Implementation implementation) {
    Implementations.assume(implementation, stem());
    Context context = Implementations.context(implementation);
    for (Conv2dAlgorithm algorithm : ALGORITHMS) {
      assertSplitHasTheBitsOfTwoOps(context, algorithm, Layout.NCHW16);
    }
    assertSplitHasTheBitsOfTwoOps(context, Conv2dAlgorithm.AUTO, Layout.NCHW);
  }

  private static void assertSplitHasTheBitsOfTwoOps(
      Context context, Conv2dAlgorithm algorithm, Layout layout) {
    Conv2dShape s = Conv2dShape.square(20, 37, 6, 6, 34, 3, 1, 1);
    try (Side side = new Side(context, "split", false, layout);
        Mask mask = Mask.of(context, 34, 333, Values.bits("split/mask", 34 * 333, 0.5));
        Tensor weights = Tensor.plain(context, 34, 37, 3, 3)) {
      weights.upload(Values.signed("split/weights", 34 * 333));
      Tensor scores = side.plain("scores", 34, 37, 3, 3);
      Mask frozen = side.mask("frozen", 34, 333, 0.5);
      Tensor split = side.plain("split", 34, 37, 3, 3);
      Tensor splitScores = side.plain("splitScores", 34, 37, 3, 3);
      Tensor dense = side.plain("dense", 34, 37, 3, 3);
      Tensor denseScores = side.plain("denseScores", 34, 37, 3, 3);
      MaskedConv2d op = bind(side, s, new Problem<>("split", s, 0.5), algorithm).mask(mask);
      op.weights(weights).scores(scores).frozen(frozen);
      op.diffScores(splitScores).diffWeights(split).backwardWeights();

      dense.zero();
      op.scores(null).frozen(null).diffScores(null).mask(null).diffWeights(dense);
      op.backwardWeights();
      ScoreEpilogue.bind(context, new PlaneShape(34, 333))
          .weights(weights)
          .scores(scores)
          .mask(mask)
          .frozen(frozen)
          .diffWeights(dense)
          .diffScores(denseScores)
          .apply();
      assertArrayEquals(dense.download(), split.download(), algorithm + ": weights");
      assertArrayEquals(denseScores.download(), splitScores.download(), algorithm + ": scores");
    }
  }

  @Test
  void fieldsThatDoNotBelongTogetherAreRefused() {
    Conv2dShape s = Conv2dShape.square(1, 2, 3, 3, 2, 3, 1, 1);
    Context context = Implementations.context(Implementations.reference());
    try (Side side = new Side(context, "x", false, Layout.NCHW)) {
      MaskedConv2d op = bind(side, s, new Problem<>("x", s, 1), Conv2dAlgorithm.AUTO);
      refused(op, "diffWeights is not set");
      op.scores(side.plain("scores", 2, 2, 3, 3));
      refused(op, "scores is set and diffScores is not; set both, or scores to null");
      op.scores(null).frozen(side.mask("frozen", 2, 18, 0.5));
      refused(op, "frozen is set, but neither diffScores nor diffKernels");
    }
  }

  private static void refused(MaskedConv2d op, String why) {
    String message = assertThrows(IllegalStateException.class, op::backwardWeights).getMessage();
    assertTrue(message.contains(why), message);
  }
}
