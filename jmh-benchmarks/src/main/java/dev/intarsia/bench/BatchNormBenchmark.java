// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.BatchNorm;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link BatchNorm}. */
public class BatchNormBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("resnet18:layer2")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    ActivationShape all = Problems.activations(problem);
    ActivationShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor dst = rig.images("dst", s.n(), s.c(), s.h(), s.w());
    Tensor diffSrc = rig.images("diffSrc", s.n(), s.c(), s.h(), s.w());
    BatchNorm op = bind(rig, s).dst(dst).diffSrc(diffSrc);
    Tensor sum = rig.images("sum", s.n(), s.c(), s.h(), s.w());
    Tensor diffAddend = rig.images("diffAddend", s.n(), s.c(), s.h(), s.w());
    Tensor diffSum = rig.images("diffSum", s.n(), s.c(), s.h(), s.w());
    BatchNorm block =
        bind(rig, s)
            .relu(true)
            .addend(rig.images("addend", s.n(), s.c(), s.h(), s.w()))
            .dst(sum)
            .diffSrc(diffSum)
            .diffAddend(diffAddend);
    long terms = (long) s.n() * s.h() * s.w();
    double elements = s.elements();
    return rig.call("forward", op::forward, 6 * elements, 12 * elements, terms, dst)
        .call("backward", op::backward, 9 * elements, 20 * elements, terms, diffSrc)
        .call("blockForward", block::forward, 8 * elements, 16 * elements, terms, sum)
        .call("blockBackward", block::backward, 10 * elements, 32 * elements, terms, diffSum);
  }

  private static BatchNorm bind(Rig rig, ActivationShape s) {
    return BatchNorm.bind(rig.context(), s)
        .batchStatistics(true)
        .momentum(0.1f)
        .epsilon(1e-5f)
        .scale(rig.plain("scale", s.c()))
        .shift(rig.plain("shift", s.c()))
        .runningMean(rig.plain("runningMean", s.c()))
        .runningVar(rig.positive("runningVar", s.c()))
        .savedMean(rig.plain("savedMean", s.c()))
        .savedRstd(rig.plain("savedRstd", s.c()))
        .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
        .diffDst(rig.images("diffDst", s.n(), s.c(), s.h(), s.w()));
  }

  /** dst from src. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }

  /** All gradients. */
  @Benchmark
  public void backward(Rate rate) {
    run("backward", rate);
  }

  /** dst = relu(norm + addend), the end of a residual block. */
  @Benchmark
  public void blockForward(Rate rate) {
    run("blockForward", rate);
  }

  /** Its gradients, that of the addend too. */
  @Benchmark
  public void blockBackward(Rate rate) {
    run("blockBackward", rate);
  }
}
