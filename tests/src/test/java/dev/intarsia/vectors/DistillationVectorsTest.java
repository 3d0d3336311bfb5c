// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.vectors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.LinearShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Accuracy;
import dev.intarsia.ops.Distillation;
import dev.intarsia.ops.GroupNorm;
import dev.intarsia.parity.Implementation;
import dev.intarsia.parity.Implementations;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Numbers of distillation and group normalisation that were computed apart from this code. */
class DistillationVectorsTest {
  private static final float[] STUDENT = {2, 0, -1};
  private static final float[] TEACHER = {1, 1, -2};
  private static final float CLOSE = 1e-6f;

  static Stream<Implementation> everywhere() {
    return Stream.concat(Stream.of(Implementations.reference()), Implementations.all().stream());
  }

  /** What one call writes. */
  private record Answer(float[] losses, float[] diff) {}

  /** Repeats the golden row; only the first {@code known} rows have a teacher. */
  private static Answer distil(Context context, int rows, int known, boolean labelled) {
    Tensor labels = Tensor.plain(context, DType.I32, rows);
    Tensor flags = Tensor.plain(context, DType.I32, rows);
    int[] bits = new int[rows];
    Arrays.fill(bits, 0, known, 1);
    flags.upload(bits);
    Tensor losses = Tensor.plain(context, 2);
    Tensor diff = Tensor.activations(context, rows, 3, 1, 1);
    Distillation.bind(context, new LinearShape(rows, 3, 3))
        .temperature(2)
        .lambda(1)
        .src(repeated(context, STUDENT, rows))
        .teacher(repeated(context, TEACHER, rows))
        .labels(labelled ? labels : null)
        .known(flags)
        .loss(losses)
        .diffSrc(diff)
        .apply();
    return new Answer(losses.download(), diff.download());
  }

  private static Tensor repeated(Context context, float[] row, int rows) {
    float[] values = new float[rows * row.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = row[i % row.length];
    }
    Tensor tensor = Tensor.activations(context, rows, row.length, 1, 1);
    tensor.upload(values);
    return tensor;
  }

  @ParameterizedTest
  @MethodSource("everywhere")
  void distillationOfOneKnownRow(Implementation implementation) {
    Implementations.assume(implementation, "distillation");
    Context context = Implementations.context(implementation);
    for (int rows : new int[] {1, 2, 17}) {
      Answer answer = distil(context, rows, 1, false);
      assertEquals(0, answer.losses()[0], "no labels, no cross entropy");
      assertEquals(0.461075268, answer.losses()[1], CLOSE);
      float[] wanted = new float[rows * 3]; // rows without a teacher have no gradient
      System.arraycopy(new float[] {0.357431003f, -0.437184640f, 0.079753637f}, 0, wanted, 0, 3);
      assertArrayEquals(wanted, answer.diff(), CLOSE);
    }
  }

  /** K = 0: the term and its gradient are exactly zero. */
  @ParameterizedTest
  @MethodSource("everywhere")
  void distillationOfNoKnownRowIsNothing(Implementation implementation) {
    Implementations.assume(implementation, "distillation");
    Context context = Implementations.context(implementation);
    for (int rows : new int[] {2, 17}) {
      Answer none = distil(context, rows, 0, false);
      assertArrayEquals(new float[2], none.losses());
      assertArrayEquals(new float[rows * 3], none.diff());
      Answer entropy = distil(context, rows, 0, true);
      assertEquals(0.169846, entropy.losses()[0], CLOSE); // ln(1 + e^-2 + e^-3)
      assertEquals(0, entropy.losses()[1]);
    }
  }

  /** Known rows are those whose largest logit, the first of equals, is the label's. */
  @ParameterizedTest
  @MethodSource("everywhere")
  void minesRowsThatAreRight(Implementation implementation) {
    Implementations.assume(implementation, "accuracy");
    Context context = Implementations.context(implementation);
    Tensor src = Tensor.activations(context, 4, 3, 1, 1);
    src.upload(new float[] {.1f, .9f, .5f, 2, 2, 1, 0, 1, 3, 1, 1, 1});
    Tensor labels = Tensor.plain(context, DType.I32, 4);
    labels.upload(new int[] {1, 1, 2, 0});
    Tensor correct = Tensor.plain(context, DType.I64, 1);
    Tensor hit = Tensor.plain(context, DType.I32, 4);
    Accuracy.bind(context, new LinearShape(4, 3, 3))
        .src(src)
        .labels(labels)
        .correct(correct)
        .hit(hit)
        .forward();
    assertArrayEquals(new int[] {1, 0, 1, 1}, hit.downloadInts());
    assertEquals(3, correct.downloadLongs()[0]);
  }

  /** The example of docs/ops/group_norm.md. */
  @ParameterizedTest
  @MethodSource("everywhere")
  void groupNorm(Implementation implementation) {
    Implementations.assume(implementation, "group_norm");
    Context context = Implementations.context(implementation);
    ActivationShape s = new ActivationShape(1, 4, 1, 2);
    Tensor scale = plain(context, 1, 1, 1, 2);
    Tensor diffScale = plain(context, 0, 0, 0, 0);
    Tensor diffShift = plain(context, 0, 0, 0, 0);
    Tensor dst = Tensor.activations(context, 1, 4, 1, 2);
    Tensor diffSrc = Tensor.activations(context, 1, 4, 1, 2);
    GroupNorm op =
        GroupNorm.bind(context, s)
            .groups(2)
            .epsilon(1e-5f)
            .scale(scale)
            .shift(plain(context, 0, 0, 0, 0))
            .savedMean(Tensor.activations(context, 1, 2, 1, 1))
            .savedRstd(Tensor.activations(context, 1, 2, 1, 1))
            .src(images(context, 1, 2, 3, 4, 10, 10, 14, 14))
            .dst(dst)
            .diffDst(images(context, 1, 0, 0, 0, 0, 0, 0, 1))
            .diffSrc(diffSrc)
            .diffScale(diffScale)
            .diffShift(diffShift);
    op.forward();
    op.backward();
    assertArrayEquals(
        new float[] {
          -1.34164f, -0.447212f, 0.447212f, 1.34164f, -0.999999f, -0.999999f, 1.999997f, 1.999997f
        },
        dst.download(),
        1e-5f);
    assertArrayEquals(
        new float[] {
          0.26833f, -0.357768f, -0.0894434f, 0.178882f, -6e-7f, -6e-7f, -0.499999f, 0.5f
        },
        diffSrc.download(),
        1e-5f);
    assertArrayEquals(new float[] {-1.34164f, 0, 0, 0.999999f}, diffScale.download(), 1e-5f);
    assertArrayEquals(new float[] {1, 0, 0, 1}, diffShift.download(), 1e-5f);
  }

  private static Tensor plain(Context context, float... values) {
    Tensor tensor = Tensor.plain(context, values.length);
    tensor.upload(values);
    return tensor;
  }

  private static Tensor images(Context context, float... values) {
    Tensor tensor = Tensor.activations(context, 1, 4, 1, 2);
    tensor.upload(values);
    return tensor;
  }
}
