// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.ActivationShape;
import dev.intarsia.ops.BatchNorm;
import java.util.List;

class BatchNormParityTest extends KernelParityTest<ActivationShape> {
  private static final float EPSILON = 1e-5f;
  private static final float MOMENTUM = 0.1f;

  @Override
  public String stem() {
    return "batch_norm";
  }

  /** A variance needs two values; of one or two it is all rounding, which no formula bounds. */
  @Override
  List<Problem<ActivationShape>> problems() {
    return Problems.activations();
  }

  @Override
  public List<Entry<ActivationShape>> entries() {
    return List.of(
        entry(
            "batch_norm_forward",
            "batch",
            (side, shape, problem) -> forward(side, shape, problem, true)),
        entry("batch_norm_forward", "batch, nothing kept", this::forwardBare),
        entry(
            "batch_norm_forward",
            "running",
            (side, shape, problem) -> forward(side, shape, problem, false)),
        entry(
            "batch_norm_backward",
            "batch",
            (side, shape, problem) -> backward(side, shape, problem, true)),
        entry(
            "batch_norm_backward",
            "running",
            (side, shape, problem) -> backward(side, shape, problem, false)),
        entry(
            "batch_norm_forward",
            "rectified",
            (side, shape, problem) -> rectified(side, shape, problem, false)),
        entry(
            "batch_norm_forward",
            "rectified sum",
            (side, shape, problem) -> rectified(side, shape, problem, true)),
        entry(
            "batch_norm_backward",
            "rectified",
            (side, shape, problem) -> rectifiedBackward(side, shape, problem, true, false)),
        entry(
            "batch_norm_backward",
            "rectified sum",
            (side, shape, problem) -> rectifiedBackward(side, shape, problem, true, true)),
        entry(
            "batch_norm_backward",
            "rectified sum, running",
            (side, shape, problem) -> rectifiedBackward(side, shape, problem, false, true)));
  }

  private static BatchNorm bind(Side side, ActivationShape s, boolean batch) {
    return BatchNorm.bind(side.context(), s.withN(side.capacity(s.n())))
        .batchStatistics(batch)
        .momentum(MOMENTUM)
        .epsilon(EPSILON);
  }

  private static long count(ActivationShape s) {
    return (long) s.n() * s.h() * s.w();
  }

  private static float[] variances(ActivationShape s, Problem<ActivationShape> problem) {
    return Values.uniform(problem + "/runningVar", s.c(), 0.25f, 4);
  }

  private Runnable forward(
      Side side, ActivationShape s, Problem<ActivationShape> problem, boolean batch) {
    return forwardOp(side, s, problem, batch)::forward;
  }

  private Runnable rectified(
      Side side, ActivationShape s, Problem<ActivationShape> problem, boolean sum) {
    BatchNorm op = forwardOp(side, s, problem, !sum).relu(true);
    return op.addend(sum ? side.value("addend", s.n(), s.c(), s.h(), s.w()) : null)::forward;
  }

  private BatchNorm forwardOp(
      Side side, ActivationShape s, Problem<ActivationShape> problem, boolean batch) {
    long k = count(s);
    Tolerance mean = NormTolerance.mean(k);
    BatchNorm op =
        bind(side, s, batch)
            .scale(side.plain("scale", s.c()))
            .shift(side.plain("shift", s.c()))
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", NormTolerance.value(k), s.n(), s.c(), s.h(), s.w()));
    if (batch) {
      op.runningMean(side.updatedPlain("runningMean", mean, s.c()))
          .runningVar(
              side.updatedPlain(
                  "runningVar", NormTolerance.variance(k), variances(s, problem), s.c()))
          .savedMean(side.writtenPlain("savedMean", mean, s.c()))
          .savedRstd(side.writtenPlain("savedRstd", NormTolerance.rstd(k), s.c()));
    } else {
      op.runningMean(side.plain("runningMean", s.c()))
          .runningVar(side.plain("runningVar", variances(s, problem), s.c()));
    }
    op.batch(s.n());
    return op;
  }

  /** Without scale, shift and running statistics. */
  private Runnable forwardBare(Side side, ActivationShape s, Problem<ActivationShape> problem) {
    long k = count(s);
    BatchNorm op =
        bind(side, s, true)
            .savedMean(side.writtenPlain("savedMean", NormTolerance.mean(k), s.c()))
            .savedRstd(side.writtenPlain("savedRstd", NormTolerance.rstd(k), s.c()))
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", NormTolerance.value(k), s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::forward;
  }

  /** Reads made-up statistics: backward has to use what it is given. */
  private Runnable backward(
      Side side, ActivationShape s, Problem<ActivationShape> problem, boolean batch) {
    return backwardOp(side, s, problem, batch)::backward;
  }

  private Runnable rectifiedBackward(
      Side side, ActivationShape s, Problem<ActivationShape> problem, boolean batch, boolean sum) {
    BatchNorm op = backwardOp(side, s, problem, batch).relu(true);
    return op.dst(side.value("dst", s.n(), s.c(), s.h(), s.w()))
            .diffAddend(
                sum
                    ? side.writtenDiff("diffAddend", Tolerance.EXACT, s.n(), s.c(), s.h(), s.w())
                    : null)
        ::backward;
  }

  private BatchNorm backwardOp(
      Side side, ActivationShape s, Problem<ActivationShape> problem, boolean batch) {
    long k = count(s);
    Tolerance parameter = NormTolerance.parameter(k);
    BatchNorm op =
        bind(side, s, batch)
            .scale(side.plain("scale", s.c()))
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .diffDst(side.diff("diffDst", s.n(), s.c(), s.h(), s.w()))
            .diffSrc(side.writtenDiff("diffSrc", NormTolerance.diff(k), s.n(), s.c(), s.h(), s.w()))
            .diffScale(side.updatedPlain("diffScale", parameter, s.c()))
            .diffShift(side.updatedPlain("diffShift", parameter, s.c()));
    if (batch) {
      float[] rstd = Values.uniform(problem + "/savedRstd", s.c(), 0.5f, 2);
      op.savedMean(side.plain("savedMean", s.c())).savedRstd(side.plain("savedRstd", rstd, s.c()));
    } else {
      op.runningMean(side.plain("runningMean", s.c()))
          .runningVar(side.plain("runningVar", variances(s, problem), s.c()));
    }
    op.batch(s.n());
    return op;
  }
}
