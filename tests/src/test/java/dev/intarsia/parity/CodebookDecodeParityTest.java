// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookDecode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CodebookDecodeParityTest extends KernelParityTest<PlaneShape> {
  @Override
  public String stem() {
    return "codebook_decode";
  }

  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    List<Entry<PlaneShape>> entries = new ArrayList<>();
    for (int bits = 1; bits <= Codes.MAX_BITS; bits++) {
      int width = bits;
      int sources = bits == 3 || bits == 4 || bits == 8 ? 3 : 1;
      boolean free = bits != 2;
      entries.add(
          entry(
              "codebook_decode_forward",
              bits + " bits, " + sources + " sources" + (free ? ", some free" : ""),
              (side, s, problem) -> decode(side, s, problem, width, sources, free)));
    }
    return entries;
  }

  private static Runnable decode(
      Side side, PlaneShape s, Problem<PlaneShape> problem, int bits, int sources, boolean free) {
    PlaneShape panels = PanelOrder.shape(s);
    byte[] codes = Values.codes(problem + "/codes", s.elements(), bits);
    CodebookDecode op =
        CodebookDecode.bind(side.context(), s, bits, sources)
            .codes(side.codes("codes", s.rows(), s.cols(), bits, codes, false))
            .codebooks(side.plain("codebooks", sources, 1L << bits))
            .mask(side.mask("mask", panels.rows(), panels.cols(), problem.density()))
            .weights(side.writtenPlain("weights", Tolerance.EXACT, s.rows(), s.cols()));
    if (sources > 1) {
      int rows = (sources - 1) * panels.rows();
      op.owners(side.mask("owners", rows, panels.cols(), 1.0 / sources));
    }
    if (free) {
      boolean[] plane = MaskCompressParityTest.some(problem + "/free", s, problem);
      op.free(side.mask("free", s.rows(), s.cols(), plane))
          .values(side.plain("values", MaskCompressParityTest.count(plane)));
    }
    return op::forward;
  }

  /** Free weights are the compact array's, in the order of the bits; the others the codebook's. */
  @Test
  void aFreeWeightHasItsOwnValue() {
    try (Context context = Context.cpu()) {
      Tensor codebooks = Tensor.plain(context, 1, 2);
      codebooks.upload(new float[] {-1, 1});
      Tensor values = Tensor.plain(context, 2);
      values.upload(new float[] {7, 8});
      Tensor weights = Tensor.plain(context, 2, 3);
      boolean[] free = {false, true, false, true, false, false};
      CodebookDecode op =
          CodebookDecode.bind(context, new PlaneShape(2, 3), 1, 1)
              .codes(Codes.of(context, 2, 3, 1, new byte[] {0, 0, 1, 0, 1, 0}))
              .codebooks(codebooks)
              .free(Mask.of(context, 2, 3, free))
              .weights(weights);
      assertThrows(IllegalStateException.class, op::forward, "free without values");
      op.values(values).forward();
      assertArrayEquals(new float[] {-1, 7, 1, 8, 1, -1}, weights.download());
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    PlaneShape s = new PlaneShape(20, 5);
    try (Context context = Context.cpu()) {
      assertThrows(IllegalArgumentException.class, () -> CodebookDecode.bind(context, s, 9, 1));
      assertThrows(IllegalArgumentException.class, () -> CodebookDecode.bind(context, s, 4, 0));
      CodebookDecode op = CodebookDecode.bind(context, s, 4, 1);
      assertThrows(IllegalArgumentException.class, () -> op.codes(Codes.zeros(context, 20, 5, 3)));
      assertThrows(IllegalArgumentException.class, () -> op.free(Mask.full(context, 5, 20)));
      assertThrows(IllegalArgumentException.class, () -> op.owners(Mask.full(context, 2, 80)));
      Tensor weights = Tensor.plain(context, 20, 5);
      op.codes(Codes.zeros(context, 20, 5, 4))
          .codebooks(Tensor.plain(context, 1, 16))
          .free(Mask.full(context, 20, 5))
          .values(Tensor.plain(context, 99))
          .weights(weights);
      weights.upload(Values.signed("kept", 100));
      assertThrows(IllegalArgumentException.class, op::forward, "100 free weights, 99 values");
      assertArrayEquals(Values.signed("kept", 100), weights.download(), "nothing is written");
    }
  }
}
