// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.PlaneShape;
import dev.intarsia.ops.CodebookGradient;
import java.util.List;

class CodebookGradientParityTest extends KernelParityTest<PlaneShape> {
  @Override
  public String stem() {
    return "codebook_gradient";
  }

  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    return List.of(of(1), of(3), of(4), of(7));
  }

  private static Entry<PlaneShape> of(int bits) {
    return entry(
        "codebook_gradient_apply",
        bits + " bits",
        (side, s, problem) -> gradient(side, s, problem, bits));
  }

  private static Runnable gradient(Side side, PlaneShape s, Problem<PlaneShape> problem, int bits) {
    int rows = s.rows();
    int cols = s.cols();
    byte[] codes = Values.codes(problem + "/codes", s.elements(), bits);
    // The sums are doubles in another order: half an ulp of the float, and a margin.
    Tolerance tolerance = of -> 1e-6 * Math.max(1, of.max("diffCentres"));
    return CodebookGradient.bind(side.context(), s, bits)
            .gradient(side.plain("gradient", rows, cols))
            .selected(side.mask("selected", rows, cols, problem.density()))
            .codes(side.codes("codes", rows, cols, bits, codes, false))
            .diffCentres(side.writtenPlain("diffCentres", tolerance, 1L << bits))
        ::apply;
  }
}
