// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.LinearShape;
import dev.intarsia.ops.MaskedLinear;
import java.util.List;

/** As {@link ConvGradientEpilogueTest}, of linear layers. */
class LinearGradientEpilogueTest extends KernelParityTest<LinearShape> {
  @Override
  public String stem() {
    return "score_epilogue";
  }

  @Override
  List<Problem<LinearShape>> problems() {
    return Problems.linear();
  }

  @Override
  public List<Entry<LinearShape>> entries() {
    return List.of(
        entry(
            "masked_linear_backward_weights",
            "scores",
            (side, s, problem) -> scores(side, s, problem, true)),
        entry(
            "masked_linear_backward_weights",
            "weights times gradient",
            (side, s, problem) -> scores(side, s, problem, false)),
        entry("masked_linear_backward_weights", "kernels", this::kernels));
  }

  private static MaskedLinear bind(Side side, LinearShape s, Problem<LinearShape> problem) {
    return MaskedLinear.bind(side.context(), s.withN(side.capacity(s.n())))
        .mask(side.mask("mask", s.o(), s.i(), problem.density()))
        .weights(side.plain("weights", s.o(), s.i()))
        .src(side.value("src", s.n(), s.i(), 1, 1))
        .diffDst(side.diff("diffDst", s.n(), s.o(), 1, 1));
  }

  private Runnable scores(Side side, LinearShape s, Problem<LinearShape> problem, boolean signed) {
    Tolerance weights =
        Tolerance.sum(
            s.n(), ref -> Math.max(ref.max("src") * ref.max("diffDst"), ref.max("diffWeights")));
    float[] scores = Values.tied(problem + "/scores", s.o() * s.i());
    MaskedLinear op =
        bind(side, s, problem)
            .scores(signed ? side.plain("scores", scores, s.o(), s.i()) : null)
            .frozen(s.o() % 2 == 0 ? null : side.mask("frozen", s.o(), s.i(), 0.5))
            .candidates(s.o() % 3 == 0 ? null : side.mask("candidates", s.o(), s.i(), 0.5))
            .diffWeights(side.writtenPlain("diffWeights", weights, s.o(), s.i()))
            .diffScores(
                side.writtenPlain("diffScores", timesWeights(s, "diffScores"), s.o(), s.i()));
    op.batch(s.n());
    return op::backwardWeights;
  }

  private Runnable kernels(Side side, LinearShape s, Problem<LinearShape> problem) {
    MaskedLinear op =
        bind(side, s, problem)
            .diffKernels(
                side.writtenPlain("diffKernels", timesWeights(s, "diffKernels"), s.o(), s.i()));
    op.batch(s.n());
    return op::backwardWeights;
  }

  /** Sums of a few terms outgrow them: the largest sum counts where it is above every term. */
  private static Tolerance timesWeights(LinearShape s, String result) {
    return Tolerance.sum(
        s.n(),
        ref -> Math.max(ref.max("src") * ref.max("diffDst") * ref.max("weights"), ref.max(result)));
  }
}
