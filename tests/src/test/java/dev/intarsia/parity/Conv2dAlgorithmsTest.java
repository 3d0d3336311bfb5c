// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Conv2dAlgorithm;
import dev.intarsia.Conv2dShape;
import dev.intarsia.CounterRandom;
import dev.intarsia.Direction;
import dev.intarsia.Layout;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every algorithm that the planner can choose, forced in turn, on every 3x3 problem. */
class Conv2dAlgorithmsTest extends KernelParityTest<Conv2dShape> {
  @Override
  public String stem() {
    return "masked_conv2d";
  }

  @Override
  List<Problem<Conv2dShape>> problems() {
    return Problems.conv2d().stream().filter(problem -> fits(problem.shape())).toList();
  }

  static boolean fits(Conv2dShape s) {
    return s.kh() == 3
        && s.kw() == 3
        && s.strideH() == 1
        && s.strideW() == 1
        && s.dilationH() == 1
        && s.dilationW() == 1
        && s.groups() == 1
        && s.padH() <= 2
        && s.padW() <= 2;
  }

  @Override
  boolean fits(Entry<Conv2dShape> entry, Layout layout) {
    return runsOn(layout, entry.variant());
  }

  /** Row-major images have lists alone. */
  static boolean runsOn(Layout layout, String variant) {
    return layout != Layout.NCHW || !variant.contains("WINOGRAD") && !variant.contains("DENSE");
  }

  @Override
  public List<Entry<Conv2dShape>> entries() {
    List<Entry<Conv2dShape>> entries = new ArrayList<>();
    for (Conv2dAlgorithm algorithm : Conv2dAlgorithm.values()) {
      if (algorithm == Conv2dAlgorithm.POINTWISE) {
        continue; // what AUTO takes for every 1x1 problem of MaskedConv2dParityTest
      }
      String variant = algorithm.name();
      entries.add(
          new Entry<>("masked_conv2d_forward", variant, (i, s, p) -> forward(i, s, p, algorithm)));
      entries.add(
          new Entry<>(
              "masked_conv2d_backward_data",
              variant,
              (i, s, p) -> backwardData(i, s, p, algorithm)));
      entries.add(
          new Entry<>(
              "masked_conv2d_backward_weights",
              variant,
              (i, s, p) -> backwardWeights(i, s, p, algorithm)));
    }
    return entries;
  }

  /** AUTO takes either; the norm is the wider bound. */
  private static Tolerance tolerance(Conv2dAlgorithm algorithm, Tolerance sumOfProducts) {
    boolean sums =
        algorithm == Conv2dAlgorithm.TAPS
            || algorithm == Conv2dAlgorithm.KERNELS
            || algorithm == Conv2dAlgorithm.DENSE;
    return sums ? sumOfProducts : Tolerance.WINOGRAD;
  }

  private static MaskedConv2d bind(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Conv2dAlgorithm algorithm) {
    Mask mask = side.mask("mask", s.o(), s.reductionLength(), problem.density());
    return MaskedConv2d.bind(side.context(), s.withN(side.capacity(s.n())))
        .mask(mask)
        .algorithm(algorithm);
  }

  private static Runnable forward(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Conv2dAlgorithm algorithm) {
    Tolerance exact = Tolerance.product(s.reductionLength(), "src", "weights", "bias");
    MaskedConv2d op =
        bind(side, s, problem, algorithm)
            .weights(side.plain("weights", s.o(), s.i(), s.kh(), s.kw()))
            .bias(s.o() % 3 == 0 ? null : side.plain("bias", s.o()))
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", tolerance(algorithm, exact), s.n(), s.o(), s.oh(), s.ow()));
    op.batch(s.n());
    return op::forward;
  }

  private static Runnable backwardData(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Conv2dAlgorithm algorithm) {
    Tolerance exact = Tolerance.product(s.o() * 9L, "diffDst", "weights");
    MaskedConv2d op =
        bind(side, s, problem, algorithm)
            .weights(side.plain("weights", s.o(), s.i(), s.kh(), s.kw()))
            .diffDst(side.diff("diffDst", s.n(), s.o(), s.oh(), s.ow()))
            .diffSrc(
                side.writtenDiff(
                    "diffSrc", tolerance(algorithm, exact), s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::backwardData;
  }

  static Runnable backwardWeights(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Conv2dAlgorithm algorithm) {
    long products = (long) s.n() * s.oh() * s.ow();
    Tolerance exact = Tolerance.product(products, "src", "diffDst", "diffWeights");
    MaskedConv2d op =
        bind(side, s, problem, algorithm)
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .diffDst(side.diff("diffDst", s.n(), s.o(), s.oh(), s.ow()))
            .diffWeights(
                side.updatedPlain(
                    "diffWeights", tolerance(algorithm, exact), s.o(), s.i(), s.kh(), s.kw()));
    op.batch(s.n());
    return op::backwardWeights;
  }

  @Test
  void thePlanFollowsShapeAndMaskAlone() {
    Conv2dShape shape = Conv2dShape.square(64, 64, 32, 32, 64, 3, 1, 1);
    try (Context context = Context.cpu();
        Mask full = Mask.full(context, 64, 576);
        Mask empty = Mask.empty(context, 64, 576)) {
      MaskedConv2d op = MaskedConv2d.bind(context, shape).mask(full);
      assertTrue(op.explain(Direction.FORWARD).startsWith("winograd:"));
      assertTrue(op.explain(Direction.BACKWARD_WEIGHTS).startsWith("winograd:"));
      String all = op.explain(Direction.FORWARD);
      op.batch(16);
      assertEquals(all, op.explain(Direction.FORWARD), "the batch must not enter the plan");
      assertTrue(op.exact(true).explain(Direction.FORWARD).startsWith("dense:"));
      assertTrue(op.mask(empty).explain(Direction.FORWARD).contains("0 of 36864 weights"));
    }
  }

  @Test
  void anImageDoesNotFeelItsBatch() {
    Conv2dShape shape = Conv2dShape.square(64, 40, 8, 8, 24, 3, 1, 1);
    try (Context context = Context.cpu();
        Tensor src = Tensor.activations(context, 64, 40, 8, 8);
        Tensor weights = Tensor.plain(context, 24, 40, 3, 3);
        Tensor dst = Tensor.activations(context, 64, 24, 8, 8)) {
      src.upload(uniform(64 * 40 * 64, "src"));
      weights.upload(uniform(24 * 40 * 9, "weights"));
      for (Conv2dAlgorithm algorithm : Conv2dAlgorithm.values()) {
        if (algorithm == Conv2dAlgorithm.POINTWISE) {
          continue;
        }
        MaskedConv2d op =
            MaskedConv2d.bind(context, shape).algorithm(algorithm).src(src).weights(weights);
        op.dst(dst).forward();
        float[] whole = dst.download();
        op.batch(16);
        dst.zero();
        op.forward();
        int first = 16 * 24 * 64;
        assertArrayEquals(
            Arrays.copyOf(whole, first), Arrays.copyOf(dst.download(), first), algorithm.name());
      }
    }
  }

  private static float[] uniform(int count, String purpose) {
    CounterRandom random = CounterRandom.of(1, purpose);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.uniform(-1, 1);
    }
    return values;
  }

  @Test
  void aForcedAlgorithmThatDoesNotFitIsRefused() {
    Conv2dShape strided = Conv2dShape.square(16, 8, 9, 9, 8, 3, 2, 1);
    try (Context context = Context.cpu()) {
      MaskedConv2d op = MaskedConv2d.bind(context, strided).algorithm(Conv2dAlgorithm.WINOGRAD);
      String message =
          assertThrows(
                  UnsupportedOperationException.class, () -> op.explain(Direction.BACKWARD_DATA))
              .getMessage();
      assertTrue(message.contains("winograd needs a 3x3 filter"), message);
    }
  }

  @Test
  void rowMajorImagesAreConvolvedByLists() {
    Conv2dShape shape = Conv2dShape.square(1, 8, 9, 9, 8, 3, 1, 1);
    try (Context context = Context.cpu();
        Mask full = Mask.full(context, 8, 72);
        Tensor src = Tensor.activations(context, 1, 8, 9, 9);
        Tensor dst = Tensor.activations(context, 1, 8, 9, 9)) {
      MaskedConv2d op = MaskedConv2d.bind(context, shape).mask(full).src(src).dst(dst);
      String plan = op.explain(Direction.FORWARD);
      assertTrue(plan.startsWith("kernels:") && plan.contains("row-major"), plan);
      op.algorithm(Conv2dAlgorithm.WINOGRAD);
      String message =
          assertThrows(UnsupportedOperationException.class, () -> op.explain(Direction.FORWARD))
              .getMessage();
      assertTrue(message.contains("row-major activations"), message);
    }
  }
}
