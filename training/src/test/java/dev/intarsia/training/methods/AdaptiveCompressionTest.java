// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.training.Method;
import dev.intarsia.training.TinyNet;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Batch;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.Loader;
import dev.intarsia.training.data.Preprocessing;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.TaskNotes;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunListener;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ACLL promises: nothing forgotten, a budget kept, and more taken from easier tasks. */
class AdaptiveCompressionTest {
  private static final double DELTA = 0.01;

  private static Method method(Network net, int epochs, String... settings) {
    var builder = RunConfig.builder().method("acll").epochs(epochs);
    for (int i = 0; i < settings.length; i += 2) {
      String value = settings[i + 1];
      boolean number = value.matches("[0-9.]+");
      builder.setting(settings[i], number ? (Object) Double.valueOf(value) : value);
    }
    return Methods.prepare(builder.build()).apply(net);
  }

  private static String digest(Network net, Method method, Task task) {
    method.activate(task);
    try (Loader loader = Loader.evaluation(task.test(), task.preprocessing(), TinyNet.BATCH)) {
      Batch batch = loader.next();
      float[] logits =
          net.forward(batch.images(), batch.size(), Phase.EVALUATE).readLogits(batch.size());
      batch.release();
      ByteBuffer bytes = ByteBuffer.allocate(logits.length * Float.BYTES);
      bytes.asFloatBuffer().put(logits);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"layer", "global", "groups"})
  void zeroForgettingBySha256OfLogits(String scope) {
    List<Task> tasks = TinyNet.tasks();
    try (Context context = Context.open("cpu", 1);
        Network net = TinyNet.build(context, 7);
        Method method = method(net, 10, "scope", scope, "validation", "0.5", "delta", "0")) {
      Trainer trainer = new Trainer(net, new Sgd(0.05, 0.9, 0.01, true), 7, 1, RunListener.SILENT);
      String[] learned = new String[tasks.size()];
      for (Task task : tasks) {
        method.learn(task, trainer);
        learned[task.index()] = digest(net, method, task);
        for (Task earlier : tasks.subList(0, task.index())) {
          assertEquals(learned[earlier.index()], digest(net, method, earlier));
        }
      }
      assertEquals(tasks.size(), method.notes().size());
      assertNotEquals(learned[0], learned[1], "the net is not dead");
    }
  }

  @Test
  void frozenWeightsKeepEveryBitOverAThousandStepsWithDecayAndMomentum() {
    List<Task> tasks = TinyNet.tasks();
    try (Context context = Context.open("cpu", 1);
        Network net = TinyNet.build(context, 7);
        Method method = method(net, 500, "retrainEpochs", "2", "plannedTasks", "2")) {
      // 32 of 36 images to learn from are two batches, so 500 epochs are 1000 steps.
      Trainer trainer = new Trainer(net, new Sgd(0.01, 0.9, 1e-3, false), 7, 1, RunListener.SILENT);
      method.learn(tasks.get(0), trainer);
      List<int[]> visible = net.shared().stream().map(p -> p.visible().words()).toList();
      List<float[]> weights = net.shared().stream().map(p -> p.weights().download()).toList();
      String before = digest(net, method, tasks.get(0));
      method.learn(tasks.get(1), trainer);
      long moved = 0;
      for (int i = 0; i < weights.size(); i++) {
        Parameter parameter = net.shared().get(i);
        float[] now = parameter.weights().download();
        for (int k = 0; k < now.length; k++) {
          int word = k / parameter.cols() * ((parameter.cols() + 31) / 32);
          int col = k % parameter.cols();
          boolean frozen = (visible.get(i)[word + col / 32] >>> (col % 32) & 1) != 0;
          boolean same =
              Float.floatToRawIntBits(now[k]) == Float.floatToRawIntBits(weights.get(i)[k]);
          assertTrue(same || !frozen, parameter.name() + " weight " + k + " moved");
          moved += same ? 0 : 1;
        }
      }
      assertTrue(moved > 0, "the second task learned with weights of its own");
      assertEquals(before, digest(net, method, tasks.get(0)));
    }
  }

  /** Images of class c are noise around a pattern of their own, which is as bright as asked. */
  private static Task made(String name, int classes, int contrast) {
    int[][] patterns = new int[classes][28 * 28];
    for (int c = 0; c < classes; c++) {
      CounterRandom random = CounterRandom.of(1, "pattern", c);
      Arrays.setAll(patterns[c], i -> random.nextInt(2));
    }
    Dataset train = images(name + " train", patterns, contrast, 600);
    Dataset test = images(name + " test", patterns, contrast, 200);
    return new Task(
        0, name, classes, train.classNames(), train, test, Preprocessing.measured(train));
  }

  private static Dataset images(String name, int[][] patterns, int contrast, int count) {
    byte[] pixels = new byte[count * 28 * 28];
    int[] labels = new int[count];
    CounterRandom random = CounterRandom.of(2, name);
    for (int i = 0; i < count; i++) {
      labels[i] = i % patterns.length;
      for (int k = 0; k < 28 * 28; k++) {
        int value = 128 + contrast * (2 * patterns[labels[i]][k] - 1);
        value += (int) (40 * random.nextGaussian());
        pixels[i * 28 * 28 + k] = (byte) Math.max(0, Math.min(255, value));
      }
    }
    List<String> names = IntStream.range(0, patterns.length).mapToObj(c -> "c" + c).toList();
    return Dataset.of(name, pixels, 1, 28, 28, labels, names);
  }

  private static TaskNotes learn(Task task, String... settings) {
    try (Context context = Context.open("cpu", 1);
        Network net = TinyNet.build(context, 7);
        Method method = method(net, 6, settings)) {
      method.learn(task, new Trainer(net, Adam.of(0.003, 0), 7, 1, RunListener.SILENT));
      return method.notes().get(0);
    }
  }

  @Test
  void moreIsTakenFromAnEasyTaskThanFromAHardOneWithinDeltaAndBudget() {
    Map<String, Double> easy = learn(made("easy", 2, 60)).figures();
    Map<String, Double> hard = learn(made("hard", 10, 20)).figures();
    assertTrue(easy.get("rate") > hard.get("rate"), "easy " + easy + ", hard " + hard);
    for (Map<String, Double> figures : List.of(easy, hard)) {
      assertTrue(figures.get("drop") <= DELTA, figures.toString());
      assertTrue(figures.get("drop after retraining") <= DELTA, figures.toString());
      assertTrue(figures.get("evaluations") <= 10, figures.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bisection", "gradual-goal"})
  void otherSearchesKeepDeltaAndBudgetToo(String search) {
    Map<String, Double> figures = learn(made("easy", 2, 60), "search", search).figures();
    assertTrue(figures.get("drop after retraining") <= DELTA, figures.toString());
    assertTrue(figures.get("evaluations") <= 10, figures.toString());
    assertTrue(figures.get("rate") > 0, figures.toString());
  }

  @Test
  void theCapacityFloorRaisesTheRateAndReportsItsDrop() {
    TaskNotes notes =
        learn(made("hard", 10, 20), "plannedTasks", "10", "minShare", "0.1", "delta", "0");
    TaskNotes.Trace trace = notes.traces().get(0);
    assertTrue(notes.figures().get("rate") >= 0.9 - 1e-9, notes.toString());
    assertEquals(trace.rows().get(trace.chosen())[1], notes.figures().get("drop"));
  }

  @Test
  void theTraceHoldsEveryTrialAndTheOneChosen() {
    TaskNotes notes = learn(made("easy", 2, 60), "scope", "groups", "groups", "2");
    TaskNotes.Trace trace = notes.traces().get(0);
    assertEquals(4, trace.columns().size());
    assertEquals(notes.figures().get("evaluations"), trace.rows().size());
    assertEquals(notes.figures().get("rate"), trace.rows().get(trace.chosen())[0], 1e-12);
    assertArrayEquals(
        new double[] {0.3, 0.3}, Arrays.copyOfRange(trace.rows().get(0), 2, 4), 1e-12);
  }

  @Test
  void badKnobsAreNamedWithLimitAndRemedy() {
    try (Context context = Context.reference();
        Network net = TinyNet.build(context, 7)) {
      String message =
          assertThrows(
                  IllegalArgumentException.class, () -> method(net, 1, "scope", "layr").close())
              .getMessage();
      assertTrue(message.contains("did you mean 'layer'?"), message);
      for (String[] bad :
          new String[][] {
            {"groups", "5"},
            {"validation", "0.9"},
            {"minShare", "0"},
            {"delta", "2"},
            {"objective", "square"},
            {"search", "best"}
          }) {
        assertThrows(IllegalArgumentException.class, () -> method(net, 1, bad).close());
      }
    }
  }
}
