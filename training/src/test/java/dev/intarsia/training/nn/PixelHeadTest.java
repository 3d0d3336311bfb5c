// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Batch;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.Loader;
import dev.intarsia.training.data.Preprocessing;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.Methods;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunListener;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Labels of pixels from the data to the measure, on a net small enough for the reference. */
class PixelHeadTest {
  private static final int SIDE = 8;
  private static final int AREA = SIDE * SIDE;
  private static final int BATCH = 4;

  private static Network net(Context context) {
    ActivationShape images = new ActivationShape(BATCH, 1, SIDE, SIDE);
    return Models.build("segnet-small", context, images, 3, 4.0 / 64);
  }

  /** A bright square on a dark ground, and a border whose pixels do not count. */
  private static Dataset squares(String part, int task, int count) {
    CounterRandom random = CounterRandom.of(5, "squares " + part, task);
    byte[] pixels = new byte[count * AREA];
    byte[] maps = new byte[count * AREA];
    for (int n = 0; n < count; n++) {
      int top = 1 + random.nextInt(4);
      int left = 1 + random.nextInt(4);
      for (int p = 0; p < AREA; p++) {
        int h = p / SIDE;
        int w = p % SIDE;
        boolean inside = h >= top && h < top + 3 && w >= left && w < left + 3;
        boolean bright = inside == (task % 2 == 0);
        pixels[n * AREA + p] = (byte) (random.nextInt(80) + (bright ? 150 : 0));
        maps[n * AREA + p] = (byte) (h == 0 ? Dataset.IGNORE : inside ? 1 : 0);
      }
    }
    return Dataset.ofMaps(part, pixels, 1, SIDE, SIDE, maps, List.of("ground", "square"));
  }

  private static Task task(int index) {
    Preprocessing grey = Preprocessing.normalising(new float[] {0.4f}, new float[] {0.3f});
    return Task.of(
        index,
        "squares " + index,
        squares("train", index, 4 * BATCH),
        squares("test", index, BATCH),
        grey);
  }

  private static Method method(String name, int epochs, Network net) {
    return Methods.prepare(RunConfig.builder().method(name).epochs(epochs).build()).apply(net);
  }

  private static float[] logits(Network net, Method method, Task task) {
    method.activate(task);
    try (Loader loader = Loader.evaluation(task.test(), task.preprocessing(), BATCH)) {
      Batch batch = loader.next();
      return net.forward(batch.images(), batch.size(), Phase.EVALUATE).readLogits(batch.size());
    }
  }

  /** mIoU rises far above what calling everything ground gets, about 0.42. */
  @Test
  void learnsSquares() {
    try (Context context = Context.reference();
        Network net = net(context);
        Method method = method("finetune", 30, net)) {
      Trainer trainer = new Trainer(net, new Sgd(0.1, 0.9, 0, false), 1, 1, RunListener.SILENT);
      method.learn(task(0), trainer);
      double score = method.examine(task(0), trainer);
      assertTrue(score > 0.8, "mIoU " + score);
    }
  }

  /** Every bit of earlier tasks' logits stays, with momentum and decay on. */
  @ParameterizedTest
  @ValueSource(strings = {"packnet", "wsn", "tsn"})
  void isolatingMethodsIsolatePixels(String name) {
    try (Context context = Context.reference();
        Network net = net(context);
        Method method = method(name, 4, net)) {
      Trainer trainer = new Trainer(net, new Sgd(0.05, 0.9, 0.01, false), 1, 1, RunListener.SILENT);
      method.learn(task(0), trainer);
      float[] learned = logits(net, method, task(0));
      method.learn(task(1), trainer);
      assertArrayEquals(learned, logits(net, method, task(0)));
      assertFalse(Arrays.equals(learned, logits(net, method, task(1))));
    }
  }

  @Test
  void pixelsThatDoNotCountChangeNeitherLossNorGradient() {
    try (Context context = Context.reference();
        Network net = net(context)) {
      net.selectHead(0, 2);
      float[] images = new float[BATCH * AREA];
      CounterRandom random = CounterRandom.of(1, "pixels");
      int[] labels = new int[BATCH * AREA];
      for (int k = 0; k < images.length; k++) {
        images[k] = random.uniform(-1, 1);
        labels[k] = k % 3 == 0 ? Dataset.IGNORE : random.nextInt(2);
      }
      float[] first = gradient(net, images, labels);
      float loss = net.head().readLoss();
      Head.Tally tally = net.head().takeTally(BATCH);
      long counted = Arrays.stream(labels).filter(label -> label != Dataset.IGNORE).count();
      assertEquals(counted, tally.of());

      // Counting those pixels too does change both: the measurement can tell.
      int[] all = Arrays.stream(labels).map(l -> l == Dataset.IGNORE ? 0 : l).toArray();
      assertFalse(Arrays.equals(first, gradient(net, images, all)));
      assertFalse(loss == net.head().readLoss());

      int[] none = new int[labels.length];
      Arrays.fill(none, Dataset.IGNORE);
      for (float value : gradient(net, images, none)) {
        assertEquals(0, value);
      }
      assertEquals(0, net.head().readLoss());
    }
  }

  /** Of the head's weights. */
  private static float[] gradient(Network net, float[] images, int[] labels) {
    Head head = net.forward(images, BATCH, Phase.TRAIN);
    head.judge(labels, BATCH);
    net.backward();
    return head.weights().gradient().download();
  }

  @Test
  void imagesHaveToHalveThreeTimes() {
    try (Context context = Context.reference()) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      Models.build(
                          "segnet-small", context, new ActivationShape(1, 3, 16, 20), 1, 0.1))
              .getMessage();
      assertEquals(
          "model segnet-small needs images whose sides 8 divides, these have 16 x 20; scale them",
          message);
    }
  }
}
