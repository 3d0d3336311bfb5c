// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.Direction;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookConv2d;
import dev.intarsia.ops.MaskedConv2d;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CodebookConv2dParityTest extends KernelParityTest<Conv2dShape> {
  /** With two or four centres every weight is among the largest: sums round as twice as long. */
  private static final long LENGTH = 2;

  @Override
  public String stem() {
    return "codebook_conv2d";
  }

  @Override
  List<Problem<Conv2dShape>> problems() {
    return Problems.conv2d();
  }

  @Override
  public List<Entry<Conv2dShape>> entries() {
    List<Entry<Conv2dShape>> entries = new ArrayList<>();
    // Decoding by width is CodebookLinearParityTest's; here it is how a width's filters are read.
    for (Variant variant :
        List.of(new Variant(1, 1, true), new Variant(4, 3, false), new Variant(8, 1, false))) {
      entries.add(
          entry(
              "codebook_conv2d_forward",
              variant.toString(),
              (side, s, problem) -> forward(side, s, problem, variant)));
      entries.add(
          entry(
              "codebook_conv2d_backward_data",
              variant.toString(),
              (side, s, problem) -> backwardData(side, s, problem, variant)));
    }
    return entries;
  }

  private record Variant(int bits, int sources, boolean exact) {
    Tolerance tolerance(Tolerance sumOfProducts) {
      return exact ? sumOfProducts : Tolerance.WINOGRAD;
    }
  }

  private static CodebookConv2d bind(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Variant variant) {
    PlaneShape plane = new PlaneShape(s.o(), s.reductionLength());
    PlaneShape panels = PanelOrder.shape(plane);
    int bits = variant.bits();
    int sources = variant.sources();
    byte[] codes = Values.codes(problem + "/codes", plane.elements(), bits);
    CodebookConv2d op =
        CodebookConv2d.bind(side.context(), s.withN(side.capacity(s.n())), bits, sources)
            .codes(side.codes("codes", plane.rows(), plane.cols(), bits, codes, false))
            .codebooks(side.plain("codebooks", sources, 1L << bits))
            .mask(side.mask("mask", panels.rows(), panels.cols(), problem.density()))
            .exact(variant.exact());
    if (sources > 1) {
      int rows = (sources - 1) * panels.rows();
      op.owners(side.mask("owners", rows, panels.cols(), 1.0 / sources));
    }
    return op;
  }

  private static Runnable forward(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Variant variant) {
    Tolerance sums = Tolerance.product(LENGTH * s.reductionLength(), "src", "codebooks", "bias");
    CodebookConv2d op =
        bind(side, s, problem, variant)
            .bias(s.o() % 3 == 0 ? null : side.plain("bias", s.o()))
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", variant.tolerance(sums), s.n(), s.o(), s.oh(), s.ow()));
    op.batch(s.n());
    return op::forward;
  }

  private static Runnable backwardData(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Variant variant) {
    long products = LENGTH * s.o() / s.groups() * s.kh() * s.kw();
    Tolerance sums = Tolerance.product(products, "diffDst", "codebooks");
    CodebookConv2d op =
        bind(side, s, problem, variant)
            .diffDst(side.diff("diffDst", s.n(), s.o(), s.oh(), s.ow()))
            .diffSrc(
                side.writtenDiff("diffSrc", variant.tolerance(sums), s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::backwardData;
  }

  /**
   * A codebook that holds every weight: the dense convolution, to the bit. The shapes and densities
   * are of the algorithms named; 100 is no mask.
   */
  @ParameterizedTest
  @CsvSource({
    "winograd, 16, 12, 9, 20, 3, 1, 1, 100",
    "winograd, 20, 64, 4, 48, 3, 1, 1, 90",
    "dense, 16, 12, 9, 20, 3, 2, 1, 100",
    "dense, 16, 3, 12, 64, 4, 1, 0, 60",
    "pointwise, 16, 24, 5, 40, 1, 1, 0, 100",
    "taps, 16, 24, 6, 40, 5, 1, 2, 20",
    "taps, 16, 24, 6, 40, 3, 1, 1, 3"
  })
  void aCodebookOfAllWeightsIsTheDenseLayer(
      String algorithm, int n, int c, int h, int o, int k, int stride, int pad, int density) {
    Conv2dShape s = Conv2dShape.square(n, c, h, h, o, k, stride, pad);
    int cols = s.reductionLength();
    byte[] codes = Values.codes("codes", o * cols, 8);
    float[] centres = Values.signed("centres", 256);
    float[] weights = new float[o * cols];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = centres[codes[i] & 0xFF];
    }
    try (Context context = Context.cpu()) {
      Tensor src = Tensor.activations(context, n, c, h, h);
      src.upload(Values.signed("src", n * c * h * h));
      Tensor diffDst = Tensor.activations(context, n, o, s.oh(), s.ow());
      diffDst.upload(Values.signed("diffDst", n * o * s.oh() * s.ow()));
      Tensor plain = Tensor.plain(context, o, c, k, k);
      plain.upload(weights);
      Tensor codebook = Tensor.plain(context, 1, 256);
      codebook.upload(centres);
      Mask mask = density == 100 ? null : someOf(context, o, cols, density);
      Tensor dense = Tensor.activations(context, n, o, s.oh(), s.ow());
      Tensor denseDiff = Tensor.activations(context, n, c, h, h);
      MaskedConv2d expected =
          MaskedConv2d.bind(context, s)
              .weights(plain)
              .mask(mask)
              .src(src)
              .dst(dense)
              .diffDst(diffDst)
              .diffSrc(denseDiff);
      String plan = expected.explain(Direction.FORWARD);
      assertTrue(plan.startsWith(algorithm + ":"), plan);
      Tensor coded = Tensor.activations(context, n, o, s.oh(), s.ow());
      Tensor codedDiff = Tensor.activations(context, n, c, h, h);
      CodebookConv2d actual =
          CodebookConv2d.bind(context, s, 8, 1)
              .codes(Codes.of(context, o, cols, 8, codes))
              .codebooks(codebook)
              .mask(mask == null ? null : PanelOrder.of(mask))
              .src(src)
              .dst(coded)
              .diffDst(diffDst)
              .diffSrc(codedDiff);
      expected.forward();
      actual.forward();
      assertArrayEquals(dense.download(), coded.download());
      expected.backwardData();
      actual.backwardData();
      assertArrayEquals(denseDiff.download(), codedDiff.download());
    }
  }

  private static Mask someOf(Context context, int rows, int cols, int percent) {
    boolean[] bits = new boolean[rows * cols];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = i * 37L % 100 < percent;
    }
    return Mask.of(context, rows, cols, bits);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Conv2dShape s = Conv2dShape.square(2, 5, 6, 6, 20, 3, 1, 1);
    try (Context context = Context.cpu()) {
      assertThrows(IllegalArgumentException.class, () -> CodebookConv2d.bind(context, s, 9, 1));
      assertThrows(IllegalArgumentException.class, () -> CodebookConv2d.bind(context, s, 4, 256));
      CodebookConv2d op = CodebookConv2d.bind(context, s, 4, 1);
      assertThrows(IllegalArgumentException.class, () -> op.codes(Codes.zeros(context, 20, 45, 3)));
      assertThrows(IllegalArgumentException.class, () -> op.codes(Codes.zeros(context, 45, 20, 4)));
      assertThrows(IllegalArgumentException.class, () -> op.mask(Mask.full(context, 20, 45)));
      assertThrows(IllegalArgumentException.class, () -> op.owners(Mask.full(context, 2, 720)));
    }
  }
}
