// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.errors;

import dev.intarsia.ActivationShape;
import dev.intarsia.Codes;
import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.DType;
import dev.intarsia.Isa;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.Owners;
import dev.intarsia.PlaneShape;
import dev.intarsia.Pool2dShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Accuracy;
import dev.intarsia.ops.BatchNorm;
import dev.intarsia.ops.CodebookFit;
import dev.intarsia.ops.CodebookLinear;
import dev.intarsia.ops.Dropout;
import dev.intarsia.ops.GroupNorm;
import dev.intarsia.ops.MagnitudeThreshold;
import dev.intarsia.ops.MaskCut;
import dev.intarsia.ops.MaskedAdam;
import dev.intarsia.ops.MaskedConv2d;
import dev.intarsia.ops.MaskedLinear;
import dev.intarsia.ops.MaskedSgd;
import dev.intarsia.ops.SoftmaxCrossEntropy;
import java.util.ArrayList;
import java.util.List;

/** Every mistake a caller can make with the API, and the words its sentence has to have. */
final class Mistakes {
  private static final PlaneShape PLANE = new PlaneShape(2, 5);
  private static final LinearShape LINEAR = new LinearShape(4, 5, 3);

  private Mistakes() {}

  /**
   * One mistake.
   *
   * @param error what is thrown
   * @param words all of which its sentence has
   */
  record Mistake(
      String name, Class<? extends Exception> error, List<String> words, Attempt attempt) {}

  /** Makes the mistake on a context. */
  @FunctionalInterface
  interface Attempt {
    void on(Context context) throws Exception;
  }

  static final List<Mistake> MISTAKES = new ArrayList<>();

  private static void value(String name, Attempt attempt, String... words) {
    MISTAKES.add(new Mistake(name, IllegalArgumentException.class, List.of(words), attempt));
  }

  private static void state(String name, Attempt attempt, String... words) {
    MISTAKES.add(new Mistake(name, IllegalStateException.class, List.of(words), attempt));
  }

  static {
    shapes();
    tensors();
    masks();
    ops();
    numbers();
    selection();
    codes();
    owners();
  }

  private static void shapes() {
    value("negative channels", c -> Conv2dShape.square(1, -3, 8, 8, 4, 3, 1, 1), "c is -3", "1");
    value("zero stride", c -> Conv2dShape.square(1, 3, 8, 8, 4, 3, 0, 1), "strideH is 0", "1");
    value("negative padding", c -> Conv2dShape.square(1, 3, 8, 8, 4, 3, 1, -1), "padH is -1", "0");
    value(
        "window larger than the image",
        c -> Conv2dShape.square(1, 3, 2, 8, 4, 3, 1, 0),
        "height is 2",
        "at least 3",
        "use a larger image");
    value(
        "groups that do not divide",
        c -> Conv2dShape.parse("n1c6h8w8 o4k3 s1p1g4"),
        "groups is 4",
        "c 6",
        "o 4");
    value("unreadable shape", c -> Conv2dShape.parse("n1c3h8w8 o4q3"), "'q3'", "o64k7");
    value("no inputs", c -> new LinearShape(4, 0, 2), "i is 0", "1");
    value("no rows", c -> new PlaneShape(0, 5), "rows is 0", "1");
    value(
        "padding as large as the window",
        c -> Pool2dShape.square(1, 1, 8, 8, 2, 2, 2),
        "2x2",
        "less than the window");
    value(
        "more elements than an int counts",
        c -> new LinearShape(1 << 20, 1 << 20, 1),
        "2147483647",
        "smaller batch");
  }

  private static void tensors() {
    value("zero size", c -> Tensor.plain(c, 3, 0), "[3, 0]");
    value("negative size", c -> Tensor.plain(c, -1), "-1");
    value("negative images", c -> Tensor.activations(c, -2, 3, 4, 4), "-2");
    value("too few values", c -> Tensor.plain(c, 2, 5).upload(new float[9]), "9", "10", "[2, 5]");
    value("integers for floats", c -> Tensor.plain(c, 4).upload(new int[4]), "F32", "I32");
    value("floats of integers", c -> Tensor.plain(c, DType.I32, 4).download(), "I32", "F32");
    value("view of too much", c -> Tensor.plain(c, 2, 5).view(11), "[11]", "[2, 5]", "at least 11");
    value(
        "copy of another shape",
        c -> Tensor.plain(c, 2, 5).copyFrom(Tensor.plain(c, 5, 2)),
        "[2, 5]",
        "[5, 2]");
    value(
        "copy from another context",
        c -> {
          try (Context other = Context.reference()) {
            Tensor.plain(c, 4).copyFrom(Tensor.plain(other, 4));
          }
        },
        "context");
    state(
        "read after close",
        c -> {
          Tensor tensor = Tensor.plain(c, 4);
          tensor.close();
          tensor.download();
        },
        "closed");
    state(
        "tensor of a closed context",
        c -> {
          Context other = Context.reference();
          Tensor tensor = Tensor.plain(other, 4);
          other.close();
          tensor.upload(new float[4]);
        },
        "closed");
    state(
        "tensor on a closed context",
        c -> {
          Context other = Context.reference();
          other.close();
          Tensor.plain(other, 4);
        },
        "closed",
        "open a new one");
  }

  private static void masks() {
    value("bits of the wrong length", c -> Mask.of(c, 2, 5, new boolean[9]), "9", "10");
    value(
        "words of the wrong length",
        c -> Mask.of(c, 2, 33, new int[2]),
        "2 words",
        "2 rows of 2 words");
    value(
        "pad bits",
        c -> Mask.of(c, 1, 5, new int[] {0b100000}),
        "0x20",
        "beyond weight 4",
        "pad bits are zero");
    value("no columns", c -> Mask.empty(c, 2, 0), "0");
    value("bit out of range", c -> Mask.empty(c, 2, 5).get(2, 0), "2");
    value(
        "mask of another shape",
        c -> Mask.empty(c, 2, 5).or(Mask.empty(c, 5, 2)),
        "[2, 5]",
        "[5, 2]");
    state(
        "closed mask",
        c -> {
          Mask mask = Mask.full(c, 2, 5);
          mask.close();
          mask.cardinality();
        },
        "closed");
  }

  private static void ops() {
    value(
        "weights of another shape",
        c -> MaskedLinear.bind(c, LINEAR).weights(Tensor.plain(c, 5, 3)),
        "weights",
        "[5, 3]",
        "[3, 5]");
    value(
        "filters of another shape",
        c ->
            MaskedConv2d.bind(c, Conv2dShape.square(1, 16, 8, 8, 64, 3, 1, 1))
                .weights(Tensor.plain(c, 64, 3, 3, 3)),
        "weights",
        "[64, 3, 3, 3]",
        "[64, 16, 3, 3]");
    value(
        "mask of the wrong length",
        c -> MaskedLinear.bind(c, LINEAR).mask(Mask.full(c, 3, 6)),
        "mask",
        "[3, 6]",
        "[3, 5]");
    value(
        "row-major for activations",
        c -> MaskedLinear.bind(c, LINEAR).src(Tensor.plain(c, 4, 5)),
        "src",
        "[4, 5]",
        "activations");
    value(
        "labels that are no integers",
        c -> Accuracy.bind(c, new LinearShape(4, 3, 3)).labels(Tensor.plain(c, 4)),
        "labels",
        "I32");
    value(
        "tensor of another context",
        c -> {
          try (Context other = Context.reference()) {
            MaskedLinear.bind(c, LINEAR).weights(Tensor.plain(other, 3, 5));
          }
        },
        "weights",
        "another context");
    state(
        "field that was never set",
        c -> MaskedLinear.bind(c, LINEAR).weights(Tensor.plain(c, 3, 5)).forward(),
        "masked_linear_forward",
        "src",
        "not set");
    state(
        "closed tensor bound",
        c -> {
          Tensor weights = Tensor.plain(c, 3, 5);
          weights.close();
          MaskedLinear.bind(c, LINEAR).weights(weights);
        },
        "weights",
        "closed");
    state(
        "tensor closed after it was bound",
        c -> {
          Tensor src = Tensor.activations(c, 4, 5, 1, 1);
          MaskedLinear op =
              MaskedLinear.bind(c, LINEAR)
                  .src(src)
                  .weights(Tensor.plain(c, 3, 5))
                  .dst(Tensor.activations(c, 4, 3, 1, 1));
          op.forward();
          src.close();
          op.forward();
        },
        "masked_linear_forward",
        "src",
        "closed");
    value("empty batch", c -> MaskedLinear.bind(c, LINEAR).batch(0), "batch is 0", "1 .. 4");
    value("batch too large", c -> MaskedLinear.bind(c, LINEAR).batch(5), "batch is 5", "1 .. 4");
  }

  private static void numbers() {
    value("rate of one", c -> Dropout.bind(c, image()).rate(1), "rate is 1", "below 1");
    value("negative rate", c -> Dropout.bind(c, image()).rate(-0.5f), "rate is -0.5", "0");
    value(
        "learning rate NaN",
        c -> MaskedSgd.bind(c, PLANE).learningRate(Float.NaN),
        "learningRate is NaN",
        "finite");
    value("momentum of one", c -> MaskedSgd.bind(c, PLANE).momentum(1), "momentum is 1", "below 1");
    value(
        "negative decay",
        c -> MaskedAdam.bind(c, PLANE).weightDecay(-1),
        "weightDecay is -1",
        "at least 0");
    value("step before the first", c -> MaskedAdam.bind(c, PLANE).stepCount(0), "0", "1");
    value("beta of one", c -> MaskedAdam.bind(c, PLANE).beta2(1), "beta2 is 1", "below 1");
    value(
        "groups that do not divide channels",
        c -> GroupNorm.bind(c, image()).groups(2),
        "groups is 2",
        "3");
    value("norm momentum", c -> BatchNorm.bind(c, image()).momentum(2), "momentum is 2", "1");
    value(
        "class range past the end",
        c -> SoftmaxCrossEntropy.bind(c, new LinearShape(4, 10, 10)).classRange(8, 3),
        "8 .. 10",
        "0 .. 9");
    value("negative threads", c -> Context.cpu(Isa.AUTO, -1), "threads is -1", "1024");
    value("unknown backend", c -> Context.open("gpu", 1), "'gpu'", "cuda", "reference");
  }

  private static ActivationShape image() {
    return new ActivationShape(4, 3, 2, 2);
  }

  private static void selection() {
    value("NaN among scores", c -> select(c, Float.NaN, 3), "[1, 2]", "NaN", "learning rate");
    value("rank zero", c -> select(c, 0, 0), "rank is 0", "10");
    value("rank past the candidates", c -> select(c, 0, 11), "rank is 11", "10");
    value(
        "rank past masked candidates",
        c -> select(c, 0, 4, Mask.of(c, 2, 5, new int[] {0b111, 0})),
        "rank is 4",
        "3");
    value("negative keep", c -> MaskCut.bind(c, PLANE).keep(-1), "keep is -1", "10");
    value("keep past the plane", c -> MaskCut.bind(c, PLANE).keep(11), "keep is 11", "10");
    state(
        "cut without a rule for ties",
        c -> MaskCut.bind(c, PLANE).values(Tensor.plain(c, 2, 5)).apply(),
        "mask_cut_apply",
        "not set");
    value("label past the range", c -> judge(c, 3), "label", "3", "0 .. 2");
    value("negative label", c -> judge(c, -1), "label", "-1", "0 .. 2");
  }

  private static void select(Context context, float odd, long rank) {
    select(context, odd, rank, null);
  }

  private static void select(Context context, float odd, long rank, Mask candidates) {
    Tensor values = Tensor.plain(context, 2, 5);
    values.upload(new float[] {1, 2, 3, 4, 5, 6, 7, odd, 9, 10});
    MagnitudeThreshold.bind(context, PLANE)
        .values(values)
        .candidates(candidates)
        .rank(rank)
        .threshold(Tensor.plain(context, 1))
        .counts(Tensor.plain(context, DType.I64, 2))
        .select();
  }

  private static void judge(Context context, int label) {
    LinearShape shape = new LinearShape(4, 3, 3);
    Tensor labels = Tensor.plain(context, DType.I32, 4);
    labels.upload(new int[] {0, 1, label, 2});
    SoftmaxCrossEntropy.bind(context, shape)
        .classRange(0, 3)
        .src(Tensor.activations(context, 4, 3, 1, 1))
        .labels(labels)
        .loss(Tensor.plain(context, 1))
        .forward();
  }

  private static void codes() {
    value("codes of nine bits", c -> Codes.zeros(c, 2, 5, 9), "bits is 9", "1 .. 8");
    value(
        "code of too many bits",
        c -> Codes.of(c, 1, 2, 3, new byte[] {7, 8}),
        "code 1 is 8",
        "0 .. 7",
        "more bits");
    value("too few codes", c -> Codes.of(c, 2, 5, 3, new byte[9]), "9 codes", "10");
    value("code out of range", c -> Codes.zeros(c, 2, 5, 3).get(2, 0), "[2, 0]", "[2, 5]");
    value("one centre", c -> CodebookFit.bind(c, PLANE, 1), "size is 1", "2 .. 256");
    value("fit of NaN", c -> fit(c, Float.NaN, null), "[1, 2]", "not finite", "learning rate");
    value("fit of nothing", c -> fit(c, 0, Mask.empty(c, 2, 5)), "no value", "at least one");
    value("no source", c -> CodebookLinear.bind(c, LINEAR, 4, 0), "sources is 0", "1 .. 255");
    value(
        "codes of other bits",
        c -> CodebookLinear.bind(c, LINEAR, 4, 1).codes(Codes.zeros(c, 3, 5, 3)),
        "3 bits",
        "expected 4");
    value(
        "owners of a single source",
        c -> CodebookLinear.bind(c, LINEAR, 4, 1).owners(Mask.full(c, 1, 80)),
        "owners",
        "null for one source");
    value(
        "mask in row order",
        c -> CodebookLinear.bind(c, LINEAR, 4, 1).mask(Mask.full(c, 3, 5)),
        "[3, 5]",
        "[1, 80]");
  }

  private static void fit(Context context, float odd, Mask selected) {
    Tensor values = Tensor.plain(context, 2, 5);
    values.upload(new float[] {1, 2, 3, 4, 5, 6, 7, odd, 9, 10});
    CodebookFit.bind(context, PLANE, 2)
        .values(values)
        .selected(selected)
        .centres(Tensor.plain(context, 2))
        .used(Tensor.plain(context, DType.I64, 1))
        .apply();
  }

  private static void owners() {
    state("prune before begin", c -> new Owners(2, 5).prune(2, Mask.full(c, 2, 5)), "prune", "2");
    state("task zero", c -> new Owners(2, 5).begin(0), "0", "1", "255");
    state("one task too many", c -> new Owners(2, 5).begin(256), "256", "255");
    state(
        "begin twice",
        c -> {
          Owners owners = new Owners(2, 5);
          owners.begin(1);
          owners.begin(2);
        },
        "begin(task 2)",
        "TRAINING");
  }
}
