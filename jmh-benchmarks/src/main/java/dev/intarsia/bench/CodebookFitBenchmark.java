// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookFit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link CodebookFit}. */
public class CodebookFitBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("alexnet:conv2")
  public String problem;

  /** Fraction of weights that take part. */
  @Param("1")
  public double density;

  /** Centres. */
  @Param("16")
  public int size;

  @Override
  Rig rig(Context context, int images) {
    PlaneShape s = Problems.plane(problem);
    Rig rig = new Rig(context);
    Tensor centres = rig.plain("centres", size);
    Tensor used = rig.counts(1);
    CodebookFit op =
        CodebookFit.bind(context, s, size)
            .values(rig.plain("values", s.rows(), s.cols()))
            .selected(rig.mask("selected", s.rows(), s.cols(), density))
            .centres(centres)
            .used(used);
    double bytes = s.elements() * (4 + 1 / 8.0);
    return rig.call("apply", op::apply, 0, bytes, 0, centres, used);
  }

  /** Centres of the selected values. */
  @Benchmark
  public void apply(Rate rate) {
    run("apply", rate);
  }
}
