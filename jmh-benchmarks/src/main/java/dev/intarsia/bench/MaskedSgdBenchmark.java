// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedSgd;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link MaskedSgd}. */
public class MaskedSgdBenchmark extends KernelBenchmark {
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
    Tensor velocity = rig.plain("velocity", s.rows(), s.cols());
    MaskedSgd op =
        MaskedSgd.bind(context, s)
            .gradient(rig.plain("gradient", s.rows(), s.cols()))
            .trainable(rig.mask("trainable", s.rows(), s.cols(), density))
            .weights(weights)
            .velocity(velocity)
            .learningRate(RATE)
            .momentum(0.9f)
            .weightDecay(1e-4f);
    double flops = 6 * s.elements() * density;
    double bytes = s.elements() * (5 * 4 * density + 1 / 8.0);
    return rig.call("step", op::step, flops, bytes, 5, weights, velocity);
  }

  /** Momentum and weight decay. */
  @Benchmark
  public void step(Rate rate) {
    run("step", rate);
  }
}
