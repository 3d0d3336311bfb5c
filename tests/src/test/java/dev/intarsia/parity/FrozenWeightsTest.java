// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedAdam;
import dev.intarsia.ops.MaskedSgd;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A masked step leaves frozen weights and their moments as they are, to the bit, for ever. */
class FrozenWeightsTest {
  private static final PlaneShape SHAPE = new PlaneShape(7, 73);
  private static final int STEPS = 100;

  /** The optimizers, with everything on that moves a weight without a gradient. */
  enum Optimizer {
    SGD_MOMENTUM,
    SGD_MOMENTUM_DECAY,
    SGD_NESTEROV_DECAY,
    ADAM,
    ADAM_DECAY,
    ADAMW
  }

  static Stream<Arguments> everyOptimizerEverywhere() {
    return Stream.concat(Stream.of(Implementations.reference()), Implementations.all().stream())
        .flatMap(
            implementation ->
                Stream.of(Optimizer.values())
                    .map(optimizer -> Arguments.of(optimizer, implementation)));
  }

  @ParameterizedTest(name = "{0} | {1}")
  @MethodSource("everyOptimizerEverywhere")
  void frozenBitsStay(Optimizer optimizer, Implementation implementation) {
    Implementations.assume(implementation, "masked_sgd", "masked_adam");
    try (Context context = implementation.open()) {
      boolean[] trainable = Values.bits("trainable", SHAPE.elements(), 0.5);
      Mask mask = Mask.of(context, SHAPE.rows(), SHAPE.cols(), trainable);
      Tensor gradient = tensor(context, "gradient");
      Tensor weights = tensor(context, "weights");
      Tensor first = tensor(context, "first"); // stale moments of weights that were frozen since
      Tensor second = Tensor.plain(context, SHAPE.rows(), SHAPE.cols());
      second.upload(Values.uniform("second", SHAPE.elements(), 0.01f, 1));
      float[][] before = {weights.download(), first.download(), second.download()};

      LongConsumer step = step(optimizer, context, mask, gradient, weights, first, second);
      for (long i = 1; i <= STEPS; i++) {
        gradient.upload(Values.signed("gradient " + i, SHAPE.elements()));
        step.accept(i);
      }

      float[][] after = {weights.download(), first.download(), second.download()};
      boolean usesSecond = optimizer.name().startsWith("ADAM");
      for (int which = 0; which < after.length; which++) {
        for (int i = 0; i < trainable.length; i++) {
          int was = Float.floatToRawIntBits(before[which][i]);
          int is = Float.floatToRawIntBits(after[which][i]);
          if (!trainable[i]) {
            assertEquals(was, is, "tensor " + which + ", frozen element " + i);
          } else if (which < 2 || usesSecond) {
            assertTrue(was != is, "tensor " + which + ", trainable element " + i + " never moved");
          }
        }
      }
    }
  }

  private static Tensor tensor(Context context, String name) {
    Tensor tensor = Tensor.plain(context, SHAPE.rows(), SHAPE.cols());
    tensor.upload(Values.signed(name, SHAPE.elements()));
    return tensor;
  }

  private static LongConsumer step(
      Optimizer optimizer,
      Context context,
      Mask mask,
      Tensor gradient,
      Tensor weights,
      Tensor first,
      Tensor second) {
    return switch (optimizer) {
      case SGD_MOMENTUM, SGD_MOMENTUM_DECAY, SGD_NESTEROV_DECAY -> {
        MaskedSgd sgd =
            MaskedSgd.bind(context, SHAPE)
                .gradient(gradient)
                .trainable(mask)
                .weights(weights)
                .velocity(first)
                .learningRate(0.1f)
                .momentum(0.9f)
                .weightDecay(optimizer == Optimizer.SGD_MOMENTUM ? 0 : 0.01f)
                .nesterov(optimizer == Optimizer.SGD_NESTEROV_DECAY);
        yield i -> sgd.step();
      }
      case ADAM, ADAM_DECAY, ADAMW -> {
        MaskedAdam adam =
            MaskedAdam.bind(context, SHAPE)
                .gradient(gradient)
                .trainable(mask)
                .weights(weights)
                .firstMoment(first)
                .secondMoment(second)
                .learningRate(0.01f)
                .beta1(0.9f)
                .beta2(0.999f)
                .epsilon(1e-8f)
                .weightDecay(optimizer == Optimizer.ADAM ? 0 : 0.01f)
                .decoupled(optimizer == Optimizer.ADAMW);
        yield i -> adam.stepCount(i).step();
      }
    };
  }
}
