// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Layout;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookLinearInt8;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CodebookLinearInt8ParityTest extends KernelParityTest<LinearShape> {
  @Override
  public String stem() {
    return "codebook_linear_int8";
  }

  @Override
  List<Problem<LinearShape>> problems() {
    return Problems.linear();
  }

  @Override
  public List<Entry<LinearShape>> entries() {
    List<Entry<LinearShape>> entries = new ArrayList<>();
    for (int bits = 1; bits <= Codes.MAX_BITS; bits++) {
      int width = bits;
      for (int sources : bits == 3 || bits == 4 ? new int[] {1, 3} : new int[] {1 + bits % 2}) {
        entries.add(
            entry(
                "codebook_linear_int8_forward",
                bits + " bits, " + sources + " sources",
                (side, s, problem) -> forward(side, s, problem, width, sources)));
      }
    }
    return entries;
  }

  private static Runnable forward(
      Side side, LinearShape s, Problem<LinearShape> problem, int bits, int sources) {
    PlaneShape plane = new PlaneShape(s.o(), s.i());
    PlaneShape panels = PanelOrder.shape(plane);
    byte[] codes = Values.codes(problem + "/codes", plane.elements(), bits);
    // Sums are exact: what is left is the rounding of one product and one addition.
    Tolerance tolerance = Tolerance.sum(2, ref -> ref.max("dst") + ref.max("bias"));
    CodebookLinearInt8 op =
        CodebookLinearInt8.bind(side.context(), s.withN(side.capacity(s.n())), bits, sources)
            .codes(side.codes("codes", s.o(), s.i(), bits, codes, false))
            .codebooks(side.plain("codebooks", sources, 1L << bits))
            .mask(side.mask("mask", panels.rows(), panels.cols(), problem.density()))
            .bias(s.o() % 3 == 0 ? null : side.plain("bias", s.o()))
            .src(side.value("src", s.n(), s.i(), 1, 1))
            .dst(side.written("dst", tolerance, s.n(), s.o(), 1, 1));
    if (sources > 1) {
      int rows = (sources - 1) * panels.rows();
      op.owners(side.mask("owners", rows, panels.cols(), 1.0 / sources));
    }
    op.batch(s.n());
    return op::forward;
  }

  static List<Implementation> implementations() {
    return Implementations.all();
  }

  /** Whole numbers of which one is 127: no rounding at all, so that a result is a plain sum. */
  @ParameterizedTest
  @MethodSource("implementations")
  void wholeNumbersAreExact(Implementation implementation) {
    Implementations.assume(implementation, stem());
    int cols = 130000; // the products of the first row add up to almost 2^31
    float[] src = new float[cols];
    byte[] codes = new byte[2 * cols];
    Arrays.fill(src, 127);
    Arrays.fill(codes, 0, cols, (byte) 1);
    Context context = Implementations.context(implementation);
    try (Tensor x = Tensor.activations(context, Layout.NCHW, 1, cols, 1, 1);
        Tensor y = Tensor.activations(context, Layout.NCHW, 1, 2, 1, 1);
        Tensor codebook = Tensor.plain(context, 1, 2);
        Codes packed = Codes.of(context, 2, cols, 1, codes)) {
      x.upload(src);
      codebook.upload(new float[] {-127, 127});
      CodebookLinearInt8.bind(context, new LinearShape(1, cols, 2), 1, 1)
          .codes(packed)
          .codebooks(codebook)
          .src(x)
          .dst(y)
          .forward();
      float sum = 127 * 127 * cols;
      assertArrayEquals(new float[] {sum, -sum}, y.download());
    }
  }

  /** Zeros give the bias, what is not finite gives NaN, and no other image notices. */
  @ParameterizedTest
  @MethodSource("implementations")
  void imagesThatHaveNoScale(Implementation implementation) {
    Implementations.assume(implementation, stem());
    float[] src = new float[4 * 20];
    src[20] = Float.NaN;
    src[45] = Float.NEGATIVE_INFINITY;
    src[60] = 1;
    Context context = Implementations.context(implementation);
    for (Layout layout : List.of(Layout.NCHW, Layout.NCHW16)) {
      if (layout != Layout.NCHW && implementation.kind() != Implementation.Kind.CPU) {
        continue; // has no blocks
      }
      try (Tensor x = Tensor.activations(context, layout, 4, 20, 1, 1);
          Tensor y = Tensor.activations(context, layout, 4, 1, 1, 1);
          Tensor codebook = Tensor.plain(context, 1, 4);
          Tensor bias = Tensor.plain(context, 1);
          Codes packed = Codes.zeros(context, 1, 20, 2)) {
        x.upload(src);
        codebook.upload(new float[] {2, 0, 0, 0});
        bias.upload(new float[] {0.5f});
        CodebookLinearInt8.bind(context, new LinearShape(4, 20, 1), 2, 1)
            .codes(packed)
            .codebooks(codebook)
            .bias(bias)
            .src(x)
            .dst(y)
            .forward();
        float[] found = y.download();
        assertEquals(0.5f, found[0]);
        assertTrue(Float.isNaN(found[1]), () -> Arrays.toString(found));
        assertTrue(Float.isNaN(found[2]), () -> Arrays.toString(found));
        assertEquals(2.5f, found[3], 1e-6f);
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    LinearShape s = new LinearShape(2, 5, 20);
    LinearShape wide = new LinearShape(1, CodebookLinearInt8.MAX_INPUTS + 1, 1);
    try (Context context = Context.cpu()) {
      assertThrows(IllegalArgumentException.class, () -> CodebookLinearInt8.bind(context, s, 9, 1));
      assertThrows(IllegalArgumentException.class, () -> CodebookLinearInt8.bind(context, s, 4, 0));
      IllegalArgumentException refused =
          assertThrows(
              IllegalArgumentException.class, () -> CodebookLinearInt8.bind(context, wide, 4, 1));
      assertTrue(refused.getMessage().contains("133144"), refused.getMessage());
      CodebookLinearInt8 op = CodebookLinearInt8.bind(context, s, 4, 1);
      assertThrows(IllegalArgumentException.class, () -> op.codes(Codes.zeros(context, 20, 5, 3)));
      assertThrows(IllegalArgumentException.class, () -> op.mask(Mask.full(context, 20, 5)));
      assertThrows(IllegalArgumentException.class, () -> op.owners(Mask.full(context, 2, 80)));
    }
  }
}
