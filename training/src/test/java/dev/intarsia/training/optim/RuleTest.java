// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RuleTest {
  private static final int STEPS = 100;

  static Stream<Rule> rules() {
    return Stream.of(
        new Sgd(0.1, 0, 0, false),
        new Sgd(0.1, 0.9, 0.01, false),
        new Sgd(0.1, 0.9, 0.01, true),
        Adam.of(0.1, 0.01),
        new Adam(0.1, 0.9, 0.999, 1e-8, 0.01, true));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void frozenWeightsKeepEveryBit(Rule rule) {
    boolean[] trainable = {true, false, true, false, true, false};
    float[] start = {1, -2, 3, -4, 5, -6};
    try (Context context = Context.reference();
        Tensor weights = Tensor.plain(context, 2, 3);
        Tensor gradient = Tensor.plain(context, 2, 3);
        Mask mask = Mask.of(context, 2, 3, trainable);
        Rule.Stepper stepper = rule.bind(new PlaneShape(2, 3), weights, gradient, mask)) {
      weights.upload(start);
      gradient.upload(new float[] {1, 1, -1, -1, 0.5f, 0.5f});
      for (int step = 0; step < STEPS; step++) {
        stepper.step();
      }
      float[] now = weights.download();
      for (int i = 0; i < start.length; i++) {
        if (trainable[i]) {
          assertNotEquals(start[i], now[i]);
        } else {
          assertEquals(start[i], now[i]);
        }
      }
    }
  }

  @Test
  void anOptimizerThatSlowsDownTakesSmallerStepsAndKeepsItsState() {
    try (Context context = Context.reference();
        Tensor weights = Tensor.plain(context, 1, 1);
        Tensor gradient = Tensor.plain(context, 1, 1);
        Rule.Stepper stepper =
            new Sgd(0.5, 0.5, 0, false).bind(new PlaneShape(1, 1), weights, gradient, null)) {
      gradient.upload(new float[] {1});
      stepper.step(); // velocity 1
      assertEquals(-0.5f, weights.download()[0]);
      stepper.learningRate(0.25);
      stepper.step(); // velocity 1.5
      assertEquals(-0.5f - 0.25f * 1.5f, weights.download()[0]);
    }
  }

  @Test
  void plainSgdIsTheFormula() {
    try (Context context = Context.reference();
        Tensor weights = Tensor.plain(context, 1, 2);
        Tensor gradient = Tensor.plain(context, 1, 2);
        Rule.Stepper stepper =
            new Sgd(0.5, 0, 0, false).bind(new PlaneShape(1, 2), weights, gradient, null)) {
      weights.upload(new float[] {1, 2});
      gradient.upload(new float[] {2, -4});
      stepper.step();
      assertArrayEquals(new float[] {0, 4}, weights.download());
    }
  }

  @Test
  void badHyperParametersAreNamed() {
    refused("learning rate is 0.0", () -> Adam.of(0, 0));
    refused("learning rate is NaN", () -> new Sgd(Double.NaN, 0, 0, false));
    refused("momentum is 1.0", () -> new Sgd(0.1, 1, 0, false));
    refused("weight decay is -1.0", () -> Adam.of(0.1, -1));
    refused("beta2 is 1.0", () -> new Adam(0.1, 0.9, 1, 1e-8, 0, false));
    refused("epsilon is 0.0", () -> new Adam(0.1, 0.9, 0.999, 0, 0, false));
    refused("nesterov needs a momentum", () -> new Sgd(0.1, 0, 0, true));
  }

  private static void refused(String words, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(words), message);
  }
}
