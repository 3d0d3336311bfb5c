// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.soft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.SoftMaskMode;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What a task's masks take, against sizes computed by hand. */
class KsmMaskBytesTest {
  private static final double MIB = 1 << 20;

  private static float[] of(int units, float factor) {
    float[] factors = new float[units];
    Arrays.fill(factors, factor);
    return factors;
  }

  /** ResNet-18: a bit for each of 1,392,832 kernels, a byte for each that is scaled. */
  @Test
  void resNet18TakesWhatTheSpecificationSays() {
    long kernels = 0;
    long bitmap = 0;
    long all = 0;
    try (Context context = Context.reference();
        Network net =
            Models.build("resnet18", context, new ActivationShape(1, 3, 32, 32), 1, 1.0)) {
      for (Parameter parameter : net.shared()) {
        long[] dims = parameter.dims();
        int units = Math.toIntExact(dims[0] * dims[1]);
        kernels += units;
        bitmap += StoredMask.of(of(units, 1), SoftMaskMode.SOFT, 0.5f).bytes();
        all += StoredMask.of(of(units, 0.25f), SoftMaskMode.SOFT, 0.5f).bytes();
      }
    }
    assertEquals(1_392_832, kernels);
    assertEquals(0.166, bitmap / MIB, 0.0005);
    assertEquals(kernels, all - bitmap);
    assertEquals(1.33, (all - bitmap) / MIB, 0.005);
  }

  @Test
  void everyModeTakesItsBitsAndBytes() {
    float[] soft = of(65, 0.5f);
    soft[3] = 1;
    assertEquals(16 + 64, StoredMask.of(soft, SoftMaskMode.SOFT, 0.5f).bytes());
    assertEquals(16, StoredMask.of(of(65, 1), SoftMaskMode.BINARY, 0).bytes());
    assertEquals(32, StoredMask.of(of(65, -1), SoftMaskMode.TERNARY, 0).bytes());
  }

  @Test
  void whatIsStoredComesBack() {
    float[] binary = {1, 0, 0, 1, 1};
    assertArrayEquals(binary, StoredMask.of(binary, SoftMaskMode.BINARY, 0).factors());
    float[] ternary = {1, -1, 0, 1, -1};
    assertArrayEquals(ternary, StoredMask.of(ternary, SoftMaskMode.TERNARY, 0).factors());
    float[] soft = {1, 0, 0.5f, 0.25f, 0.001f};
    float[] stored = StoredMask.of(soft, SoftMaskMode.SOFT, 0.5f).factors();
    assertArrayEquals(soft, stored, 0.5f / 255 / 2 + 1e-7f);
    assertArrayEquals(
        stored, StoredMask.of(stored, SoftMaskMode.SOFT, 0.5f).factors(), "stored once more");
  }
}
