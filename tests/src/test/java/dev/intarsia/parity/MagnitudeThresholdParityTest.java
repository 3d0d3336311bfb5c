// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.ops.MagnitudeThreshold;
import java.util.List;

class MagnitudeThresholdParityTest extends KernelParityTest<PlaneShape> {
  @Override
  public String stem() {
    return "magnitude_threshold";
  }

  /** An order statistic needs a candidate. */
  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes().stream()
        .filter(problem -> problem.maskless() || problem.density() > 0)
        .toList();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    return List.of(
        entry(
            "magnitude_threshold_select",
            "smallest",
            (side, shape, problem) -> select(side, shape, problem, 0, false)),
        entry(
            "magnitude_threshold_select",
            "middle",
            (side, shape, problem) -> select(side, shape, problem, 0.5, false)),
        entry(
            "magnitude_threshold_select",
            "largest",
            (side, shape, problem) -> select(side, shape, problem, 1, false)),
        entry(
            "magnitude_threshold_select",
            "ties",
            (side, shape, problem) -> select(side, shape, problem, 0.4, true)));
  }

  private Runnable select(
      Side side, PlaneShape s, Problem<PlaneShape> problem, double where, boolean ties) {
    int rows = s.rows();
    int cols = s.cols();
    boolean[] bits = Values.bits(problem + "/candidates", s.elements(), problem.density());
    bits[s.elements() - 1] = true; // at least one
    Mask candidates = problem.maskless() ? null : side.mask("candidates", rows, cols, bits);
    long count = problem.maskless() ? s.elements() : candidates.cardinality();
    String name = problem + "/values";
    float[] values = ties ? Values.tied(name, s.elements()) : Values.signed(name, s.elements());
    return MagnitudeThreshold.bind(side.context(), s)
            .values(side.plain("values", values, rows, cols))
            .candidates(candidates)
            .rank(1 + Math.round(where * (count - 1)))
            .threshold(side.writtenPlain("threshold", Tolerance.EXACT, 1))
            .counts(side.counts("counts", 2))
        ::select;
  }
}
