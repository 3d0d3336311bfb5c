// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.ActivationShape;
import dev.intarsia.ops.Dropout;
import java.util.List;

class DropoutParityTest extends KernelParityTest<ActivationShape> {
  private static final long SEED = 0x9ABCDEF012345678L; // both halves of the key matter
  private static final long DRAW = 0x1234567890L;

  @Override
  public String stem() {
    return "dropout";
  }

  @Override
  List<Problem<ActivationShape>> problems() {
    return Problems.activations();
  }

  @Override
  public List<Entry<ActivationShape>> entries() {
    return List.of(
        entry("dropout_forward", (side, shape, problem) -> forward(side, shape, 0.3f)),
        entry("dropout_forward", "rate 0", (side, shape, problem) -> forward(side, shape, 0)),
        entry("dropout_forward", "rate 0.9", (side, shape, problem) -> forward(side, shape, 0.9f)),
        entry("dropout_backward_data", this::backwardData));
  }

  private static Dropout bind(Side side, ActivationShape s, float rate) {
    return Dropout.bind(side.context(), s.withN(side.capacity(s.n())))
        .rate(rate)
        .seed(SEED)
        .draw(DRAW);
  }

  /** One product; what is dropped is zero, and a kept value is no zero within this tolerance. */
  private Runnable forward(Side side, ActivationShape s, float rate) {
    Tolerance tolerance = Tolerance.sum(1, ref -> Math.max(ref.max("src"), ref.max("dst")));
    Dropout op =
        bind(side, s, rate)
            .src(side.value("src", away(s), s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", tolerance, s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::forward;
  }

  private static float[] away(ActivationShape s) {
    return Values.uniform("dropout", s.elements(), 0.5f, 1);
  }

  private Runnable backwardData(Side side, ActivationShape s, Problem<ActivationShape> problem) {
    Tolerance tolerance = Tolerance.sum(1, ref -> ref.max("diffSrc"));
    Dropout op =
        bind(side, s, 0.5f)
            .diffDst(side.diff("diffDst", s.n(), s.c(), s.h(), s.w()))
            .diffSrc(side.writtenDiff("diffSrc", tolerance, s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::backwardData;
  }
}
