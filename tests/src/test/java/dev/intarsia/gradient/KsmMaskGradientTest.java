// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.gradient;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.Surrogate;
import dev.intarsia.Tensor;
import dev.intarsia.ops.SoftMask;
import dev.intarsia.parity.Implementation;
import dev.intarsia.parity.Implementations;
import dev.intarsia.parity.Values;
import dev.intarsia.reference.SoftMaskReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** KSM's gradient of scores is that of the sigmoid that stands for the threshold. */
class KsmMaskGradientTest {
  private static final double SLOPE = 12;
  private static final double THRESHOLD = 5e-3;
  private static final double STEP = 1e-5;

  @Test
  void derivativeIsTheDifferenceQuotientOfTheSurrogate() {
    for (double m = -0.4; m <= 0.4; m += 0.01) {
      double x = m - THRESHOLD;
      double quotient =
          (SoftMaskReference.sigmoid(SLOPE, x + STEP) - SoftMaskReference.sigmoid(SLOPE, x - STEP))
              / (2 * STEP);
      double derivative = SoftMaskReference.derivative(Surrogate.SIGMOID, SLOPE, x);
      assertEquals(quotient, derivative, 1e-8, "at " + m);
    }
    assertEquals(3, SoftMaskReference.derivative(Surrogate.SIGMOID, SLOPE, 0), 1e-12);
  }

  private static Stream<Implementation> everywhere() {
    return Stream.concat(
        Stream.of(Implementations.reference()), Implementations.distinct().stream());
  }

  /** Of a loss that is linear in the soft steps, of groups of eight kernels, the last shorter. */
  @ParameterizedTest
  @MethodSource("everywhere")
  void kernelsAgreeWithDoubles(Implementation implementation) {
    Implementations.assume(implementation, "soft_mask");
    PlaneShape shape = new PlaneShape(5, 20 * 9);
    int units = SoftMask.units(shape, 72);
    float[] m = Values.uniform("ksm/m", 5 * units, -0.02f, 0.03f);
    float[] d = Values.uniform("ksm/d", 5 * 20, 0.1f, 1);
    try (Context context = implementation.open();
        Tensor scores = Tensor.plain(context, 5, units);
        Tensor diffFactors = Tensor.plain(context, 5, 20);
        Tensor diffScores = Tensor.plain(context, 5, units)) {
      scores.upload(m);
      diffFactors.upload(d);
      SoftMask.bind(context, shape, 72, 9)
          .scores(scores)
          .diffFactors(diffFactors)
          .diffScores(diffScores)
          .backward();
      float[] found = diffScores.download();
      for (int u = 0; u < found.length; u++) {
        double sum = 0;
        for (int k = u % units * 8; k < Math.min(20, u % units * 8 + 8); k++) {
          sum += d[u / units * 20 + k];
        }
        double x = m[u] - (double) 5e-3f;
        double quotient =
            (SoftMaskReference.sigmoid(SLOPE, x + STEP)
                    - SoftMaskReference.sigmoid(SLOPE, x - STEP))
                / (2 * STEP);
        double expected = sum * quotient;
        assertEquals(expected, found[u], 1e-4 * expected, "unit " + u);
      }
    }
  }
}
