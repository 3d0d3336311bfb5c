// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.ScoreEpilogue;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link ScoreEpilogue}. */
public class ScoreEpilogueBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("alexnet:conv2")
  public String problem;

  /** Fraction of weights that are inside the mask and not frozen. */
  @Param("0.5")
  public double density;

  @Override
  Rig rig(Context context, int images) {
    PlaneShape s = Problems.plane(problem);
    Rig rig = new Rig(context);
    Tensor diffWeights = rig.plain("diffWeights", s.rows(), s.cols());
    Tensor diffScores = rig.plain("diffScores", s.rows(), s.cols());
    ScoreEpilogue op =
        ScoreEpilogue.bind(context, s)
            .weights(rig.plain("weights", s.rows(), s.cols()))
            .scores(rig.plain("scores", s.rows(), s.cols()))
            .mask(rig.mask("mask", s.rows(), s.cols(), density))
            .frozen(rig.mask("frozen", s.rows(), s.cols(), 1 - density))
            .diffWeights(diffWeights)
            .diffScores(diffScores);
    double bytes = s.elements() * (5 * 4 + 2 / 8.0);
    return rig.call("apply", op::apply, s.elements(), bytes, 0, diffWeights, diffScores);
  }

  /** Gradients of weights and scores from the dense one. */
  @Benchmark
  public void apply(Rate rate) {
    run("apply", rate);
  }
}
