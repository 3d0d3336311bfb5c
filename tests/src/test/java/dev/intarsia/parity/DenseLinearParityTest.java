// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.LinearShape;
import dev.intarsia.ops.DenseLinear;
import java.util.List;

/** The one op that a library carries: it stands in no registry, and means masked_linear. */
class DenseLinearParityTest extends KernelParityTest<LinearShape> {
  @Override
  public String stem() {
    return "dense_linear";
  }

  @Override
  List<Problem<LinearShape>> problems() {
    return Problems.linear().stream().filter(problem -> !problem.name().contains("mask")).toList();
  }

  @Override
  public List<Entry<LinearShape>> entries() {
    return List.of(
        entry("dense_linear_forward", this::forward),
        entry("dense_linear_backward_data", this::backwardData),
        entry("dense_linear_backward_weights", this::backwardWeights));
  }

  private static DenseLinear bind(Side side, LinearShape s) {
    return DenseLinear.bind(side.context(), s.withN(side.capacity(s.n())));
  }

  private Runnable forward(Side side, LinearShape s, Problem<LinearShape> problem) {
    Tolerance tolerance = Tolerance.product(s.i(), "src", "weights", "bias");
    DenseLinear op =
        bind(side, s)
            .weights(side.plain("weights", s.o(), s.i()))
            .bias(s.o() % 3 == 0 ? null : side.plain("bias", s.o()))
            .src(side.value("src", s.n(), s.i(), 1, 1))
            .dst(side.written("dst", tolerance, s.n(), s.o(), 1, 1));
    op.batch(s.n());
    return op::forward;
  }

  private Runnable backwardData(Side side, LinearShape s, Problem<LinearShape> problem) {
    Tolerance tolerance = Tolerance.product(s.o(), "diffDst", "weights");
    DenseLinear op =
        bind(side, s)
            .weights(side.plain("weights", s.o(), s.i()))
            .diffDst(side.diff("diffDst", s.n(), s.o(), 1, 1))
            .diffSrc(side.writtenDiff("diffSrc", tolerance, s.n(), s.i(), 1, 1));
    op.batch(s.n());
    return op::backwardData;
  }

  private Runnable backwardWeights(Side side, LinearShape s, Problem<LinearShape> problem) {
    Tolerance weights = Tolerance.product(s.n(), "src", "diffDst", "diffWeights");
    Tolerance bias =
        Tolerance.sum(s.n() + 1, ref -> Math.max(ref.max("diffDst"), ref.max("diffBias")));
    DenseLinear op =
        bind(side, s)
            .src(side.value("src", s.n(), s.i(), 1, 1))
            .diffDst(side.diff("diffDst", s.n(), s.o(), 1, 1))
            .diffWeights(side.updatedPlain("diffWeights", weights, s.o(), s.i()))
            .diffBias(s.o() % 3 == 0 ? null : side.updatedPlain("diffBias", bias, s.o()));
    op.batch(s.n());
    return op::backwardWeights;
  }
}
