// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import org.junit.jupiter.api.Test;

class ParameterTest {
  private static CounterRandom random() {
    return CounterRandom.of(1, "init");
  }

  @Test
  void memoryIsTakenWhenItIsAskedFor() {
    try (Context context = Context.reference();
        Parameter parameter = Parameter.maskable(context, "p", 2, 40)) {
      parameter.initialize(random());
      assertEquals(0, context.usedBytes());
      parameter.visible();
      assertEquals(2 * 2 * 4, context.usedBytes());
      float[] weights = parameter.weights().download();
      assertEquals(2 * 2 * 4 + 80 * 4, context.usedBytes());
      assertArrayEquals(parameter.kaimingUniform(random()), weights);
      assertTrue(weights[0] != 0);
    }
  }

  @Test
  void weightsThatAreThereCanBeDrawnAgain() {
    try (Context context = Context.reference();
        Parameter parameter = Parameter.plain(context, "p", 2, 40)) {
      parameter.fill(3);
      parameter.initialize(random());
      assertArrayEquals(parameter.kaimingUniform(random()), parameter.weights().download());
    }
  }
}
