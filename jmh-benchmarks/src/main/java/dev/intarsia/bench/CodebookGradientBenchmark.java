// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookGradient;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link CodebookGradient}. */
public class CodebookGradientBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("alexnet:conv2")
  public String problem;

  /** Fraction of weights that take part. */
  @Param("1")
  public double density;

  /** Of a code. */
  @Param("4")
  public int bits;

  @Override
  Rig rig(Context context, int images) {
    PlaneShape s = Problems.plane(problem);
    Rig rig = new Rig(context);
    Tensor diffCentres = rig.plain("diffCentres", 1 << bits);
    CodebookGradient op =
        CodebookGradient.bind(context, s, bits)
            .gradient(rig.plain("gradient", s.rows(), s.cols()))
            .selected(rig.mask("selected", s.rows(), s.cols(), density))
            .codes(rig.codes(s.rows(), s.cols(), bits))
            .diffCentres(diffCentres);
    double bytes = s.elements() * (4 + (1 + bits) / 8.0);
    return rig.call("apply", op::apply, s.elements(), bytes, s.elements() >> bits, diffCentres);
  }

  /** A sum per code. */
  @Benchmark
  public void apply(Rate rate) {
    run("apply", rate);
  }
}
