// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.PlaneShape;
import dev.intarsia.ops.ScoreEpilogue;
import java.util.List;

class ScoreEpilogueParityTest extends KernelParityTest<PlaneShape> {
  @Override
  public String stem() {
    return "score_epilogue";
  }

  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    return List.of(entry("score_epilogue_apply", this::apply));
  }

  /** Scores have zeros among them, whose sign is 0. A product of two floats has one rounding. */
  private Runnable apply(Side side, PlaneShape s, Problem<PlaneShape> problem) {
    int rows = s.rows();
    int cols = s.cols();
    return ScoreEpilogue.bind(side.context(), s)
            .weights(side.plain("weights", rows, cols))
            .scores(
                side.plain("scores", Values.tied(problem + "/scores", s.elements()), rows, cols))
            .mask(side.mask("mask", rows, cols, problem.maskless() ? 1 : problem.density()))
            .frozen(side.mask("frozen", rows, cols, problem.density()))
            .candidates(side.mask("candidates", rows, cols, problem.density()))
            .diffWeights(side.updatedPlain("diffWeights", Tolerance.EXACT, rows, cols))
            .diffScores(side.writtenPlain("diffScores", Tolerance.EXACT, rows, cols))
        ::apply;
  }
}
