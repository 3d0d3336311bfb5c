// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MagnitudeThreshold;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link MagnitudeThreshold}. */
public class MagnitudeThresholdBenchmark extends KernelBenchmark {
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
    Tensor threshold = rig.plain("threshold", 1);
    Tensor counts = rig.counts(2);
    MagnitudeThreshold op =
        MagnitudeThreshold.bind(context, s)
            .values(rig.plain("values", s.rows(), s.cols()))
            .candidates(rig.mask("candidates", s.rows(), s.cols(), density))
            .rank(Math.max(1, (long) (s.elements() * density / 2)))
            .threshold(threshold)
            .counts(counts);
    double bytes = s.elements() * (4 + 1 / 8.0);
    return rig.call("select", op::select, 0, bytes, 0, threshold, counts);
  }

  /** The middle of the magnitudes. */
  @Benchmark
  public void select(Rate rate) {
    run("select", rate);
  }
}
