// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.training.TinyNet;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.tsn.Options;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Rule;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.pack.PackedLayer;
import dev.intarsia.training.pack.PackedModel;
import dev.intarsia.training.pack.PackedTask;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunConfigBuilder;
import dev.intarsia.training.run.RunListener;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The steps together, on a net with one layer of every kind. */
class TinySubNetsTest {
  private final List<Task> tasks = TinyNet.tasks();

  /** A run over some tasks, which keeps what each left in the net. */
  private final class Run implements AutoCloseable {
    private final Context context = Context.reference();
    private final Network net = TinyNet.build(context, 7);
    private final TinySubNets method;
    private final Trainer trainer;

    Run(Rule rule, String... knobs) {
      RunConfigBuilder config = RunConfig.builder().method("tsn").epochs(2);
      for (String knob : knobs) {
        String value = knob.substring(knob.indexOf('=') + 1);
        config.setting(
            knob.substring(0, knob.indexOf('=')),
            value.matches("[0-9.]+")
                ? Double.valueOf(value)
                : value.matches("true|false") ? Boolean.valueOf(value) : value);
      }
      method = new TinySubNets(net, Options.read(config.build(), 1));
      trainer = new Trainer(net, rule, 7, 1, RunListener.SILENT);
    }

    Run learn(int count) {
      for (Task task : tasks.subList(0, count)) {
        method.learn(task, trainer);
      }
      return this;
    }

    /** Values of the weights of a layer that a task owns. */
    List<Float> owned(int task, int layer) {
      int[] words = method.packed().owned(task, layer);
      Parameter parameter = net.shared().get(layer);
      float[] weights = parameter.weights().download();
      int wordsPerRow = words.length / parameter.rows();
      List<Float> values = new ArrayList<>();
      for (int i = 0; i < weights.length; i++) {
        int col = i % parameter.cols();
        if ((words[i / parameter.cols() * wordsPerRow + col / 32] >>> col & 1) != 0) {
          values.add(weights[i]);
        }
      }
      return values;
    }

    @Override
    public void close() {
      net.close();
      context.close();
    }
  }

  private static Rule rule(String name) {
    return switch (name) {
      case "sgd" -> new Sgd(0.05, 0.9, 0.01, true);
      case "adam" -> Adam.of(0.01, 0.01);
      default -> new Adam(0.01, 0.9, 0.999, 1e-8, 0.1, true);
    };
  }

  @ParameterizedTest
  @CsvSource({"sgd, 0", "adam, 2", "adamw, 1"})
  void frozenValuesAreNeverTouchedAgain(String rule, int centreEpochs) {
    try (Run run = new Run(rule(rule), "centreEpochs=" + centreEpochs, "clusters=8")) {
      List<List<Float>> frozen = new ArrayList<>();
      for (Task task : tasks) {
        run.method.learn(task, run.trainer);
        for (int layer = 0; layer < run.net.shared().size(); layer++) {
          frozen.add(run.owned(task.index(), layer));
        }
        int at = 0;
        for (int earlier = 0; earlier <= task.index(); earlier++) {
          for (int layer = 0; layer < run.net.shared().size(); layer++) {
            assertEquals(frozen.get(at++), run.owned(earlier, layer)); // floats, bit for bit
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sgd", "adam", "adamw"})
  void codesInTrainingLearnTheSameBits(String rule) {
    try (Run codes = new Run(rule(rule), "mixed=true").learn(3);
        Run floats = new Run(rule(rule), "mixed=false").learn(3)) {
      for (int task = 0; task < 3; task++) {
        PackedTask found = codes.method.packed().tasks().get(task);
        PackedTask wanted = floats.method.packed().tasks().get(task);
        assertArrayEquals(wanted.head(), found.head());
        for (int layer = 0; layer < wanted.layers().size(); layer++) {
          assertArrayEquals(wanted.layers().get(layer).mask(), found.layers().get(layer).mask());
          assertArrayEquals(
              wanted.layers().get(layer).codebook(), found.layers().get(layer).codebook());
          assertArrayEquals(wanted.layers().get(layer).codes(), found.layers().get(layer).codes());
        }
      }
    }
  }

  @Test
  void ownWeightsAreCentresOfTheTasksCodebook() {
    try (Run run = new Run(rule("adam"), "clusters=4").learn(3)) {
      for (int task = 0; task < 3; task++) {
        for (int layer = 0; layer < run.net.shared().size(); layer++) {
          PackedLayer packed = run.method.packed().tasks().get(task).layers().get(layer);
          Set<Float> centres = new HashSet<>();
          for (float centre : packed.codebook()) {
            centres.add(centre);
          }
          assertTrue(centres.size() <= 4);
          assertTrue(centres.containsAll(run.owned(task, layer)));
        }
      }
    }
  }

  @Test
  void aTaskSelectsTheKeptFractionOrLess() {
    try (Run exact = new Run(rule("adam"), "keepSchedule=constant", "keep=0.3", "pruneRounds=0");
        Run pruned = new Run(rule("adam"), "keepSchedule=constant", "keep=0.3", "pruneRounds=2");
        Run adaptive = new Run(rule("adam"), "keep=0.3", "tolerance=1", "keepLeast=0.1")) {
      Footprint.Share all = exact.learn(1).method.footprint().perTask().get(0);
      long expected = 0;
      for (Parameter parameter : exact.net.shared()) {
        expected += parameter.count() - Math.round(0.7 * (parameter.count() - 1));
      }
      assertEquals(expected, all.use().selected());
      pruned.learn(1);
      assertTrue(pruned.method.footprint().perTask().get(0).use().selected() <= expected);
      adaptive.learn(1);
      long fewest = adaptive.method.footprint().perTask().get(0).use().selected();
      assertTrue(fewest < 0.2 * adaptive.net.sharedCount(), "0.3 * 0.7^3 is the least above 0.1");
    }
  }

  @Test
  void prunedWeightsLeaveMaskAndOwnersAlike() {
    try (Run run = new Run(rule("adam"), "pruneTolerance=1", "pruneRounds=3").learn(2)) {
      PackedModel model = run.method.packed();
      for (int layer = 0; layer < run.net.shared().size(); layer++) {
        // What task 1 may train is what neither mask has: a pruned weight of task 0 is among it.
        int[] first = model.tasks().get(0).layers().get(layer).mask();
        int[] second = model.owned(1, layer);
        for (int i = 0; i < first.length; i++) {
          assertEquals(0, first[i] & second[i]);
        }
      }
      Footprint.Share share = run.method.footprint().perTask().get(0);
      assertTrue(share.use().selected() < 0.3 * run.net.sharedCount());
    }
  }

  @Test
  void tasksThatDoNotShareOwnAllTheySelect() {
    try (Run run = new Run(rule("adam"), "candidates=free", "keepSchedule=constant").learn(3)) {
      run.method
          .footprint()
          .perTask()
          .forEach(share -> assertEquals(share.use().owned(), share.use().selected()));
    }
  }

  @Test
  void equalRemainingLeavesNothingFree() {
    try (Run run =
        new Run(rule("adam"), "keepSchedule=equal", "plannedTasks=3", "pruneRounds=0").learn(3)) {
      long owned =
          run.method.footprint().perTask().stream().mapToLong(share -> share.use().owned()).sum();
      assertEquals(run.net.sharedCount(), owned);
      long first = run.method.footprint().perTask().get(0).use().owned();
      assertEquals(run.net.sharedCount() / 3.0, first, run.net.shared().size());
    }
  }

  @Test
  void tasksTooFarApartGetCopies() {
    try (Run run =
        new Run(rule("adam"), "shareThreshold=0", "copyThreshold=0", "maxCopies=2").learn(3)) {
      PackedModel model = run.method.packed();
      assertEquals(0, model.tasks().get(0).copy());
      assertEquals(1, model.tasks().get(1).copy());
      assertEquals(2, model.copies());
      List<Float> before = run.owned(0, 0);
      for (Task task : tasks) {
        run.method.activate(task); // exchanges the copies, and must not change one
      }
      run.method.activate(tasks.get(0));
      assertEquals(before.size(), run.owned(0, 0).size());
      float[] first = model.tasks().get(0).layers().get(0).codebook();
      Set<Float> centres = new HashSet<>();
      for (float centre : first) {
        centres.add(centre);
      }
      assertTrue(centres.containsAll(run.owned(0, 0)));
    }
  }

  @Test
  void examiningDoesNotChangeWhatIsLearned() {
    try (Run straight =
            new Run(rule("adam"), "maxCopies=2", "shareThreshold=0", "copyThreshold=0");
        Run examined =
            new Run(rule("adam"), "maxCopies=2", "shareThreshold=0", "copyThreshold=0")) {
      straight.learn(3);
      for (Task task : tasks) {
        tasks.forEach(
            other -> {
              examined.method.activate(other);
              examined.trainer.evaluate(other);
            });
        examined.method.learn(task, examined.trainer);
      }
      for (int task = 0; task < 3; task++) {
        for (int layer = 0; layer < straight.net.shared().size(); layer++) {
          PackedLayer one = straight.method.packed().tasks().get(task).layers().get(layer);
          PackedLayer two = examined.method.packed().tasks().get(task).layers().get(layer);
          assertArrayEquals(one.mask(), two.mask());
          assertArrayEquals(one.codebook(), two.codebook());
          assertArrayEquals(one.codes(), two.codes());
        }
      }
    }
  }

  @Test
  void scoresStartTheSameOrAnewOrWhereTheyWere() {
    long[] changed = new long[3];
    String[] starts = {"same", "reset", "carry"};
    for (int i = 0; i < starts.length; i++) {
      try (Run run =
          new Run(
              new Sgd(1e-6, 0, 0, false),
              "scores=" + starts[i],
              "keepSchedule=constant",
              "candidates=all",
              "pruneRounds=0")) {
        run.learn(2);
        int[] first = run.method.packed().tasks().get(0).layers().get(2).mask();
        int[] second = run.method.packed().tasks().get(1).layers().get(2).mask();
        for (int w = 0; w < first.length; w++) {
          changed[i] += Integer.bitCount(first[w] ^ second[w]);
        }
      }
    }
    assertTrue(changed[0] < changed[1] / 2, "masks from one draw agree");
    assertTrue(changed[2] < changed[1] / 2, "masks from carried scores agree");
  }

  @Test
  void tasksComeInTheirOrder() {
    try (Run run = new Run(rule("adam"))) {
      String message =
          assertThrows(
                  IllegalArgumentException.class, () -> run.method.learn(tasks.get(1), run.trainer))
              .getMessage();
      assertTrue(message.contains("has index 1, expected 0"), message);
    }
  }
}
