// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Pool2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaxPool2d;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link MaxPool2d}. */
public class MaxPool2dBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("lenet:pool1")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    Pool2dShape all = Problems.pool2d(problem);
    Pool2dShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor dst = rig.images("dst", s.n(), s.c(), s.oh(), s.ow());
    Tensor diffSrc = rig.images("diffSrc", s.n(), s.c(), s.h(), s.w());
    MaxPool2d op =
        MaxPool2d.bind(context, s)
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .dst(dst)
            .diffDst(rig.images("diffDst", s.n(), s.c(), s.oh(), s.ow()))
            .diffSrc(diffSrc);
    double results = (double) s.n() * s.c() * s.oh() * s.ow();
    double flops = results * s.kh() * s.kw();
    double bytes = 4 * (results + (double) s.n() * s.c() * s.h() * s.w());
    long terms = (long) s.kh() * s.kw();
    return rig.call("forward", op::forward, flops, bytes, terms, dst)
        .call("backwardData", op::backwardData, flops, bytes, terms, diffSrc);
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
