// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Layout;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedLinear;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        entry("masked_linear_pack", this::packedForward),
        entry("masked_linear_pack", "transposed", this::packedBackwardData),
        entry("masked_linear_forward", this::forward),
        entry("masked_linear_backward_data", this::backwardData),
        entry("masked_linear_backward_weights", this::backwardWeights));
  }

  private static MaskedLinear bind(Side side, LinearShape s, Problem<LinearShape> problem) {
    Mask mask = side.mask("mask", s.o(), s.i(), problem.density());
    return MaskedLinear.bind(side.context(), s.withN(side.capacity(s.n()))).mask(mask);
  }

  private Runnable forward(Side side, LinearShape s, Problem<LinearShape> problem) {
    return forwardOp(side, s, problem)::forward;
  }

  private Runnable packedForward(Side side, LinearShape s, Problem<LinearShape> problem) {
    MaskedLinear op = forwardOp(side, s, problem);
    return () -> {
      try (Tensor packed = Tensor.plain(side.context(), op.packedLength())) {
        op.packed(packed).pack();
        op.forward();
      }
    };
  }

  private static MaskedLinear forwardOp(Side side, LinearShape s, Problem<LinearShape> problem) {
    Tolerance tolerance = Tolerance.product(s.i(), "src", "weights", "bias");
    MaskedLinear op =
        bind(side, s, problem)
            .weights(side.plain("weights", s.o(), s.i()))
            .bias(s.o() % 3 == 0 ? null : side.plain("bias", s.o()))
            .src(side.value("src", s.n(), s.i(), 1, 1))
            .dst(side.written("dst", tolerance, s.n(), s.o(), 1, 1));
    op.batch(s.n());
    return op;
  }

  private Runnable backwardData(Side side, LinearShape s, Problem<LinearShape> problem) {
    return backwardDataOp(side, s, problem)::backwardData;
  }

  private Runnable packedBackwardData(Side side, LinearShape s, Problem<LinearShape> problem) {
    MaskedLinear op = backwardDataOp(side, s, problem);
    return () -> {
      try (Tensor packed = Tensor.plain(side.context(), op.packedTransposedLength())) {
        op.packedTransposed(packed).pack();
        op.backwardData();
      }
    };
  }

  private static MaskedLinear backwardDataOp(
      Side side, LinearShape s, Problem<LinearShape> problem) {
    Tolerance tolerance = Tolerance.product(s.o(), "diffDst", "weights");
    MaskedLinear op =
        bind(side, s, problem)
            .weights(side.plain("weights", s.o(), s.i()))
            .diffDst(side.diff("diffDst", s.n(), s.o(), 1, 1))
            .diffSrc(side.writtenDiff("diffSrc", tolerance, s.n(), s.i(), 1, 1));
    op.batch(s.n());
    return op;
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

  /** Packed or not, in a batch or alone: the same bits; and what is not packed is refused. */
  @ParameterizedTest
  @ValueSource(doubles = {1, 0.5, 0.1})
  void packingDoesNotChangeABit(double density) {
    LinearShape s = new LinearShape(70, 600, 150);
    try (Context context = Context.cpu();
        Side side = new Side(context, "packing", false, Layout.NCHW16)) {
      MaskedLinear op =
          MaskedLinear.bind(context, s)
              .weights(side.plain("weights", s.o(), s.i()))
              .mask(side.mask("mask", s.o(), s.i(), density))
              .src(side.value("src", s.n(), s.i(), 1, 1));
      Tensor plain = side.written("plain", Tolerance.EXACT, s.n(), s.o(), 1, 1);
      Tensor packed = side.written("packed", Tolerance.EXACT, s.n(), s.o(), 1, 1);
      op.dst(plain).forward();
      Tensor memory = Tensor.plain(context, op.packedLength());
      op.packed(memory).dst(packed);
      Exception e = assertThrows(IllegalArgumentException.class, op::forward);
      assertTrue(e.getMessage().contains("packed holds no packed weights"), e.getMessage());
      op.pack();
      op.forward();
      assertArrayEquals(plain.download(), packed.download());
      op.batch(3);
      op.forward();
      assertArrayEquals(plain.download(), packed.download());
    }
  }
}
