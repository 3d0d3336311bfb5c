// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.ops.MaskCut;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link MaskCut}. */
public class MaskCutBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("alexnet:conv2")
  public String problem;

  /** Fraction of weights that are candidates. */
  @Param("0.5")
  public double density;

  @Override
  Rig rig(Context context, int images) {
    PlaneShape s = Problems.plane(problem);
    Rig rig = new Rig(context);
    Mask mask = rig.mask("mask", s.rows(), s.cols(), 0);
    Tensor kept = rig.counts(1);
    Tensor threshold = rig.plain("threshold", 1);
    threshold.upload(new float[] {0.5f});
    MaskCut op =
        MaskCut.bind(context, s)
            .values(rig.plain("values", s.rows(), s.cols()))
            .candidates(rig.mask("candidates", s.rows(), s.cols(), density))
            .threshold(threshold)
            .ties(Ties.KEPT)
            .mask(mask)
            .kept(kept);
    double bytes = s.elements() * (4 + 2 / 8.0);
    return rig.call("apply", op::apply, 0, bytes, 0, mask, kept);
  }

  /** A mask of the larger half. */
  @Benchmark
  public void apply(Rate rate) {
    run("apply", rate);
  }
}
