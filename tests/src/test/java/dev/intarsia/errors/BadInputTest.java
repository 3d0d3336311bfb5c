// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.errors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MagnitudeThreshold;
import dev.intarsia.parity.Implementation;
import dev.intarsia.parity.Implementations;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bad input to the API: one sentence that names value and limit, on every backend alike. */
class BadInputTest {
  static Stream<Arguments> everyMistakeEverywhere() {
    List<Implementation> implementations =
        List.of(
            Implementations.reference(),
            Implementations.distinct().get(0),
            Implementations.distinct().get(Implementations.distinct().size() - 1));
    return Mistakes.MISTAKES.stream()
        .flatMap(
            mistake -> implementations.stream().map(i -> Arguments.of(mistake.name(), i, mistake)));
  }

  @ParameterizedTest(name = "{0} | {1}")
  @MethodSource("everyMistakeEverywhere")
  void isRefusedInASentence(String name, Implementation implementation, Mistakes.Mistake mistake) {
    Implementations.assume(
        implementation, "magnitude_threshold", "mask_cut", "softmax_cross_entropy", "codebook_fit");
    try (Context context = implementation.open()) {
      Executable attempt = () -> mistake.attempt().on(context);
      Exception error = assertThrows(Exception.class, attempt);
      String sentence = error.getMessage();
      assertInstanceOf(mistake.error(), error, sentence);
      for (String word : mistake.words()) {
        assertTrue(sentence.contains(word), "'" + sentence + "' lacks '" + word + "'");
      }
    }
  }

  /** What was refused has changed nothing, and the context still works. */
  @ParameterizedTest
  @MethodSource("dev.intarsia.parity.Implementations#all")
  void refusalLeavesEverythingAsItWas(Implementation implementation) {
    Implementations.assume(implementation, "magnitude_threshold", "mask_cut", "relu");
    try (Context context = implementation.open()) {
      Tensor values = Tensor.plain(context, 2, 5);
      Tensor threshold = Tensor.plain(context, 1);
      Tensor counts = Tensor.plain(context, DType.I64, 2);
      values.upload(new float[] {1, 2, 3, Float.NaN, 5, 6, 7, 8, 9, 10});
      threshold.upload(new float[] {42});
      MagnitudeThreshold op =
          MagnitudeThreshold.bind(context, new PlaneShape(2, 5))
              .values(values)
              .rank(3)
              .threshold(threshold)
              .counts(counts);
      assertThrows(IllegalArgumentException.class, op::select);
      assertArrayEquals(new float[] {42}, threshold.download());
      assertArrayEquals(new long[] {0, 0}, counts.downloadLongs());
      values.upload(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
      op.select();
      assertArrayEquals(new float[] {3}, threshold.download());
    }
  }
}
