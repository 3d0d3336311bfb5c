// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.forgetting.TinyNet;
import dev.intarsia.parity.Implementation;
import dev.intarsia.parity.Implementations;
import dev.intarsia.parity.Tolerance;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.run.RunListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Ten losses of a tiny net on frozen data. They hold the whole chain in place: data order, initial
 * weights, every layer, the loss and the step. Who changes one of these on purpose replaces the
 * numbers by those of the failure message of the reference, and says so in the changelog.
 */
class GoldenLossesTest {
  private static final double[] LOSSES = {
    1.1252158880233765, 1.0682238340377808, 1.0760482549667358, 1.09272301197052,
    1.0406385660171509, 0.9852220416069031, 0.9376532435417175, 0.9433058500289917,
    0.7935550808906555, 0.7306474447250366
  };

  static Stream<Implementation> everywhere() {
    return Stream.concat(Stream.of(Implementations.reference()), Implementations.all().stream());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("everywhere")
  void tenLossesAreAsFrozen(Implementation implementation) {
    Implementations.assume(
        implementation, "relu", "avg_pool2d", "masked_sgd", "softmax_cross_entropy", "reorder");
    try (Context context = implementation.open();
        Network net = TinyNet.plain(context)) {
      List<Double> losses = firstLosses(net);
      assertEquals(LOSSES.length, losses.size());
      for (int step = 0; step < LOSSES.length; step++) {
        double allowed = Tolerance.of((step + 1) * terms(net), 1);
        double off = Math.abs(losses.get(step) - LOSSES[step]);
        assertTrue(
            off <= allowed,
            "step %d is off by %.3g, allowed %.3g: %s, expected %s"
                .formatted(step, off, allowed, losses, Arrays.toString(LOSSES)));
      }
    }
  }

  /** Ends the training when it has seen enough. */
  private static final class Enough extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private static List<Double> firstLosses(Network net) {
    List<Double> losses = new ArrayList<>();
    RunListener listener =
        new RunListener() {
          @Override
          public void stepDone(int task, int epoch, int step, double loss) {
            losses.add(loss);
            if (losses.size() == LOSSES.length) {
              throw new Enough();
            }
          }
        };
    Task task = TinyNet.task(0);
    net.selectHead(task.index(), task.classes());
    net.selectNorms(task.index());
    try {
      new Trainer(net, new Sgd(0.1, 0.9, 0, false), 1, 1, listener).fit(task, LOSSES.length);
    } catch (Enough e) {
      return losses;
    }
    throw new AssertionError("only " + losses.size() + " steps");
  }

  /** Terms that one step adds up on its way through the net and back: those of each layer. */
  private static long terms(Network net) {
    return net.active().stream().mapToLong(Parameter::cols).sum() * 3 + TinyNet.BATCH;
  }
}
