// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.ops.MaskedLinear;
import java.util.List;

class MaskedLinearParityTest extends KernelParityTest<LinearShape> {
  @Override
  public String stem() {
    return "masked_linear";
  }

  @Override
  List<Problem<LinearShape>> problems() {
    return Problems.linear();
  }

  @Override
  public List<Entry<LinearShape>> entries() {
    return List.of(
        entry("masked_linear_forward", this::forward),
        entry("masked_linear_backward_data", this::backwardData),
        entry("masked_linear_backward_weights", this::backwardWeights));
  }

  private static MaskedLinear bind(Side side, LinearShape s, Problem<LinearShape> problem) {
    Mask mask = side.mask("mask", s.o(), s.i(), problem.density());
    return MaskedLinear.bind(side.context(), s.withN(side.capacity(s.n()))).mask(mask);
  }

  private Runnable forward(Side side, LinearShape s, Problem<LinearShape> problem) {
    Tolerance tolerance = Tolerance.product(s.i(), "src", "weights", "bias");
    MaskedLinear op =
        bind(side, s, problem)
            .weights(side.plain("weights", s.o(), s.i()))
            .bias(s.o() % 3 == 0 ? null : side.plain("bias", s.o()))
            .src(side.value("src", s.n(), s.i(), 1, 1))
            .dst(side.written("dst", tolerance, s.n(), s.o(), 1, 1));
    op.batch(s.n());
    return op::forward;
  }

  private Runnable backwardData(Side side, LinearShape s, Problem<LinearShape> problem) {
    Tolerance tolerance = Tolerance.product(s.o(), "diffDst", "weights");
    MaskedLinear op =
        bind(side, s, problem)
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
    MaskedLinear op =
        bind(side, s, problem)
            .src(side.value("src", s.n(), s.i(), 1, 1))
            .diffDst(side.diff("diffDst", s.n(), s.o(), 1, 1))
            .diffWeights(side.updatedPlain("diffWeights", weights, s.o(), s.i()))
            .diffBias(s.o() % 3 == 0 ? null : side.updatedPlain("diffBias", bias, s.o()));
    op.batch(s.n());
    return op::backwardWeights;
  }
}
