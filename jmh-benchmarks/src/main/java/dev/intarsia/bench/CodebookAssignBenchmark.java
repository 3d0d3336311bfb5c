// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookAssign;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link CodebookAssign}. */
public class CodebookAssignBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("alexnet:conv2")
  public String problem;

  /** Fraction of weights that are rounded. */
  @Param("1")
  public double density;

  /** Of a code. */
  @Param("4")
  public int bits;

  @Override
  Rig rig(Context context, int images) {
    PlaneShape s = Problems.plane(problem);
    Rig rig = new Rig(context);
    int size = 1 << bits;
    Tensor values = rig.plain("values", s.rows(), s.cols());
    Codes codes = Codes.zeros(context, s.rows(), s.cols(), bits);
    CodebookAssign op =
        CodebookAssign.bind(context, s, size)
            .values(values)
            .selected(rig.mask("selected", s.rows(), s.cols(), density))
            .centres(rig.centres(size))
            .codes(codes);
    double bytes = s.elements() * (8 + (1 + 2 * bits) / 8.0);
    return rig.call("apply", op::apply, 0, bytes, 0, values);
  }

  /** Codes and rounded values. */
  @Benchmark
  public void apply(Rate rate) {
    run("apply", rate);
  }
}
