// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.Mask;
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
    Tensor scores = rig.plain("scores", s.rows(), s.cols());
    Mask mask = rig.mask("mask", s.rows(), s.cols(), 0.5);
    MaskedSgd cutting = cutting(rig, s).weights(scores).mask(mask);
    double cutBytes = s.elements() * (20 + 1 / 8.0);
    return rig.call("step", op::step, flops, bytes, 5, weights, velocity)
        .call("stepAndCut", cutting::step, 6.0 * s.elements(), cutBytes, 5, scores, mask);
  }

  /** Scores that are all stepped, and their mask cut in the same pass. */
  private static MaskedSgd cutting(Rig rig, PlaneShape s) {
    return MaskedSgd.bind(rig.context(), s)
        .gradient(rig.plain("diffScores", s.rows(), s.cols()))
        .velocity(rig.plain("scoreVelocity", s.rows(), s.cols()))
        .learningRate(RATE)
        .momentum(0.9f)
        .weightDecay(1e-4f)
        .threshold(rig.positive("threshold", 1));
  }

  /** Momentum and weight decay. */
  @Benchmark
  public void step(Rate rate) {
    run("step", rate);
  }

  /** The same on scores, with the mask that they cut. */
  @Benchmark
  public void stepAndCut(Rate rate) {
    run("stepAndCut", rate);
  }
}
