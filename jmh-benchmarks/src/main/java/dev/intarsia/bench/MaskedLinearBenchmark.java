// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedLinear;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link MaskedLinear}. */
public class MaskedLinearBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("lenet:fc1")
  public String problem;

  /** Fraction of weights kept; above 1 for no mask. */
  @Param("0.5")
  public double density;

  @Override
  Rig rig(Context context, int images) {
    LinearShape all = Problems.linear(problem);
    LinearShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor dst = rig.images("dst", s.n(), s.o(), 1, 1);
    Tensor diffSrc = rig.images("diffSrc", s.n(), s.i(), 1, 1);
    Tensor diffWeights = rig.plain("diffWeights", s.o(), s.i());
    Tensor weights = rig.plain("weights", s.o(), s.i());
    Mask mask = rig.mask("mask", s.o(), s.i(), density);
    Tensor bias = rig.plain("bias", s.o());
    Tensor src = rig.images("src", s.n(), s.i(), 1, 1);
    MaskedLinear packed =
        MaskedLinear.bind(context, s).weights(weights).mask(mask).bias(bias).src(src).dst(dst);
    packed.packed(Tensor.plain(context, packed.packedLength())).pack();
    MaskedLinear op =
        MaskedLinear.bind(context, s)
            .weights(weights)
            .mask(mask)
            .bias(bias)
            .src(src)
            .dst(dst)
            .diffDst(rig.images("diffDst", s.n(), s.o(), 1, 1))
            .diffSrc(diffSrc)
            .diffWeights(diffWeights);
    double flops = 2.0 * s.n() * s.o() * s.i() * Math.min(density, 1);
    double bytes = 4.0 * s.n() * (s.i() + s.o()) + (double) s.o() * s.i() * (4 + 1 / 8.0);
    return rig.call("forward", op::forward, flops, bytes, s.i() + 1, dst)
        .call("packedForward", packed::forward, flops, bytes, s.i() + 1, dst)
        .call("backwardData", op::backwardData, flops, bytes, s.o(), diffSrc)
        .call("backwardWeights", op::backwardWeights, flops, bytes, s.n() + 1, diffWeights);
  }

  /** dst from src. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }

  /** dst from src and weights that were packed before. */
  @Benchmark
  public void packedForward(Rate rate) {
    run("packedForward", rate);
  }

  /** diff_src from diff_dst. */
  @Benchmark
  public void backwardData(Rate rate) {
    run("backwardData", rate);
  }

  /** diff_weights from src and diff_dst. */
  @Benchmark
  public void backwardWeights(Rate rate) {
    run("backwardWeights", rate);
  }
}
