// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.Upsample2dShape;
import dev.intarsia.UpsampleMode;
import dev.intarsia.ops.Upsample2d;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link Upsample2d}. */
public class Upsample2dBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("segnet:up1")
  public String problem;

  /** How pixels are found. */
  @Param({"BILINEAR", "NEAREST"})
  public UpsampleMode mode;

  @Override
  Rig rig(Context context, int images) {
    Upsample2dShape all = Problems.upsample2d(problem);
    Upsample2dShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor dst = rig.images("dst", s.n(), s.c(), s.oh(), s.ow());
    Tensor diffSrc = rig.images("diffSrc", s.n(), s.c(), s.h(), s.w());
    Upsample2d op =
        Upsample2d.bind(context, s)
            .mode(mode)
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .dst(dst)
            .diffDst(rig.images("diffDst", s.n(), s.c(), s.oh(), s.ow()))
            .diffSrc(diffSrc);
    double results = (double) s.n() * s.c() * s.oh() * s.ow();
    double pixels = (double) s.n() * s.c() * s.h() * s.w();
    double flops = mode == UpsampleMode.NEAREST ? results : 2 * results + 4 * pixels;
    double bytes = 4 * (results + pixels);
    long terms = 4L * s.scaleH() * s.scaleW();
    return rig.call("forward", op::forward, flops, bytes, 4, dst)
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
