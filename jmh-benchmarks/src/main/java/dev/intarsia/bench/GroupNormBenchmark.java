// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.GroupNorm;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link GroupNorm}. */
public class GroupNormBenchmark extends KernelBenchmark {
  private static final int CHANNELS_OF_A_GROUP = 16;

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
    int groups = s.c() / CHANNELS_OF_A_GROUP;
    GroupNorm op =
        GroupNorm.bind(context, s)
            .groups(groups)
            .epsilon(1e-5f)
            .scale(rig.plain("scale", s.c()))
            .shift(rig.plain("shift", s.c()))
            .savedMean(rig.images("savedMean", s.n(), groups, 1, 1))
            .savedRstd(rig.images("savedRstd", s.n(), groups, 1, 1))
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .dst(dst)
            .diffDst(rig.images("diffDst", s.n(), s.c(), s.h(), s.w()))
            .diffSrc(diffSrc);
    long terms = (long) CHANNELS_OF_A_GROUP * s.h() * s.w();
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
