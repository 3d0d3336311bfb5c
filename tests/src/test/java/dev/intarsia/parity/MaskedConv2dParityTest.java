// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.Conv2dAlgorithm;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Layout;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import java.util.ArrayList;
import java.util.List;

/** The choice and the algorithms that take any shape; the others are in Conv2dAlgorithmsTest. */
class MaskedConv2dParityTest extends KernelParityTest<Conv2dShape> {
  private static final List<Conv2dAlgorithm> ANY_SHAPE =
      List.of(Conv2dAlgorithm.AUTO, Conv2dAlgorithm.TAPS, Conv2dAlgorithm.DENSE);

  @Override
  public String stem() {
    return "masked_conv2d";
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
    entries.add(entry("masked_conv2d_backward_weights", this::backwardWeights));
    for (Conv2dAlgorithm algorithm : ANY_SHAPE) {
      String variant = algorithm.name();
      entries.add(
          new Entry<>("masked_conv2d_forward", variant, (i, s, p) -> forward(i, s, p, algorithm)));
      entries.add(
          new Entry<>(
              "masked_conv2d_backward_data",
              variant,
              (i, s, p) -> backwardData(i, s, p, algorithm)));
    }
    return entries;
  }

  private static MaskedConv2d bind(Side side, Conv2dShape s, Problem<Conv2dShape> problem) {
    Mask mask = side.mask("mask", s.o(), s.reductionLength(), problem.density());
    return MaskedConv2d.bind(side.context(), s.withN(side.capacity(s.n()))).mask(mask).exact(true);
  }

  private static Tensor weights(Side side, Conv2dShape s) {
    return side.plain("weights", s.o(), s.i(), s.kh(), s.kw());
  }

  private Runnable forward(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Conv2dAlgorithm algorithm) {
    Tolerance tolerance = Tolerance.product(s.reductionLength(), "src", "weights", "bias");
    MaskedConv2d op =
        bind(side, s, problem)
            .algorithm(algorithm)
            .weights(weights(side, s))
            .bias(s.o() % 3 == 0 ? null : side.plain("bias", s.o()))
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", tolerance, s.n(), s.o(), s.oh(), s.ow()));
    op.batch(s.n());
    return op::forward;
  }

  private Runnable backwardData(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Conv2dAlgorithm algorithm) {
    long products = (long) s.o() / s.groups() * s.kh() * s.kw();
    Tolerance tolerance = Tolerance.product(products, "diffDst", "weights");
    MaskedConv2d op =
        bind(side, s, problem)
            .algorithm(algorithm)
            .weights(weights(side, s))
            .diffDst(side.diff("diffDst", s.n(), s.o(), s.oh(), s.ow()))
            .diffSrc(side.writtenDiff("diffSrc", tolerance, s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::backwardData;
  }

  private Runnable backwardWeights(Side side, Conv2dShape s, Problem<Conv2dShape> problem) {
    long products = (long) s.n() * s.oh() * s.ow();
    Tolerance weights = Tolerance.product(products, "src", "diffDst", "diffWeights");
    Tolerance bias =
        Tolerance.sum(products + 1, ref -> Math.max(ref.max("diffDst"), ref.max("diffBias")));
    MaskedConv2d op =
        bind(side, s, problem)
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .diffDst(side.diff("diffDst", s.n(), s.o(), s.oh(), s.ow()))
            .diffWeights(side.updatedPlain("diffWeights", weights, s.o(), s.i(), s.kh(), s.kw()))
            .diffBias(s.o() % 3 == 0 ? null : side.updatedPlain("diffBias", bias, s.o()));
    op.batch(s.n());
    return op::backwardWeights;
  }
}
