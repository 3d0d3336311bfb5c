// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Layout;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.SoftMaskMode;
import dev.intarsia.Surrogate;
import dev.intarsia.Tensor;
import dev.intarsia.ops.SoftMask;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SoftMaskParityTest extends KernelParityTest<PlaneShape> {
  private static final float TIED = 0.25f; // a score that a seventeenth of the units has

  /** Of one weight, of a 3x3 kernel, of eight of those, of more than a word, of a row. */
  private static final int[] SPANS = {1, 9, 72, 100, Integer.MAX_VALUE};

  @Override
  public String stem() {
    return "soft_mask";
  }

  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    List<Entry<PlaneShape>> entries = new ArrayList<>();
    for (SoftMaskMode mode : SoftMaskMode.values()) {
      for (int span : SPANS) {
        entries.add(
            entry(
                "soft_mask_forward",
                mode + ", " + span,
                (side, s, problem) -> forward(side, s, problem, mode, span)));
      }
    }
    for (int span : SPANS) {
      entries.add(
          entry(
              "soft_mask_backward",
              "sigmoid, " + span,
              (side, s, problem) -> backward(side, s, problem, Surrogate.SIGMOID, span)));
    }
    entries.add(
        entry(
            "soft_mask_backward",
            "identity",
            (side, s, problem) -> backward(side, s, problem, Surrogate.IDENTITY, 9)));
    return entries;
  }

  /** Some ask for all results, some for the mask alone; ties are kept on every second problem. */
  private static Runnable forward(
      Side side, PlaneShape s, Problem<PlaneShape> problem, SoftMaskMode mode, int wanted) {
    int rows = s.rows();
    int cols = s.cols();
    int span = Math.min(wanted, cols);
    int units = SoftMask.units(s, span);
    float[] scores =
        cols % 2 == 0
            ? Values.tied(problem + "/scores", rows * units)
            : Values.signed(problem + "/scores", rows * units);
    SoftMask op =
        SoftMask.bind(side.context(), s, span, 1)
            .mode(mode)
            .strict(rows % 2 == 0)
            .threshold(TIED)
            .scores(side.plain("scores", scores, rows, units))
            .mask(side.writtenMask("mask", rows, cols));
    if (cols % 3 != 0) {
      op.weights(side.plain("weights", rows, cols))
          .effective(side.writtenPlain("effective", Tolerance.EXACT, rows, cols));
    }
    if (rows % 3 != 0) {
      op.factors(side.writtenPlain("factors", Tolerance.EXACT, rows, units));
    }
    return op::forward;
  }

  private static Runnable backward(
      Side side, PlaneShape s, Problem<PlaneShape> problem, Surrogate surrogate, int wanted) {
    int rows = s.rows();
    int span = Math.min(wanted, s.cols());
    int part = span % 9 == 0 && s.cols() % 9 == 0 ? 9 : 1;
    int units = SoftMask.units(s, span);
    float slope = 12;
    // A unit's sum, times 3 at most; of the sigmoid, exp within 2 ulp and its argument's rounding.
    Tolerance tolerance = Tolerance.sum(span / part + 100, ref -> 3 * ref.max("diffFactors"));
    return SoftMask.bind(side.context(), s, span, part)
            .surrogate(surrogate)
            .threshold(TIED)
            .slope(slope)
            .scores(side.plain("scores", rows, units))
            .diffFactors(side.plain("diffFactors", rows, s.cols() / part))
            .diffScores(side.writtenPlain("diffScores", tolerance, rows, units))
        ::backward;
  }

  @ParameterizedTest
  @MethodSource("dev.intarsia.parity.Implementations#distinct")
  void nanIsRefusedAndNothingIsWritten(Implementation implementation) {
    Implementations.assume(implementation, stem());
    Context context = Implementations.context(implementation);
    PlaneShape s = new PlaneShape(3, 50);
    try (Side side = new Side(context, "nan", false, Layout.NCHW);
        Mask mask = Mask.full(context, 3, 50);
        Tensor scores = Tensor.plain(context, 3, 17)) {
      float[] values = new float[51];
      values[50] = Float.NaN;
      scores.upload(values);
      Tensor factors = side.plain("factors", 3, 17);
      float[] before = factors.download();
      int[] words = mask.words();
      SoftMask op = SoftMask.bind(context, s, 3, 1).scores(scores).mask(mask).factors(factors);
      String message = assertThrows(IllegalArgumentException.class, op::forward).getMessage();
      assertTrue(message.contains("a score is NaN"), message);
      assertArrayEquals(before, factors.download());
      assertArrayEquals(words, mask.words());
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Context context = Implementations.context(Implementations.reference());
    PlaneShape s = new PlaneShape(3, 50);
    refused(() -> SoftMask.bind(context, s, 51, 1), "span is 51, expected 1 .. 50");
    refused(() -> SoftMask.bind(context, s, 10, 3), "part is 3, expected a divisor");
    refused(
        () -> SoftMask.bind(context, s, 10, 1).threshold(Float.NaN), "threshold is NaN, expected");
  }

  private static void refused(Runnable call, String why) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(why), message);
  }
}
