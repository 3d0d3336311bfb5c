// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookAssign;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class CodebookAssignParityTest extends KernelParityTest<PlaneShape> {
  @Override
  public String stem() {
    return "codebook_assign";
  }

  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    return List.of(of(1, 2), of(2, 3), of(3, 8), of(4, 16), of(5, 17), of(6, 64), of(8, 256));
  }

  private static Entry<PlaneShape> of(int bits, int size) {
    return entry(
        "codebook_assign_apply",
        bits + " bits, " + size + " centres",
        (side, s, problem) -> assign(side, s, problem, bits, size));
  }

  private static Runnable assign(
      Side side, PlaneShape s, Problem<PlaneShape> problem, int bits, int size) {
    int rows = s.rows();
    int cols = s.cols();
    float[] centres = Values.signed(problem + "/centres", size);
    Arrays.sort(centres);
    byte[] before = new byte[s.elements()];
    Arrays.fill(before, (byte) 1);
    return CodebookAssign.bind(side.context(), s, size)
            .values(side.updatedPlain("values", Tolerance.EXACT, rows, cols))
            .selected(side.mask("selected", rows, cols, problem.density()))
            .centres(side.plain("centres", centres, size))
            .codes(side.codes("codes", rows, cols, bits, before, true))
        ::apply;
  }

  /** A value midway goes to the lower centre; one beyond the ends to the last on that side. */
  @Test
  void roundsAsTheDefinitionSays() {
    try (Context context = Context.cpu()) {
      Tensor values = Tensor.plain(context, 1, 5);
      values.upload(new float[] {-9, 0.5f, 0.51f, 1.5f, 9});
      Tensor centres = Tensor.plain(context, 3);
      centres.upload(new float[] {0, 1, 2});
      Codes codes = Codes.zeros(context, 1, 5, 2);
      CodebookAssign.bind(context, new PlaneShape(1, 5), 3)
          .values(values)
          .centres(centres)
          .codes(codes)
          .apply();
      assertArrayEquals(new byte[] {0, 0, 1, 1, 2}, codes.unpack());
      assertArrayEquals(new float[] {0, 0, 1, 1, 2}, values.download());
      assertThrows(
          IllegalArgumentException.class,
          () -> CodebookAssign.bind(context, new PlaneShape(1, 5), 5).codes(codes));
    }
  }
}
