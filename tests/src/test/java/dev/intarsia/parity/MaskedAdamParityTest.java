// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.PlaneShape;
import dev.intarsia.ops.MaskedAdam;
import java.util.List;

class MaskedAdamParityTest extends KernelParityTest<PlaneShape> {
  private static final float RATE = 0.01f;
  private static final float BETA1 = 0.9f;
  private static final float BETA2 = 0.999f;
  private static final float LEAST_SECOND = 0.01f;
  private static final float TIED = 0.5f; // a magnitude that a seventh of the values has

  @Override
  public String stem() {
    return "masked_adam";
  }

  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    return List.of(
        entry(
            "masked_adam_step",
            "first step",
            (side, shape, problem) -> step(side, shape, problem, 0, false, 1)),
        entry(
            "masked_adam_step",
            "later",
            (side, shape, problem) -> step(side, shape, problem, 0.01f, false, 1000)),
        entry(
            "masked_adam_step",
            "decoupled",
            (side, shape, problem) -> step(side, shape, problem, 0.01f, true, 7)),
        entry("masked_adam_step", "cut", this::cut));
  }

  /**
   * A moment sums two products, the gradient with its decay one more. A step divides the first by
   * the root of the second, so that root's smallest value multiplies the error.
   */
  private MaskedAdam bind(
      Side side,
      PlaneShape s,
      Problem<PlaneShape> problem,
      float[] values,
      float weightDecay,
      boolean decoupled,
      long count) {
    int rows = s.rows();
    int cols = s.cols();
    Tolerance first = Tolerance.sum(3, MaskedAdamParityTest::largestFirst);
    Tolerance second =
        Tolerance.sum(4, ref -> Math.max(ref.max("secondMoment"), square(largestGradient(ref))));
    Tolerance weights =
        Tolerance.sum(5, ref -> Math.max(ref.max("weights"), largestStep(ref, count)));
    float[] secondMoment = Values.uniform(problem + "/secondMoment", s.elements(), LEAST_SECOND, 1);
    return MaskedAdam.bind(side.context(), s)
        .gradient(side.plain("gradient", rows, cols))
        .trainable(side.mask("trainable", rows, cols, problem.density()))
        .weights(side.updatedPlain("weights", weights, values, rows, cols))
        .firstMoment(side.updatedPlain("firstMoment", first, rows, cols))
        .secondMoment(side.updatedPlain("secondMoment", second, secondMoment, rows, cols))
        .learningRate(RATE)
        .beta1(BETA1)
        .beta2(BETA2)
        .epsilon(1e-8f)
        .weightDecay(weightDecay)
        .decoupled(decoupled)
        .stepCount(count);
  }

  private Runnable step(
      Side side,
      PlaneShape s,
      Problem<PlaneShape> problem,
      float weightDecay,
      boolean decoupled,
      long count) {
    float[] weights = Values.signed(problem + "/weights", s.elements());
    return bind(side, s, problem, weights, weightDecay, decoupled, count)::step;
  }

  /** Weights that do not move tie with the threshold, a seventh of them. */
  private Runnable cut(Side side, PlaneShape s, Problem<PlaneShape> problem) {
    float[] weights = Values.tied(problem + "/weights", s.elements());
    return bind(side, s, problem, weights, 0, false, 3)
            .threshold(side.plain("threshold", new float[] {TIED}, 1))
            .candidates(side.mask("candidates", s.rows(), s.cols(), problem.density()))
            .mask(side.writtenMask("mask", s.rows(), s.cols()))
        ::step;
  }

  private static double largestGradient(Side reference) {
    return reference.max("gradient") + reference.max("weights"); // the decay is below 1
  }

  private static double largestFirst(Side reference) {
    return Math.max(reference.max("firstMoment"), largestGradient(reference));
  }

  private static double largestStep(Side reference, long count) {
    double first = largestFirst(reference) / (1 - Math.pow(BETA1, count));
    double second = BETA2 * LEAST_SECOND / (1 - Math.pow(BETA2, count));
    return RATE * first / Math.sqrt(second);
  }

  private static double square(double x) {
    return x * x;
  }
}
