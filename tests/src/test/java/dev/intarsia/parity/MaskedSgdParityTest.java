// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.PlaneShape;
import dev.intarsia.Ties;
import dev.intarsia.ops.MaskedSgd;
import java.util.List;

class MaskedSgdParityTest extends KernelParityTest<PlaneShape> {
  private static final float TIED = 0.5f; // a magnitude that a seventh of the values has

  @Override
  public String stem() {
    return "masked_sgd";
  }

  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    return List.of(
        entry(
            "masked_sgd_step",
            "plain",
            (side, shape, problem) -> step(side, shape, problem, 0, 0, false)),
        entry(
            "masked_sgd_step",
            "momentum",
            (side, shape, problem) -> step(side, shape, problem, 0.9f, 0, false)),
        entry(
            "masked_sgd_step",
            "decay",
            (side, shape, problem) -> step(side, shape, problem, 0.9f, 0.01f, false)),
        entry(
            "masked_sgd_step",
            "nesterov",
            (side, shape, problem) -> step(side, shape, problem, 0.9f, 0.01f, true)),
        entry(
            "masked_sgd_step",
            "cut, ties kept",
            (side, shape, problem) -> step(side, shape, problem, Ties.KEPT)),
        entry(
            "masked_sgd_step",
            "cut, ties dropped",
            (side, shape, problem) -> step(side, shape, problem, Ties.DROPPED)));
  }

  /** A new velocity sums gradient, decay and velocity; a new weight two more terms. */
  private MaskedSgd bind(
      Side side,
      PlaneShape s,
      Problem<PlaneShape> problem,
      float[] values,
      float momentum,
      float weightDecay,
      boolean nesterov) {
    int rows = s.rows();
    int cols = s.cols();
    Tolerance velocity =
        Tolerance.sum(3, ref -> Math.max(ref.max("gradient"), ref.max("velocity")));
    Tolerance weights =
        Tolerance.sum(
            5,
            ref ->
                Math.max(ref.max("weights"), Math.max(ref.max("gradient"), ref.max("velocity"))));
    return MaskedSgd.bind(side.context(), s)
        .gradient(side.plain("gradient", rows, cols))
        .trainable(side.mask("trainable", rows, cols, problem.density()))
        .weights(side.updatedPlain("weights", weights, values, rows, cols))
        .velocity(momentum == 0 ? null : side.updatedPlain("velocity", velocity, rows, cols))
        .learningRate(0.1f)
        .momentum(momentum)
        .weightDecay(weightDecay)
        .nesterov(nesterov);
  }

  private Runnable step(
      Side side,
      PlaneShape s,
      Problem<PlaneShape> problem,
      float momentum,
      float weightDecay,
      boolean nesterov) {
    float[] weights = Values.signed(problem + "/weights", s.elements());
    return bind(side, s, problem, weights, momentum, weightDecay, nesterov)::step;
  }

  /** Weights that do not move tie with the threshold, a seventh of them. */
  private Runnable step(Side side, PlaneShape s, Problem<PlaneShape> problem, Ties ties) {
    float[] weights = Values.tied(problem + "/weights", s.elements());
    return bind(side, s, problem, weights, 0.9f, 0, false)
            .threshold(side.plain("threshold", new float[] {TIED}, 1))
            .candidates(side.mask("candidates", s.rows(), s.cols(), problem.density()))
            .mask(side.writtenMask("mask", s.rows(), s.cols()))
            .ties(ties)
        ::step;
  }
}
