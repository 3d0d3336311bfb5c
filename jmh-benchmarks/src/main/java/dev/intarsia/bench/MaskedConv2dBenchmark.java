// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link MaskedConv2d}. */
public class MaskedConv2dBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param({"lenet:conv2", "resnet18:layer2.0.conv1"})
  public String problem;

  /** Fraction of weights kept; above 1 for no mask. */
  @Param("0.5")
  public double density;

  @Override
  Rig rig(Context context, int images) {
    Conv2dShape all = Problems.conv2d(problem);
    Conv2dShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor dst = rig.images("dst", s.n(), s.o(), s.oh(), s.ow());
    Tensor diffSrc = rig.images("diffSrc", s.n(), s.c(), s.h(), s.w());
    Tensor diffWeights = rig.plain("diffWeights", s.o(), s.i(), s.kh(), s.kw());
    MaskedConv2d op =
        MaskedConv2d.bind(context, s)
            .weights(rig.plain("weights", s.o(), s.i(), s.kh(), s.kw()))
            .mask(rig.mask("mask", s.o(), s.reductionLength(), density))
            .bias(rig.plain("bias", s.o()))
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .dst(dst)
            .diffDst(rig.images("diffDst", s.n(), s.o(), s.oh(), s.ow()))
            .diffSrc(diffSrc)
            .diffWeights(diffWeights);
    Tensor diffScores = rig.plain("diffScores", s.o(), s.i(), s.kh(), s.kw());
    Tensor splitWeights = rig.plain("splitWeights", s.o(), s.i(), s.kh(), s.kw());
    MaskedConv2d split =
        MaskedConv2d.bind(context, s)
            .weights(rig.plain("splitFrom", s.o(), s.i(), s.kh(), s.kw()))
            .mask(rig.mask("splitMask", s.o(), s.reductionLength(), density))
            .scores(rig.plain("scores", s.o(), s.i(), s.kh(), s.kw()))
            .src(rig.images("splitSrc", s.n(), s.c(), s.h(), s.w()))
            .diffDst(rig.images("splitDiffDst", s.n(), s.o(), s.oh(), s.ow()))
            .diffScores(diffScores)
            .diffWeights(splitWeights);
    long k = s.reductionLength();
    long pixels = (long) s.n() * s.oh() * s.ow();
    double flops = 2.0 * pixels * s.o() * k * Math.min(density, 1);
    double weights = s.o() * k * (4 + 1 / 8.0);
    double bytes = 4.0 * s.n() * s.c() * s.h() * s.w() + 4.0 * pixels * s.o() + weights;
    return rig.call("forward", op::forward, flops, bytes, k + 1, dst)
        .call("backwardData", op::backwardData, flops, bytes, s.o() * k / s.i(), diffSrc)
        .call("backwardWeights", op::backwardWeights, flops, bytes, pixels + 1, diffWeights)
        .call(
            "splitWeights",
            split::backwardWeights,
            2.0 * pixels * s.o() * k,
            bytes + 12.0 * s.o() * k,
            pixels + 1,
            splitWeights,
            diffScores);
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

  /** diff_weights from src and diff_dst. */
  @Benchmark
  public void backwardWeights(Rate rate) {
    run("backwardWeights", rate);
  }

  /** diff_weights and diff_scores from src and diff_dst, the gradient between never stored. */
  @Benchmark
  public void splitWeights(Rate rate) {
    run("splitWeights", rate);
  }
}
