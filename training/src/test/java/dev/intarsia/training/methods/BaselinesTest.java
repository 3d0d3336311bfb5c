// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.training.TinyNet;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.run.RunListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the baselines keep, share and charge. */
class BaselinesTest {
  private static Trainer trainer(Network net) {
    return new Trainer(net, Adam.of(0.01, 0.01), 7, 1, RunListener.SILENT);
  }

  private static List<float[]> weights(Network net) {
    return net.shared().stream().map(Parameter::download).toList();
  }

  private static void assertSame(List<float[]> expected, List<float[]> actual) {
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i));
    }
  }

  @Test
  void separateNetsStartAlikeAndAreChargedWhole() {
    List<Task> tasks = TinyNet.tasks();
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context, 7);
        SeparateNets method = new SeparateNets(net, new SeparateNets.Config(1))) {
      List<float[]> initial = weights(net);
      method.learn(tasks.get(0), trainer(net));
      List<float[]> first = weights(net);
      assertFalse(Arrays.equals(initial.get(0), first.get(0)));
      method.activate(tasks.get(1));
      assertSame(initial, weights(net));
      method.learn(tasks.get(1), trainer(net));
      method.activate(tasks.get(0));
      assertSame(first, weights(net));
      assertEquals(
          2 * net.sharedCount() * Float.BYTES,
          method.footprint().perTask().stream().mapToLong(s -> s.terms().weights()).sum());
    }
  }

  @Test
  void separateNetsForgetNothingBetweenTasksThatWereNeverLearned() {
    List<Task> tasks = TinyNet.tasks();
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context, 7);
        SeparateNets method = new SeparateNets(net, new SeparateNets.Config(1))) {
      List<float[]> initial = weights(net);
      method.learn(tasks.get(0), trainer(net));
      method.activate(tasks.get(2));
      assertSame(initial, weights(net));
    }
  }

  @Test
  void featuresStayAfterTheFirstTask() {
    List<Task> tasks = TinyNet.tasks();
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context, 7);
        FeatureExtraction method = new FeatureExtraction(net, new FeatureExtraction.Config(1))) {
      List<float[]> drawn = weights(net);
      method.learn(tasks.get(0), trainer(net));
      List<float[]> features = weights(net);
      assertFalse(Arrays.equals(drawn.get(0), features.get(0)));
      method.learn(tasks.get(1), trainer(net));
      assertSame(features, weights(net));
      assertEquals(List.of(net.head().weights()), net.active());
      assertEquals(0, method.footprint().perTask().get(1).terms().weights());
    }
  }

  @Test
  void featuresOfABackboneAreNeverLearned() {
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context, 7)) {
      net.markPretrained();
      List<float[]> features = weights(net);
      FeatureExtraction method = new FeatureExtraction(net, new FeatureExtraction.Config(1));
      method.learn(TinyNet.tasks().get(0), trainer(net));
      assertSame(features, weights(net));
      assertEquals(
          net.sharedCount() * Float.BYTES, method.footprint().perTask().get(0).terms().weights());
    }
  }

  @Test
  void memoryIsDividedEvenlyAndStaysInItsBounds() {
    List<Task> tasks = TinyNet.tasks();
    int buffer = 15;
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context, 7);
        ExperienceReplay method =
            new ExperienceReplay(net, new ExperienceReplay.Config(1, buffer))) {
      List<Dataset> before = new ArrayList<>();
      for (Task task : tasks) {
        method.learn(task, trainer(net));
        List<Task> memory = method.memory();
        assertEquals(buffer, memory.stream().mapToInt(kept -> kept.train().size()).sum());
        for (int i = 0; i < before.size(); i++) {
          assertTrue(contains(before.get(i), memory.get(i).train()), "images come back");
        }
        before = new ArrayList<>(memory.stream().map(Task::train).toList());
      }
      for (Dataset kept : before) {
        assertEquals(buffer / tasks.size(), kept.size());
        int ones = 0;
        for (int i = 0; i < kept.size(); i++) {
          ones += kept.label(i);
        }
        assertTrue(ones == 2 || ones == 3, "classes of two: " + ones + " of 5 are of the second");
      }
      long bytes = method.footprint().perTask().stream().mapToLong(s -> s.terms().replay()).sum();
      assertEquals(buffer * (28 * 28 + 4L), bytes);
    }
  }

  private static boolean contains(Dataset larger, Dataset smaller) {
    List<String> images = new ArrayList<>();
    for (int i = 0; i < larger.size(); i++) {
      images.add(image(larger, i));
    }
    for (int i = 0; i < smaller.size(); i++) {
      if (!images.contains(image(smaller, i))) {
        return false;
      }
    }
    return true;
  }

  private static String image(Dataset images, int i) {
    byte[] pixels = new byte[images.imageLength()];
    images.copyPixels(i, pixels, 0);
    return images.label(i) + Arrays.toString(pixels);
  }

  @Test
  void replayForgetsLessThanFinetune() {
    List<Task> tasks = TinyNet.tasks();
    assertTrue(
        lossOfFirst(tasks, true) < lossOfFirst(tasks, false),
        "the first task's loss after all of them");
  }

  private static double lossOfFirst(List<Task> tasks, boolean replays) {
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context, 7)) {
      var method =
          replays
              ? new ExperienceReplay(net, new ExperienceReplay.Config(6, 30))
              : new Finetune(net, new Finetune.Config(6));
      Trainer trainer = trainer(net);
      tasks.forEach(task -> method.learn(task, trainer));
      method.activate(tasks.get(0));
      return trainer.judge(tasks.get(0)).loss();
    }
  }

  @Test
  void anEmptyMemoryIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new ExperienceReplay.Config(1, 0), "buffer is 0");
  }
}
