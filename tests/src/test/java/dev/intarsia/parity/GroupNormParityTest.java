// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.ActivationShape;
import dev.intarsia.ops.GroupNorm;
import java.util.List;

class GroupNormParityTest extends KernelParityTest<ActivationShape> {
  private static final float EPSILON = 1e-2f; // some groups are one value: their variance is 0

  @Override
  public String stem() {
    return "group_norm";
  }

  @Override
  List<Problem<ActivationShape>> problems() {
    return Problems.activations();
  }

  @Override
  public List<Entry<ActivationShape>> entries() {
    return List.of(
        entry("group_norm_forward", "one group", (side, shape, problem) -> forward(side, shape, 1)),
        entry(
            "group_norm_forward",
            "groups",
            (side, shape, problem) -> forward(side, shape, groups(shape))),
        entry(
            "group_norm_forward",
            "a group a channel",
            (side, shape, problem) -> forward(side, shape, shape.c())),
        entry(
            "group_norm_backward",
            "one group",
            (side, shape, problem) -> backward(side, shape, problem, 1)),
        entry(
            "group_norm_backward",
            "groups",
            (side, shape, problem) -> backward(side, shape, problem, groups(shape))),
        entry("group_norm_forward", "rectified sum", this::rectifiedSum),
        entry("group_norm_backward", "rectified sum", this::rectifiedSumBackward));
  }

  /** Half of the channels, where that divides them. */
  private static int groups(ActivationShape s) {
    return s.c() % 2 == 0 ? s.c() / 2 : s.c();
  }

  private static long count(ActivationShape s, int groups) {
    return (long) s.c() / groups * s.h() * s.w();
  }

  private static GroupNorm bind(Side side, ActivationShape s, int groups) {
    return GroupNorm.bind(side.context(), s.withN(side.capacity(s.n())))
        .groups(groups)
        .epsilon(EPSILON);
  }

  private Runnable forward(Side side, ActivationShape s, int groups) {
    return forwardOp(side, s, groups)::forward;
  }

  private Runnable rectifiedSum(Side side, ActivationShape s, Problem<ActivationShape> problem) {
    return forwardOp(side, s, groups(s))
            .relu(true)
            .addend(side.value("addend", s.n(), s.c(), s.h(), s.w()))
        ::forward;
  }

  private GroupNorm forwardOp(Side side, ActivationShape s, int groups) {
    long k = count(s, groups);
    GroupNorm op =
        bind(side, s, groups)
            .scale(groups == 1 ? null : side.plain("scale", s.c()))
            .shift(groups == 1 ? null : side.plain("shift", s.c()))
            .savedMean(side.written("savedMean", NormTolerance.mean(k), s.n(), groups, 1, 1))
            .savedRstd(side.written("savedRstd", NormTolerance.rstd(k), s.n(), groups, 1, 1))
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", NormTolerance.value(k), s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op;
  }

  private Runnable backward(
      Side side, ActivationShape s, Problem<ActivationShape> problem, int groups) {
    return backwardOp(side, s, problem, groups)::backward;
  }

  private Runnable rectifiedSumBackward(
      Side side, ActivationShape s, Problem<ActivationShape> problem) {
    return backwardOp(side, s, problem, groups(s))
            .relu(true)
            .dst(side.value("dst", s.n(), s.c(), s.h(), s.w()))
            .diffAddend(side.writtenDiff("diffAddend", Tolerance.EXACT, s.n(), s.c(), s.h(), s.w()))
        ::backward;
  }

  private GroupNorm backwardOp(
      Side side, ActivationShape s, Problem<ActivationShape> problem, int groups) {
    long k = count(s, groups);
    Tolerance parameter = NormTolerance.parameter((long) s.n() * s.h() * s.w());
    float[] rstd = Values.uniform(problem + "/savedRstd", s.n() * groups, 0.5f, 2);
    GroupNorm op =
        bind(side, s, groups)
            .scale(side.plain("scale", s.c()))
            .savedMean(side.value("savedMean", s.n(), groups, 1, 1))
            .savedRstd(side.value("savedRstd", rstd, s.n(), groups, 1, 1))
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .diffDst(side.diff("diffDst", s.n(), s.c(), s.h(), s.w()))
            .diffSrc(side.writtenDiff("diffSrc", NormTolerance.diff(k), s.n(), s.c(), s.h(), s.w()))
            .diffScale(side.updatedPlain("diffScale", parameter, s.c()))
            .diffShift(side.updatedPlain("diffShift", parameter, s.c()));
    op.batch(s.n());
    return op;
  }
}
