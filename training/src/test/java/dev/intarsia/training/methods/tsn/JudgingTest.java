// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.training.TinyNet;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.Holdout;
import dev.intarsia.training.data.Preprocessing;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Snapshot;
import dev.intarsia.training.pack.PackedModel;
import dev.intarsia.training.pack.PackedTask;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunConfigBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What decides: held-out images, the control of the rate, distances of tasks, knobs. */
class JudgingTest {
  private static final Preprocessing GREY =
      new Preprocessing(new float[] {0.5f}, new float[] {0.25f}, 2, true);

  /** Images that show their number in the first pixel. */
  private static Dataset numbered(int count) {
    byte[] pixels = new byte[count * 4];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      pixels[4 * i] = (byte) i;
      labels[i] = i % 2;
    }
    return Dataset.of("numbered", pixels, 1, 2, 2, labels, List.of("a", "b"));
  }

  private static List<Integer> numbers(Dataset images) {
    List<Integer> numbers = new ArrayList<>();
    byte[] pixels = new byte[4];
    for (int i = 0; i < images.size(); i++) {
      images.copyPixels(i, pixels, 0);
      numbers.add((int) pixels[0]);
    }
    return numbers;
  }

  @Test
  void heldOutImagesAreNotLearnedFrom() {
    Task task = Task.of(2, "t", numbered(40), numbered(3), GREY);
    Task split = Holdout.of(task, 0.1, true, 9);
    List<Integer> held = numbers(split.test());
    List<Integer> learned = numbers(split.train());
    assertEquals(4, held.size());
    List<Integer> all = new ArrayList<>(learned);
    all.addAll(held);
    assertEquals(numbers(task.train()), all.stream().sorted().toList());
    assertEquals(held, numbers(Holdout.of(task, 0.1, true, 9).test()), "the same seed");
    assertFalse(held.equals(numbers(Holdout.of(task, 0.1, true, 10).test())), "another seed");
    assertEquals(GREY, split.preprocessing());
    assertEquals(0, Holdout.of(task, 0.1, false, 9).preprocessing().cropPad());
  }

  @Test
  void oneImageIsBoth() {
    Task split = Holdout.of(Task.of(0, "t", numbered(1), numbered(1), GREY), 0.05, true, 1);
    assertEquals(1, split.train().size());
    assertEquals(1, split.test().size());
  }

  @Test
  void theRateIsHalvedOnAPlateauAndTheBestStateKept() {
    try (Context context = Context.reference();
        Network net = TinyNet.build(context, 3)) {
      net.shared().forEach(p -> p.attachScores(0.5, CounterRandom.of(1, "scores")));
      net.selectHead(0, 2);
      float[] bestWeights = net.shared().get(0).weights().download();
      try (Snapshot best = new Snapshot(net)) {
        double[] losses = {3, 1, 2, 1, 2, 2, 2, 2, 2};
        int[] at = {0};
        Plateau plateau =
            new Plateau(() -> new Trainer.Verdict(losses[at[0]++], 0), best, 2, 1, 0.2);
        List<Double> factors = new ArrayList<>();
        for (int done = 1; factors.isEmpty() || factors.get(factors.size() - 1) > 0; done++) {
          factors.add(plateau.epochDone(done));
          if (done == 2) {
            net.shared().get(0).weights().zero();
          }
        }
        assertEquals(List.of(1.0, 1.0, 1.0, 0.5, 1.0, 0.5, 1.0, 0.0), factors);
        assertEquals(1, plateau.best().loss());
        best.restore();
        assertArrayEquals(bestWeights, net.shared().get(0).weights().download());
      }
    }
  }

  @Test
  void aStatisticIsADistributionFreeOfScale() {
    Dataset shapes = TinyNet.tasks().get(0).train();
    float[] statistic = ReplayStatistic.of(shapes, 0, 1);
    assertEquals(64, statistic.length);
    double sum = 0;
    for (float value : statistic) {
      sum += value;
    }
    assertEquals(1, sum, 1e-5);
    float[] halved = ReplayStatistic.of(changed(shapes, 1, 2), 0, 1);
    assertTrue(ReplayStatistic.divergence(statistic, halved) < 1e-4, "half the contrast");
    assertEquals(0, ReplayStatistic.divergence(statistic, statistic));
    float[] negative = ReplayStatistic.of(changed(shapes, -1, 1), 0, 1);
    assertTrue(ReplayStatistic.divergence(statistic, negative) > 0.1, "the negative is far");
    assertThrows(
        IllegalArgumentException.class, () -> ReplayStatistic.divergence(statistic, new float[3]));
  }

  /** Every pixel times a fraction; a negative one counts from white. */
  private static Dataset changed(Dataset images, int times, int over) {
    byte[] pixels = new byte[images.size() * images.imageLength()];
    int[] labels = new int[images.size()];
    for (int i = 0; i < images.size(); i++) {
      images.copyPixels(i, pixels, i * images.imageLength());
      labels[i] = images.label(i);
    }
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) ((times < 0 ? 255 : 0) + times * (pixels[i] & 0xFF) / over);
    }
    return Dataset.of(
        "changed", pixels, 1, images.height(), images.width(), labels, images.classNames());
  }

  private static PackedTask stored(int copy, float... statistic) {
    return new PackedTask(
        "t",
        List.of("a", "b"),
        GREY,
        copy,
        List.of(),
        new float[2],
        List.of(),
        statistic,
        Map.of());
  }

  @ParameterizedTest
  @CsvSource({
    // share, copy, most copies, candidates -> copy, shares
    "9, 9, 1, auto, 1, true",
    "0.1, 9, 1, auto, 1, false",
    "0.1, 9, 9, all, 1, true",
    "9, 9, 9, free, 1, false",
    "0.1, 0.2, 3, auto, 2, true",
    "0.1, 0.2, 2, auto, 1, false",
  })
  void theNearestTaskDecides(
      double share, double copy, int most, String candidates, int expected, boolean shares) {
    PackedModel model = new PackedModel(new PackedModel.Net("mlp", 1, 1, 2, 2));
    model.add(stored(0, 0.98f, 0.01f, 0.01f));
    model.add(stored(1, 0.01f, 0.98f, 0.01f));
    Options options =
        options(
            RunConfig.builder()
                .setting("shareThreshold", share)
                .setting("copyThreshold", copy)
                .setting("maxCopies", most)
                .setting("candidates", candidates));
    float[] statistic = {0.2f, 0.7f, 0.1f};
    Route route = Route.of(model, statistic, options);
    assertEquals(1, route.nearest());
    double divergence = 0.2 * Math.log(20) + 0.7 * Math.log(5 / 7.0) + 0.1 * Math.log(10);
    assertEquals(divergence, route.divergence(), 1e-6);
    assertEquals(expected, route.copy());
    assertEquals(shares, route.shares());
  }

  @Test
  void theFirstTaskHasNobodyToShareWith() {
    PackedModel model = new PackedModel(new PackedModel.Net("mlp", 1, 1, 2, 2));
    Route route = Route.of(model, new float[] {1}, options(RunConfig.builder()));
    assertEquals(new Route(0, true, -1, 0), route);
  }

  private static Options options(RunConfigBuilder config) {
    return Options.read(config.method("tsn").build(), 1);
  }

  @ParameterizedTest
  @CsvSource({
    "keep, 0, above 0",
    "keepStep, 1, below 1",
    "keepLeast, 0, above 0",
    "keepEpochs, -1, at least 0",
    "tolerance, 2, from 0 to 1",
    "validation, 0.6, at most 0.5",
    "patience, 0, at least 1",
    "leastRate, -1, at least 0",
    "pruneRounds, -1, at least 0",
    "pruneFraction, 1, below 1",
    "pruneTolerance, -0.1, from 0 to 1",
    "clusters, 1, 0 to search",
    "clusters, 257, 0 to search",
    "centreEpochs, -1, at least 0",
    "centreRate, 0, above 0",
    "shareThreshold, -1, at least 0",
    "copyThreshold, 0.1, at least shareThreshold",
    "maxCopies, 0, at least 1",
    "keepSchedule, equl, did you mean 'equal'",
    "keepSchedule, equal, plannedTasks is 0",
    "scores, sane, did you mean 'same'",
    "candidates, fre, did you mean 'free'",
    "augment, 1, must be true or false"
  })
  void knobsOutOfRangeAreRefused(String knob, String value, String sentence) {
    Object given = value.matches("-?[0-9.]+") ? Double.valueOf(value) : value;
    RunConfigBuilder config = RunConfig.builder().setting(knob, given);
    String message =
        assertThrows(IllegalArgumentException.class, () -> options(config)).getMessage();
    assertTrue(message.contains(sentence), message);
  }
}
