// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Isa;
import dev.intarsia.Layout;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PanelOrder;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookLinear;
import dev.intarsia.ops.MaskedLinear;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CodebookLinearParityTest extends KernelParityTest<LinearShape> {
  /** With two or four centres every weight is among the largest: sums round as twice as long. */
  private static final long LENGTH = 2;

  static final int MASKS = 3;

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
    entries.add(
        entry(
            "codebook_linear_forward",
            "masks, 4 bits, 1 sources",
            (side, s, problem) -> mixed(side, s, problem, 4, 1)));
    entries.add(
        entry(
            "codebook_linear_forward",
            "masks, 6 bits, 3 sources",
            (side, s, problem) -> mixed(side, s, problem, 6, 3)));
    return entries;
  }

  /** Three masks, each image or block of images under its own. */
  private static Runnable mixed(
      Side side, LinearShape s, Problem<LinearShape> problem, int bits, int sources) {
    Tolerance tolerance = Tolerance.product(LENGTH * s.i(), "src", "codebooks", "bias");
    PlaneShape panels = PanelOrder.shape(new PlaneShape(s.o(), s.i()));
    Tensor src = side.value("src", s.n(), s.i(), 1, 1);
    CodebookLinear op =
        unmasked(side, s, problem, bits, sources)
            .masks(side.mask("masks", MASKS * panels.rows(), panels.cols(), 0.6), MASKS)
            .maskOf(maskOf(src, s.n()))
            .bias(side.plain("bias", s.o()))
            .src(src)
            .dst(side.written("dst", tolerance, s.n(), s.o(), 1, 1));
    op.batch(s.n());
    return op::forward;
  }

  /** A plane for each sixteen images, in any layout. */
  static int[] maskOf(Tensor src, int images) {
    int block = src.layout().block();
    return IntStream.range(0, (images + block - 1) / block)
        .map(index -> index * block / Layout.BLOCK * 5 / 2 % MASKS)
        .toArray();
  }

  private static CodebookLinear bind(
      Side side, LinearShape s, Problem<LinearShape> problem, int bits, int sources) {
    PlaneShape panels = PanelOrder.shape(new PlaneShape(s.o(), s.i()));
    return unmasked(side, s, problem, bits, sources)
        .mask(side.mask("mask", panels.rows(), panels.cols(), problem.density()));
  }

  private static CodebookLinear unmasked(
      Side side, LinearShape s, Problem<LinearShape> problem, int bits, int sources) {
    PlaneShape plane = new PlaneShape(s.o(), s.i());
    PlaneShape panels = PanelOrder.shape(plane);
    byte[] codes = Values.codes(problem + "/codes", plane.elements(), bits);
    CodebookLinear op =
        CodebookLinear.bind(side.context(), s.withN(side.capacity(s.n())), bits, sources)
            .codes(side.codes("codes", s.o(), s.i(), bits, codes, false))
            .codebooks(side.plain("codebooks", sources, 1L << bits));
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

  /**
   * A codebook that holds every weight: the dense product, to the bit, in blocks and row by row,
   * with a mask and without. Not in small batches of one and two bits without a mask, where several
   * weights are summed before they meet the rest.
   */
  @ParameterizedTest
  @EnumSource(
      value = Isa.class,
      names = {"SCALAR", "AVX2", "AVX512"})
  void aCodebookOfAllWeightsIsTheDenseLayer(Isa isa) {
    Implementations.assume(new Implementation(Implementation.Kind.CPU, isa, 1));
    for (int images : List.of(1, 3, 7, 16, 33)) {
      LinearShape shape = new LinearShape(images, 331, 37);
      for (int bits : List.of(3, 4, 5, 8)) {
        assertDense(isa, shape, bits, false);
        assertDense(isa, shape, bits, true);
      }
      assertDense(isa, shape, 1, true);
      assertDense(isa, shape, 2, true);
    }
  }

  private static void assertDense(Isa isa, LinearShape s, int bits, boolean masked) {
    float[] centres = Values.signed("centres", 1 << bits);
    byte[] codes = Values.codes("codes", s.o() * s.i(), bits);
    float[] weights = new float[codes.length];
    for (int k = 0; k < codes.length; k++) {
      weights[k] = centres[codes[k] & 0xFF];
    }
    try (Context context = Context.cpu(isa, 1)) {
      Tensor src = Tensor.activations(context, s.n(), s.i(), 1, 1);
      src.upload(Values.signed("src", s.n() * s.i()));
      Tensor dense = Tensor.activations(context, s.n(), s.o(), 1, 1);
      Tensor coded = Tensor.activations(context, s.n(), s.o(), 1, 1);
      Tensor plain = Tensor.plain(context, s.o(), s.i());
      plain.upload(weights);
      Tensor codebook = Tensor.plain(context, 1, centres.length);
      codebook.upload(centres);
      Tensor bias = Tensor.plain(context, s.o());
      bias.upload(Values.signed("bias", s.o()));
      boolean[] bitsOfMask = new boolean[codes.length];
      for (int k = 0; k < codes.length; k++) {
        bitsOfMask[k] = k * 7919L % 13 < 7;
      }
      Mask mask = masked ? Mask.of(context, s.o(), s.i(), bitsOfMask) : null;
      MaskedLinear.bind(context, s)
          .weights(plain)
          .mask(mask)
          .bias(bias)
          .src(src)
          .dst(dense)
          .forward();
      CodebookLinear.bind(context, s, bits, 1)
          .codes(Codes.of(context, s.o(), s.i(), bits, codes))
          .codebooks(codebook)
          .mask(masked ? PanelOrder.of(mask) : null)
          .bias(bias)
          .src(src)
          .dst(coded)
          .forward();
      assertArrayEquals(dense.download(), coded.download(), s + ", " + bits + " bits on " + isa);
    }
  }

  /** Images of several tasks in one call have the bits of each task's run alone. */
  @ParameterizedTest
  @CsvSource({
    "SCALAR, 4, 1",
    "SCALAR, 4, 3",
    "AVX2, 4, 1",
    "AVX2, 2, 3",
    "AVX512, 4, 1",
    "AVX512, 5, 1",
    "AVX512, 8, 1",
    "AVX512, 3, 4"
  })
  void imagesOfSeveralTasksHaveTheBitsOfEachAlone(Isa isa, int bits, int sources) {
    Implementations.assume(new Implementation(Implementation.Kind.CPU, isa, 1));
    for (int threads : List.of(1, 3)) {
      try (Context context = Context.cpu(isa, threads)) {
        assertMixed(context, new LinearShape(5 * 16 + 3, 301, 150), bits, sources);
        assertMixed(context, new LinearShape(7, 301, 150), bits, sources);
      }
    }
  }

  private static void assertMixed(Context context, LinearShape s, int bits, int sources) {
    PlaneShape panels = PanelOrder.shape(new PlaneShape(s.o(), s.i()));
    int[] planes = {2, 0, 0, 1, 2, 2, 1};
    Tensor src = Tensor.activations(context, s.n(), s.i(), 1, 1);
    src.upload(Values.signed("src", s.n() * s.i()));
    Tensor dst = Tensor.activations(context, s.n(), s.o(), 1, 1);
    Tensor alone = Tensor.activations(context, s.n(), s.o(), 1, 1);
    Tensor codebooks = Tensor.plain(context, sources, 1L << bits);
    codebooks.upload(Values.signed("codebooks", sources << bits));
    Tensor bias = Tensor.plain(context, s.o());
    bias.upload(Values.signed("bias", s.o()));
    Codes codes = Codes.of(context, s.o(), s.i(), bits, Values.codes("c", s.o() * s.i(), bits));
    Mask masks = planes(context, "masks", MASKS, panels);
    Mask owners = sources == 1 ? null : planes(context, "owners", sources - 1, panels);
    CodebookLinear.bind(context, s, bits, sources)
        .codes(codes)
        .codebooks(codebooks)
        .owners(owners)
        .masks(masks, MASKS)
        .maskOf(planes)
        .bias(bias)
        .src(src)
        .dst(dst)
        .forward();
    int block = src.layout().block();
    for (int first = 0, next; first < s.n(); first = next) {
      for (next = first; next < s.n() && planes[next / block] == planes[first / block]; ) {
        next = Math.min(next + block, s.n());
      }
      CodebookLinear.bind(context, s.withN(next - first), bits, sources)
          .codes(codes)
          .codebooks(codebooks)
          .owners(owners)
          .mask(plane(masks, planes[first / block], panels))
          .bias(bias)
          .src(src.images(first, next - first))
          .dst(alone.images(first, next - first))
          .forward();
    }
    assertArrayEquals(alone.download(), dst.download(), s + " of " + context);
  }

  static Mask planes(Context context, String name, int count, PlaneShape panels) {
    int rows = count * panels.rows();
    return Mask.of(context, rows, panels.cols(), Values.bits(name, rows * panels.cols(), 0.5));
  }

  /** A plane of several as a mask. */
  static Mask plane(Mask masks, int index, PlaneShape panels) {
    int length = panels.rows() * panels.wordsPerRow();
    int[] words = Arrays.copyOfRange(masks.words(), index * length, (index + 1) * length);
    return Mask.of(masks.context(), panels.rows(), panels.cols(), words);
  }

  @Test
  void masksThatDoNotFitAreRefused() {
    LinearShape s = new LinearShape(33, 5, 20);
    try (Context context = Context.cpu()) {
      CodebookLinear op =
          CodebookLinear.bind(context, s, 4, 1)
              .codes(Codes.zeros(context, 20, 5, 4))
              .codebooks(Tensor.plain(context, 1, 16))
              .src(Tensor.activations(context, 33, 5, 1, 1))
              .dst(Tensor.activations(context, 33, 20, 1, 1))
              .diffDst(Tensor.activations(context, 33, 20, 1, 1))
              .diffSrc(Tensor.activations(context, 33, 5, 1, 1));
      assertThrows(IllegalStateException.class, () -> op.maskOf(0));
      assertThrows(IllegalArgumentException.class, () -> op.masks(Mask.full(context, 4, 80), 3));
      assertThrows(IllegalArgumentException.class, () -> op.masks(null, 1));
      op.masks(Mask.full(context, 6, 80), 3);
      assertThrows(IllegalStateException.class, op::forward); // no maskOf
      assertThrows(IllegalArgumentException.class, op::maskOf);
      assertThrows(IllegalArgumentException.class, () -> op.maskOf(0, 3, 0));
      assertThrows(IllegalArgumentException.class, () -> op.maskOf(-1));
      op.maskOf(0, 1); // three blocks
      assertThrows(IllegalStateException.class, op::forward);
      op.batch(32);
      op.forward();
      assertThrows(IllegalStateException.class, op::backwardData);
      op.mask(Mask.full(context, 2, 80)).backwardData();
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
