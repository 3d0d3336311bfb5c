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
    entries.add(entry("codebook_conv2d_forward", "masks", CodebookConv2dParityTest::mixed));
    return entries;
  }

  /** Three masks, each image or block of images under its own. */
  private static Runnable mixed(Side side, Conv2dShape s, Problem<Conv2dShape> problem) {
    Tolerance tolerance =
        Tolerance.product(LENGTH * s.reductionLength(), "src", "codebooks", "bias");
    PlaneShape panels = PanelOrder.shape(new PlaneShape(s.o(), s.reductionLength()));
    Tensor src = side.value("src", s.n(), s.c(), s.h(), s.w());
    int masks = CodebookLinearParityTest.MASKS;
    CodebookConv2d op =
        unmasked(side, s, problem, new Variant(4, 1, true))
            .masks(side.mask("masks", masks * panels.rows(), panels.cols(), 0.6), masks)
            .maskOf(CodebookLinearParityTest.maskOf(src, s.n()))
            .bias(side.plain("bias", s.o()))
            .src(src)
            .dst(side.written("dst", tolerance, s.n(), s.o(), s.oh(), s.ow()));
    op.batch(s.n());
    return op::forward;
  }

  private record Variant(int bits, int sources, boolean exact) {
    Tolerance tolerance(Tolerance sumOfProducts) {
      return exact ? sumOfProducts : Tolerance.WINOGRAD;
    }
  }

  private static CodebookConv2d bind(
      Side side, Conv2dShape s, Problem<Conv2dShape> problem, Variant variant) {
    PlaneShape panels = PanelOrder.shape(new PlaneShape(s.o(), s.reductionLength()));
    return unmasked(side, s, problem, variant)
        .mask(side.mask("mask", panels.rows(), panels.cols(), problem.density()));
  }

  private static CodebookConv2d unmasked(
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

  /** Images of several tasks in one call have the bits of each task's run alone. */
  @ParameterizedTest
  @CsvSource({
    "16, 9, 20, 3, 1, 1, 50", "16, 9, 20, 3, 1, 1, 3", "24, 6, 40, 5, 1, 2, 20",
    "24, 5, 40, 1, 1, 0, 50", "3, 12, 64, 4, 1, 0, 60", "64, 4, 48, 3, 1, 1, 90"
  })
  void imagesOfSeveralTasksHaveTheBitsOfEachAlone(
      int c, int h, int o, int k, int stride, int pad, int density) {
    for (int n : List.of(5 * 16 + 3, 7)) {
      Conv2dShape s = Conv2dShape.square(n, c, h, h, o, k, stride, pad);
      PlaneShape panels = PanelOrder.shape(new PlaneShape(o, s.reductionLength()));
      int[] planes = {2, 0, 0, 1, 2, 2, 1};
      try (Context context = Context.cpu()) {
        Tensor src = Tensor.activations(context, n, c, h, h);
        src.upload(Values.signed("src", n * c * h * h));
        Tensor dst = Tensor.activations(context, n, o, s.oh(), s.ow());
        Tensor alone = Tensor.activations(context, n, o, s.oh(), s.ow());
        Tensor codebooks = Tensor.plain(context, 2, 16);
        codebooks.upload(Values.signed("codebooks", 32));
        int weights = o * s.reductionLength();
        Codes codes =
            Codes.of(context, o, s.reductionLength(), 4, Values.codes("codes", weights, 4));
        Mask owners = CodebookLinearParityTest.planes(context, "owners", 1, panels);
        int rows = 3 * panels.rows();
        Mask masks =
            Mask.of(
                context,
                rows,
                panels.cols(),
                Values.bits("masks", rows * panels.cols(), density / 100.0));
        CodebookConv2d.bind(context, s, 4, 2)
            .codes(codes)
            .codebooks(codebooks)
            .owners(owners)
            .masks(masks, 3)
            .maskOf(planes)
            .src(src)
            .dst(dst)
            .forward();
        int block = src.layout().block();
        for (int first = 0, next; first < n; first = next) {
          for (next = first; next < n && planes[next / block] == planes[first / block]; ) {
            next = Math.min(next + block, n);
          }
          CodebookConv2d.bind(context, s.withN(next - first), 4, 2)
              .codes(codes)
              .codebooks(codebooks)
              .owners(owners)
              .mask(CodebookLinearParityTest.plane(masks, planes[first / block], panels))
              .src(src.images(first, next - first))
              .dst(alone.images(first, next - first))
              .forward();
        }
        assertArrayEquals(alone.download(), dst.download(), s.toString());
      }
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
