// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.PlaneShape;
import dev.intarsia.Ties;
import dev.intarsia.ops.MaskCut;
import java.util.List;

class MaskCutParityTest extends KernelParityTest<PlaneShape> {
  private static final float TIED = 0.5f; // a magnitude that a seventh of the values has

  @Override
  public String stem() {
    return "mask_cut";
  }

  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    return List.of(
        entry(
            "mask_cut_apply",
            "ties kept",
            (side, shape, problem) -> cut(side, shape, problem, Ties.KEPT, TIED)),
        entry(
            "mask_cut_apply",
            "ties dropped",
            (side, shape, problem) -> cut(side, shape, problem, Ties.DROPPED, TIED)),
        entry(
            "mask_cut_apply",
            "ties exact",
            (side, shape, problem) -> cut(side, shape, problem, Ties.EXACT, TIED)),
        entry(
            "mask_cut_apply",
            "at zero",
            (side, shape, problem) -> cut(side, shape, problem, Ties.KEPT, -0.0f)),
        entry(
            "mask_cut_apply",
            "none left",
            (side, shape, problem) -> cut(side, shape, problem, Ties.DROPPED, 1)));
  }

  private Runnable cut(
      Side side, PlaneShape s, Problem<PlaneShape> problem, Ties ties, float threshold) {
    int rows = s.rows();
    int cols = s.cols();
    return MaskCut.bind(side.context(), s)
            .values(
                side.plain("values", Values.tied(problem + "/values", s.elements()), rows, cols))
            .candidates(side.mask("candidates", rows, cols, problem.density()))
            .threshold(side.plain("threshold", new float[] {threshold}, 1))
            .ties(ties)
            .keep(s.elements() / 3)
            .mask(side.writtenMask("mask", rows, cols))
            .kept(side.counts("kept", 1))
        ::apply;
  }
}
