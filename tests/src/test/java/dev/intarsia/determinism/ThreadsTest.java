// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.determinism;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Backends;
import dev.intarsia.training.run.Experiment;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunListener;
import dev.intarsia.training.run.RunResult;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run is a function of its configuration: same seed, any number of threads, same bits. */
class ThreadsTest {
  /** What a run yields: its result and every loss it read. */
  private record Outcome(RunResult result, List<Double> losses) {}

  @BeforeAll
  static void requireNatives() {
    Assumptions.assumeTrue(Backends.cpu().available(), Backends.cpu().reason());
  }

  private static Outcome run(
      String method, String model, String optimizer, long seed, int threads) {
    List<Double> losses = new ArrayList<>();
    RunListener listener =
        new RunListener() {
          @Override
          public void stepDone(int task, int epoch, int step, double loss) {
            losses.add(loss);
          }
        };
    RunConfig config =
        RunConfig.builder().method(method).stream("shapes")
            .model(model)
            .optimizer(optimizer)
            .momentum(0.9)
            .weightDecay(0.001)
            .seed(seed)
            .threads(threads)
            .epochs(2)
            .batch(24)
            .tasks(2)
            .trainLimit(48)
            .testLimit(20)
            .logEvery(1)
            .backend("cpu")
            .build();
    return new Outcome(Experiment.run(config, listener), losses);
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @CsvSource({
    "wsn, lenet, adam",
    "wsn, mlp, sgd",
    "tsn, lenet, adam",
    "packnet, lenet, sgd",
    "finetune, resnet18, adam",
    "joint, mlp, adam"
  })
  void threadsAndRepetitionChangeNothing(String method, String model, String optimizer) {
    Outcome one = run(method, model, optimizer, 5, 1);
    assertTrue(one.losses().stream().allMatch(Double::isFinite), "every loss was read");
    for (int threads : new int[] {1, 2, 3}) {
      Outcome other = run(method, model, optimizer, 5, threads);
      String with = "with " + threads + " threads";
      assertEquals(threads, other.result().threads());
      assertEquals(one.losses(), other.losses(), with);
      assertEquals(one.result().weightsSha256(), other.result().weightsSha256(), with);
      assertSameAccuracies(one.result(), other.result());
    }
    Outcome elsewhere = run(method, model, optimizer, 6, 1);
    assertNotEquals(one.result().weightsSha256(), elsewhere.result().weightsSha256());
  }

  private static void assertSameAccuracies(RunResult one, RunResult other) {
    int tasks = one.accuracy().tasks();
    for (int row = 0; row <= tasks; row++) {
      for (int task = 0; task < tasks; task++) {
        assertEquals(
            Double.doubleToRawLongBits(one.accuracy().get(row, task)),
            Double.doubleToRawLongBits(other.accuracy().get(row, task)),
            "R[" + row + "][" + task + "]");
      }
    }
  }
}
