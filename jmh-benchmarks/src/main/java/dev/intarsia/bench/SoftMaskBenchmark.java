// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.SoftMaskMode;
import dev.intarsia.Tensor;
import dev.intarsia.ops.SoftMask;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link SoftMask}. */
public class SoftMaskBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("alexnet:conv2")
  public String problem;

  /** Weights of a unit. */
  @Param({"9", "1"})
  public int span;

  @Override
  Rig rig(Context context, int images) {
    PlaneShape s = Problems.plane(problem);
    int units = SoftMask.units(s, span);
    Rig rig = new Rig(context);
    Tensor scores = rig.plain("scores", s.rows(), units);
    Tensor effective = rig.plain("effective", s.rows(), s.cols());
    Tensor diffScores = rig.plain("diffScores", s.rows(), units);
    Mask mask = rig.mask("mask", s.rows(), s.cols(), 0);
    SoftMask soft =
        SoftMask.bind(context, s, span, 1)
            .scores(scores)
            .weights(rig.plain("weights", s.rows(), s.cols()))
            .effective(effective)
            .mask(mask)
            .diffFactors(rig.plain("diffFactors", s.rows(), s.cols()))
            .diffScores(diffScores);
    SoftMask binary =
        SoftMask.bind(context, s, span, 1).mode(SoftMaskMode.BINARY).scores(scores).mask(mask);
    long elements = s.elements();
    double scored = 4.0 * s.rows() * units;
    rig.call("soft", soft::forward, elements, elements * 8.125 + scored, 0, effective, mask);
    rig.call("binary", binary::forward, 0, elements / 8.0 + scored, 0, mask);
    return rig.call(
        "backward",
        soft::backward,
        elements,
        elements * 4.0 + 2 * scored,
        4L * (span + 4), // the sum, and the rounding of the slope
        diffScores);
  }

  /** Effective weights and bits of soft factors. */
  @Benchmark
  public void soft(Rate rate) {
    run("soft", rate);
  }

  /** Bits alone. */
  @Benchmark
  public void binary(Rate rate) {
    run("binary", rate);
  }

  /** The gradient of scores from one per weight. */
  @Benchmark
  public void backward(Rate rate) {
    run("backward", rate);
  }
}
