// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookLinear;
import dev.intarsia.ops.MaskedLinear;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CodebookLinearParityTest extends KernelParityTest<LinearShape> {
  /** With two or four centres every weight is among the largest: sums round as twice as long. */
  private static final long LENGTH = 2;

  @Override
  public String stem() {
    return "codebook_linear";
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
      int sources = bits == 3 || bits == 4 || bits == 6 ? 3 : 1;
      String variant = bits + " bits, " + sources + " sources";
      entries.add(
          entry(
              "codebook_linear_forward",
              variant,
              (side, s, problem) -> forward(side, s, problem, width, sources)));
      entries.add(
          entry(
              "codebook_linear_backward_data",
              variant,
              (side, s, problem) -> backwardData(side, s, problem, width, sources)));
    }
    return entries;
  }

  private static CodebookLinear bind(
      Side side, LinearShape s, Problem<LinearShape> problem, int bits, int sources) {
    PlaneShape plane = new PlaneShape(s.o(), s.i());
    PlaneShape panels = PanelOrder.shape(plane);
    byte[] codes = Values.codes(problem + "/codes", plane.elements(), bits);
    CodebookLinear op =
        CodebookLinear.bind(side.context(), s.withN(side.capacity(s.n())), bits, sources)
            .codes(side.codes("codes", s.o(), s.i(), bits, codes, false))
            .codebooks(side.plain("codebooks", sources, 1L << bits))
            .mask(side.mask("mask", panels.rows(), panels.cols(), problem.density()));
    if (sources > 1) {
      int rows = (sources - 1) * panels.rows();
      op.owners(side.mask("owners", rows, panels.cols(), 1.0 / sources));
    }
    return op;
  }

  private static Runnable forward(
      Side side, LinearShape s, Problem<LinearShape> problem, int bits, int sources) {
    Tolerance tolerance = Tolerance.product(LENGTH * s.i(), "src", "codebooks", "bias");
    CodebookLinear op =
        bind(side, s, problem, bits, sources)
            .bias(s.o() % 3 == 0 ? null : side.plain("bias", s.o()))
            .src(side.value("src", s.n(), s.i(), 1, 1))
            .dst(side.written("dst", tolerance, s.n(), s.o(), 1, 1));
    op.batch(s.n());
    return op::forward;
  }

  private static Runnable backwardData(
      Side side, LinearShape s, Problem<LinearShape> problem, int bits, int sources) {
    Tolerance tolerance = Tolerance.product(LENGTH * s.o(), "diffDst", "codebooks");
    CodebookLinear op =
        bind(side, s, problem, bits, sources)
            .diffDst(side.diff("diffDst", s.n(), s.o(), 1, 1))
            .diffSrc(side.writtenDiff("diffSrc", tolerance, s.n(), s.i(), 1, 1));
    op.batch(s.n());
    return op::backwardData;
  }

  /** A codebook that holds every weight: the dense product, to the bit. */
  @Test
  void aCodebookOfAllWeightsIsTheDenseLayer() {
    LinearShape s = new LinearShape(32, 16, 16);
    float[] weights = Values.signed("dense", 256);
    byte[] each = new byte[256];
    for (int k = 0; k < each.length; k++) {
      each[k] = (byte) k;
    }
    try (Context context = Context.cpu()) {
      Tensor src = Tensor.activations(context, 32, 16, 1, 1);
      src.upload(Values.signed("src", 32 * 16));
      Tensor dense = Tensor.activations(context, 32, 16, 1, 1);
      Tensor coded = Tensor.activations(context, 32, 16, 1, 1);
      Tensor plain = Tensor.plain(context, 16, 16);
      plain.upload(weights);
      Tensor codebook = Tensor.plain(context, 1, 256);
      codebook.upload(weights);
      MaskedLinear.bind(context, s).weights(plain).src(src).dst(dense).forward();
      CodebookLinear.bind(context, s, 8, 1)
          .codes(Codes.of(context, 16, 16, 8, each))
          .codebooks(codebook)
          .src(src)
          .dst(coded)
          .forward();
      assertArrayEquals(dense.download(), coded.download());
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    LinearShape s = new LinearShape(2, 5, 20);
    try (Context context = Context.cpu()) {
      assertThrows(IllegalArgumentException.class, () -> CodebookLinear.bind(context, s, 9, 1));
      assertThrows(IllegalArgumentException.class, () -> CodebookLinear.bind(context, s, 4, 0));
      CodebookLinear op = CodebookLinear.bind(context, s, 4, 1);
      assertThrows(IllegalArgumentException.class, () -> op.codes(Codes.zeros(context, 20, 5, 3)));
      assertThrows(IllegalArgumentException.class, () -> op.codes(Codes.zeros(context, 5, 20, 4)));
      assertThrows(IllegalArgumentException.class, () -> op.mask(Mask.full(context, 20, 5)));
      assertThrows(IllegalArgumentException.class, () -> op.owners(Mask.full(context, 2, 80)));
    }
  }
}
