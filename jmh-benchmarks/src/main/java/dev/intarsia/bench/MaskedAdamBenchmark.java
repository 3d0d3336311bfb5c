// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedAdam;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link MaskedAdam}. */
public class MaskedAdamBenchmark extends KernelBenchmark {
  // So small that weights stay where they are over any number of calls.
  private static final float RATE = 1e-7f;

  /** Of problems.txt. */
  @Param("alexnet:conv2")
  public String problem;

  /** Fraction of weights that are trainable. */
  @Param("0.5")
  public double density;

  @Override
  Rig rig(Context context, int images) {
    PlaneShape s = Problems.plane(problem);
    Rig rig = new Rig(context);
    Tensor weights = rig.plain("weights", s.rows(), s.cols());
    Tensor first = rig.plain("first", s.rows(), s.cols());
    Tensor second = rig.positive("second", s.rows(), s.cols());
    MaskedAdam op =
        MaskedAdam.bind(context, s)
            .gradient(rig.plain("gradient", s.rows(), s.cols()))
            .trainable(rig.mask("trainable", s.rows(), s.cols(), density))
            .weights(weights)
            .firstMoment(first)
            .secondMoment(second)
            .learningRate(RATE)
            .beta1(0.9f)
            .beta2(0.999f)
            .epsilon(1e-8f)
            .stepCount(1000);
    double flops = 12 * s.elements() * density;
    double bytes = s.elements() * (7 * 4 * density + 1 / 8.0);
    return rig.call("step", op::step, flops, bytes, 5, weights, first, second);
  }

  /** Without weight decay. */
  @Benchmark
  public void step(Rate rate) {
    run("step", rate);
  }
}
