// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Relu;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link Relu}. */
public class ReluBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("lenet:conv1")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    ActivationShape all = Problems.activations(problem);
    ActivationShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor dst = rig.images("dst", s.n(), s.c(), s.h(), s.w());
    Tensor diffSrc = rig.images("diffSrc", s.n(), s.c(), s.h(), s.w());
    Relu op =
        Relu.bind(context, s)
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .dst(dst)
            .diffDst(rig.images("diffDst", s.n(), s.c(), s.h(), s.w()))
            .diffSrc(diffSrc);
    return rig.call("forward", op::forward, s.elements(), 8.0 * s.elements(), 0, dst)
        .call("backwardData", op::backwardData, s.elements(), 12.0 * s.elements(), 0, diffSrc);
  }

  /** dst from src. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }

  /** diff_src from diff_dst. */
  @Benchmark
  public void backwardData(Rate rate) {
    run("backwardData", rate);
  }
}
