// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookLinearInt8;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link CodebookLinearInt8}. */
public class CodebookLinearInt8Benchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("alexnet:fc1")
  public String problem;

  /** Fraction of weights in the mask; above 1 for no mask. */
  @Param("2")
  public double density;

  /** Of a code. */
  @Param("4")
  public int bits;

  @Override
  Rig rig(Context context, int images) {
    LinearShape all = Problems.linear(problem);
    LinearShape s = all.withN(images(images, all.n()));
    PlaneShape panels = PanelOrder.shape(new PlaneShape(s.o(), s.i()));
    Rig rig = new Rig(context);
    Tensor dst = Tensor.activations(context, s.n(), s.o(), 1, 1);
    CodebookLinearInt8 op =
        CodebookLinearInt8.bind(context, s, bits, 1)
            .codes(rig.codes(s.o(), s.i(), bits))
            .codebooks(rig.plain("codebooks", 1, 1 << bits))
            .mask(rig.mask("mask", panels.rows(), panels.cols(), density))
            .src(rig.images("src", s.n(), s.i(), 1, 1))
            .dst(dst);
    double flops = 2.0 * s.n() * s.o() * s.i();
    double bytes = (double) s.o() * s.i() * bits / 8 + 4.0 * s.n() * (s.o() + s.i());
    return rig.call("forward", op::forward, flops, bytes, 2, dst);
  }

  /** dst from src. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }
}
