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
    BatchNorm op =
        BatchNorm.bind(context, s)
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
            .dst(dst)
            .diffDst(rig.images("diffDst", s.n(), s.c(), s.h(), s.w()))
            .diffSrc(diffSrc);
    long terms = (long) s.n() * s.h() * s.w();
    double elements = s.elements();
    return rig.call("forward", op::forward, 6 * elements, 12 * elements, terms, dst)
        .call("backward", op::backward, 9 * elements, 20 * elements, terms, diffSrc);
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
}
