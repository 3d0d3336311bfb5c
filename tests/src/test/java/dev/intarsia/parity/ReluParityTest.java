// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.ActivationShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Relu;
import dev.intarsia.parity.Field.Role;
import java.util.List;

class ReluParityTest extends KernelParityTest<ActivationShape> {
  @Override
  public String stem() {
    return "relu";
  }

  @Override
  List<Problem<ActivationShape>> problems() {
    return Problems.activations();
  }

  @Override
  public List<Entry<ActivationShape>> entries() {
    return List.of(
        entry("relu_forward", this::forward),
        entry("relu_forward", "in place", this::forwardInPlace),
        entry("relu_backward_data", this::backwardData),
        entry("relu_backward_data", "in place", this::backwardDataInPlace));
  }

  private static Relu bind(Side side, ActivationShape s) {
    return Relu.bind(side.context(), s.withN(side.capacity(s.n())));
  }

  private Runnable forward(Side side, ActivationShape s, Problem<ActivationShape> problem) {
    Relu op =
        bind(side, s)
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", Tolerance.EXACT, s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::forward;
  }

  private Runnable forwardInPlace(Side side, ActivationShape s, Problem<ActivationShape> problem) {
    Tensor both = side.updated("dst", Role.WRITTEN, Tolerance.EXACT, s.n(), s.c(), s.h(), s.w());
    Relu op = bind(side, s).src(both).dst(both);
    op.batch(s.n());
    return op::forward;
  }

  private Runnable backwardData(Side side, ActivationShape s, Problem<ActivationShape> problem) {
    Relu op =
        bind(side, s)
            .dst(side.value("dst", s.n(), s.c(), s.h(), s.w()))
            .diffDst(side.diff("diffDst", s.n(), s.c(), s.h(), s.w()))
            .diffSrc(side.writtenDiff("diffSrc", Tolerance.EXACT, s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::backwardData;
  }

  private Runnable backwardDataInPlace(
      Side side, ActivationShape s, Problem<ActivationShape> problem) {
    Tensor both =
        side.updated("diff", Role.WRITTEN_DIFF, Tolerance.EXACT, s.n(), s.c(), s.h(), s.w());
    Relu op =
        bind(side, s)
            .dst(side.value("dst", s.n(), s.c(), s.h(), s.w()))
            .diffDst(both)
            .diffSrc(both);
    op.batch(s.n());
    return op::backwardData;
  }
}
