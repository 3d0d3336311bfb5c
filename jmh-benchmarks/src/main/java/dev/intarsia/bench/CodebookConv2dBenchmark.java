// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookConv2d;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link CodebookConv2d}. */
public class CodebookConv2dBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("resnet18:layer2.0.conv1")
  public String problem;

  /** Fraction of weights in the mask; above 1 for no mask. */
  @Param("2")
  public double density;

  /** Of a code. */
  @Param("4")
  public int bits;

  @Override
  Rig rig(Context context, int images) {
    Conv2dShape all = Problems.conv2d(problem);
    Conv2dShape s = all.withN(images(images, all.n()));
    PlaneShape panels = PanelOrder.shape(new PlaneShape(s.o(), s.reductionLength()));
    Rig rig = new Rig(context);
    Tensor dst = Tensor.activations(context, s.n(), s.o(), s.oh(), s.ow());
    Tensor diffSrc = Tensor.activations(context, s.n(), s.c(), s.h(), s.w());
    CodebookConv2d op =
        CodebookConv2d.bind(context, s, bits, 1)
            .codes(rig.codes(s.o(), s.reductionLength(), bits))
            .codebooks(rig.plain("codebooks", 1, 1 << bits))
            .mask(rig.mask("mask", panels.rows(), panels.cols(), density))
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .dst(dst)
            .diffDst(rig.images("diffDst", s.n(), s.o(), s.oh(), s.ow()))
            .diffSrc(diffSrc);
    long k = s.reductionLength();
    long pixels = (long) s.n() * s.oh() * s.ow();
    double flops = 2.0 * pixels * s.o() * k * Math.min(density, 1);
    double activations = 4.0 * s.n() * s.c() * s.h() * s.w() + 4.0 * pixels * s.o();
    double bytes = activations + (double) s.o() * k * bits / 8;
    return rig.call("forward", op::forward, flops, bytes, k, dst)
        .call("backwardData", op::backwardData, flops, bytes, s.o() * k / s.i(), diffSrc);
  }

  /** dst from src. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }

  /** diffSrc from diffDst. */
  @Benchmark
  public void backwardData(Rate rate) {
    run("backwardData", rate);
  }
}
