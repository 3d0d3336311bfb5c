// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookFit;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CodebookFitParityTest extends KernelParityTest<PlaneShape> {
  @Override
  public String stem() {
    return "codebook_fit";
  }

  /** A centre needs a value. */
  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes().stream()
        .filter(problem -> problem.maskless() || problem.density() > 0)
        .toList();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    return List.of(
        entry("codebook_fit_apply", "2", (side, s, problem) -> fit(side, s, problem, 2, false)),
        entry("codebook_fit_apply", "16", (side, s, problem) -> fit(side, s, problem, 16, false)),
        entry("codebook_fit_apply", "37", (side, s, problem) -> fit(side, s, problem, 37, false)),
        entry("codebook_fit_apply", "ties", (side, s, problem) -> fit(side, s, problem, 8, true)));
  }

  private Runnable fit(
      Side side, PlaneShape s, Problem<PlaneShape> problem, int size, boolean ties) {
    int rows = s.rows();
    int cols = s.cols();
    boolean[] bits = Values.bits(problem + "/selected", s.elements(), problem.density());
    bits[s.elements() - 1] = true; // at least one
    String name = problem + "/values";
    float[] values = ties ? Values.tied(name, s.elements()) : Values.signed(name, s.elements());
    return CodebookFit.bind(side.context(), s, size)
            .values(side.plain("values", values, rows, cols))
            .selected(problem.maskless() ? null : side.mask("selected", rows, cols, bits))
            .centres(side.writtenPlain("centres", Tolerance.EXACT, size))
            .used(side.counts("used", 1))
        ::apply;
  }

  @Test
  void theVectorsOfTheSpecification() {
    float[] values = {-.90f, -.80f, -.75f, -.10f, -.05f, 0, .02f, .30f, .35f, .40f, 1.1f, 1.2f};
    assertArrayEquals(new float[] {-.368571f, .67f}, centres(values, 2), 1e-6f);
    assertArrayEquals(new float[] {-.816667f, -.0325f, .35f, 1.15f}, centres(values, 4), 1e-6f);
    assertArrayEquals(Arrays.copyOf(values, 12), centres(values, 12));
  }

  @Test
  void noCutIsBetterOnSmallSets() {
    SplittableRandom random = new SplittableRandom(11);
    for (int round = 0; round < 200; round++) {
      float[] values = new float[3 + random.nextInt(8)];
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextInt(9) / 4f - 1;
      }
      int size = 2 + random.nextInt(3);
      float[] found = centres(values, size);
      Arrays.sort(values);
      assertEquals(exhaustive(values, 0, size), error(values, found), 1e-6, () -> "" + size);
    }
  }

  /** Least squared error of values[from ..] in at most {@code size} intervals. */
  private static double exhaustive(float[] values, int from, int size) {
    if (from == values.length) {
      return 0;
    }
    if (size == 0) {
      return Double.POSITIVE_INFINITY;
    }
    double best = Double.POSITIVE_INFINITY;
    double sum = 0;
    double squares = 0;
    for (int to = from + 1; to <= values.length; to++) {
      sum += values[to - 1];
      squares += (double) values[to - 1] * values[to - 1];
      double own = squares - sum * sum / (to - from);
      best = Math.min(best, own + exhaustive(values, to, size - 1));
    }
    return best;
  }

  /** A large set is settled: each centre is the mean of what is nearest to it. */
  @Test
  void largeSetsAreSettled() {
    SplittableRandom random = new SplittableRandom(12);
    float[] values = new float[200_000];
    for (int i = 0; i < values.length; i++) {
      double spread = i % 3 == 0 ? 0.3 : 0.02;
      values[i] = (float) (spread * (random.nextDouble() + random.nextDouble() - 1));
    }
    for (int size : new int[] {2, 16, 256}) {
      float[] centres = centres(values, size);
      double[] sum = new double[size];
      long[] count = new long[size];
      for (float value : values) {
        int nearest = nearest(centres, value);
        sum[nearest] += value;
        count[nearest]++;
      }
      for (int j = 0; j < size; j++) {
        assertEquals(sum[j] / count[j], centres[j], 1e-6, size + " centres, number " + j);
      }
    }
  }

  /** Almost all values are one: the others still get their centres. */
  @Test
  void aHeavyValueDoesNotHideTheOthers() {
    float[] values = new float[60_000];
    for (int i = 0; i < 6_000; i++) {
      values[i] = 1 + i / 6_000f;
    }
    float[] centres = centres(values, 4);
    assertEquals(0, centres[0], 1e-3f);
    assertTrue(centres[1] > 1 && centres[3] < 2, Arrays.toString(centres));
  }

  @Test
  void whatHasNoCentreIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> centres(new float[] {1, Float.NaN, 2}, 2));
    assertThrows(
        IllegalArgumentException.class, () -> centres(new float[] {1, Float.POSITIVE_INFINITY}, 2));
    assertThrows(IllegalArgumentException.class, () -> centres(new float[] {1, 2}, 1));
    assertThrows(IllegalArgumentException.class, () -> centres(new float[] {1, 2}, 257));
    try (Context context = Context.cpu()) {
      PlaneShape shape = new PlaneShape(1, 3);
      CodebookFit fit =
          CodebookFit.bind(context, shape, 2)
              .values(Tensor.plain(context, 1, 3))
              .selected(Mask.empty(context, 1, 3))
              .centres(Tensor.plain(context, 2))
              .used(Tensor.plain(context, DType.I64, 1));
      assertThrows(IllegalArgumentException.class, fit::apply);
    }
  }

  private static float[] centres(float[] values, int size) {
    try (Context context = Context.cpu()) {
      PlaneShape shape = new PlaneShape(1, values.length);
      Tensor all = Tensor.plain(context, 1, values.length);
      all.upload(values);
      Tensor centres = Tensor.plain(context, size);
      CodebookFit.bind(context, shape, size)
          .values(all)
          .centres(centres)
          .used(Tensor.plain(context, DType.I64, 1))
          .apply();
      return centres.download();
    }
  }

  private static int nearest(float[] centres, float value) {
    int best = 0;
    for (int j = 1; j < centres.length; j++) {
      if (Math.abs((double) value - centres[j]) < Math.abs((double) value - centres[best])) {
        best = j;
      }
    }
    return best;
  }

  private static double error(float[] values, float[] centres) {
    double error = 0;
    for (float value : values) {
      double distance = (double) value - centres[nearest(centres, value)];
      error += distance * distance;
    }
    return error;
  }
}
