// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.training.coding.BitString;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Phase;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Packs of every net answer as the same nets do with the weights written out. */
class PackedNetsTest {
  private static final int TASKS = 5;
  private static final int BATCH = 16;
  private static final int IMAGES = 7;

  @TempDir private Path folder;
  private final Context context = Context.open("cpu", 1);

  @AfterEach
  void close() {
    context.close();
  }

  /** A model whose tasks fit a net: two copies, and norms with drawn statistics. */
  private static PackedModel fitting(PackedModel.Net description, Network net) {
    net.selectHead(0, 3);
    int features = net.head().weights().cols();
    List<MadePacks.Layer> layers = new ArrayList<>();
    for (Parameter parameter : net.shared()) {
      layers.add(
          new MadePacks.Layer(
              parameter.name(), new PlaneShape(parameter.rows(), parameter.cols()), 1));
    }
    PackedModel model = new PackedModel(description);
    SplittableRandom random = new SplittableRandom(9);
    for (int task = 0; task < TASKS; task++) {
      PackedTask made = MadePacks.next(model, layers, task < 3 ? 0 : 1, features, 4);
      List<float[]> norms = new ArrayList<>();
      for (Tensor norm : net.norms()) {
        float[] values = new float[(int) norm.elements()];
        for (int i = 0; i < values.length; i++) {
          values[i] = 0.5f + (float) random.nextDouble();
        }
        norms.add(values);
      }
      model.add(
          new PackedTask(
              made.name(),
              made.classNames(),
              made.preprocessing(),
              made.copy(),
              made.layers(),
              made.head(),
              norms,
              made.replay(),
              made.provenance()));
    }
    return model;
  }

  /** The weights of a task, from its codes and those of the tasks before it in its copy. */
  private static float[] dense(PackedModel model, int task, int index) {
    PackedTask asked = model.tasks().get(task);
    PackedLayer layer = asked.layers().get(index);
    int[] mask = layer.mask();
    float[] values = new float[layer.shape().elements()];
    for (int owner = 0; owner <= task; owner++) {
      if (model.tasks().get(owner).copy() == asked.copy()) {
        PackedLayer from = model.tasks().get(owner).layers().get(index);
        int[] owned = model.owned(owner, index);
        int at = 0;
        for (int i = 0; i < values.length; i++) {
          int col = i % layer.shape().cols();
          int word = i / layer.shape().cols() * layer.shape().wordsPerRow() + col / 32;
          if ((owned[word] >>> col % 32 & 1) == 1) {
            float centre = from.codebook()[BitString.get(from.codes(), from.bits(), at++)];
            values[i] = (mask[word] >>> col % 32 & 1) == 1 ? centre : 0;
          }
        }
      }
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource({"mlp, 1, 5, 4", "lenet, 3, 8, 9", "alexnet, 1, 19, 20", "resnet18, 3, 8, 8"})
  void answersAreThoseOfTheWeightsWrittenOut(String name, int channels, int height, int width) {
    PackedModel.Net description = new PackedModel.Net(name, 0.05, channels, height, width);
    ActivationShape input = new ActivationShape(BATCH, channels, height, width);
    Path path = folder.resolve("model.itp");
    byte[] pixels = new byte[IMAGES * channels * height * width];
    new SplittableRandom(1).nextBytes(pixels);
    float[] images = new float[pixels.length];
    try (Network net = Models.build(name, context, input, 1, 0.05)) {
      PackedModel model = fitting(description, net);
      PackFile.write(path, model, MaskCode.RAW);
      try (Predictor predictor = Predictor.open(path, context, BATCH)) {
        for (int task : new int[] {4, 0, 2, 3, 1}) {
          PackedTask packed = model.tasks().get(task);
          packed.preprocessing().normalise(pixels, 0, IMAGES, images, 0, height * width);
          for (int layer = 0; layer < net.shared().size(); layer++) {
            net.shared().get(layer).weights().upload(dense(model, task, layer));
          }
          net.selectHead(task, 3);
          net.head().weights().weights().upload(packed.head());
          for (int i = 0; i < net.norms().size(); i++) {
            net.norms().get(i).upload(packed.norms().get(i));
          }
          net.forward(images, IMAGES, Phase.EVALUATE);
          float[] logits = net.head().logits().value().download(); // [N, classes]
          int[] tasks = new int[IMAGES];
          Arrays.fill(tasks, task);
          Answer[] answers = predictor.predict(pixels, tasks);
          for (int i = 0; i < IMAGES; i++) {
            float[] expected = Arrays.copyOfRange(logits, 3 * i, 3 * i + 3);
            float largest = Math.max(Math.abs(expected[0]), Math.abs(expected[1]));
            assertArrayEquals(expected, answers[i].logits(), 1e-5f * (1 + largest));
          }
        }
      }
    }
  }

  /**
   * Rows of all tasks and both copies in one call have the bits of a call for each task; 80 images
   * hold five groups, 40 three, and five are row-major.
   */
  @ParameterizedTest
  @CsvSource({
    "mlp, 1, 5, 4, 80",
    "lenet, 3, 8, 9, 80",
    "alexnet, 1, 19, 20, 40",
    "alexnet-norm, 1, 19, 20, 40",
    "resnet18, 3, 8, 8, 80",
    "resnet18, 3, 8, 8, 5"
  })
  void mixedRowsHaveTheBitsOfTheirTaskAlone(
      String name, int channels, int height, int width, int batch) {
    PackedModel.Net description = new PackedModel.Net(name, 0.05, channels, height, width);
    ActivationShape input = new ActivationShape(1, channels, height, width);
    Path path = folder.resolve("model.itp");
    try (Network net = Models.build(name, context, input, 1, 0.05)) {
      PackFile.write(path, fitting(description, net), MaskCode.RAW);
    }
    int count = 50;
    int image = channels * height * width;
    byte[] pixels = new byte[count * image];
    SplittableRandom random = new SplittableRandom(2);
    random.nextBytes(pixels);
    int[] tasks = random.ints(count, 0, TASKS).toArray();
    try (Predictor predictor = Predictor.open(path, context, batch)) {
      Answer[] mixed = predictor.predict(pixels, tasks);
      for (int task = 0; task < TASKS; task++) {
        int wanted = task;
        int[] rows = IntStream.range(0, count).filter(i -> tasks[i] == wanted).toArray();
        byte[] alone = new byte[rows.length * image];
        for (int i = 0; i < rows.length; i++) {
          System.arraycopy(pixels, rows[i] * image, alone, i * image, image);
        }
        int[] same = new int[rows.length];
        Arrays.fill(same, task);
        Answer[] answers = predictor.predict(alone, same);
        for (int i = 0; i < rows.length; i++) {
          assertEquals(task, mixed[rows[i]].task());
          assertArrayEquals(answers[i].logits(), mixed[rows[i]].logits(), "task " + task);
        }
      }
      assertArrayEquals(
          mixed[0].logits(),
          predictor.predict(Arrays.copyOf(pixels, image), new int[] {tasks[0]})[0].logits());
    }
  }

  /** Issue 4 asks for under a millisecond; a hundred switches, of which half may be disturbed. */
  @Test
  void switchingTasksOfAlexNetTakesUnderAMillisecond() {
    PackedModel.Net description = new PackedModel.Net("alexnet", 1, 3, 32, 32);
    ActivationShape input = new ActivationShape(1, 3, 32, 32);
    Path path = folder.resolve("model.itp");
    try (Network net = Models.build("alexnet", context, input, 1, 1)) {
      PackFile.write(path, fitting(description, net), MaskCode.RAW);
    }
    long[] nanos = new long[100];
    long before = context.usedBytes();
    try (Predictor predictor = Predictor.open(path, context, 1)) {
      for (int task = TASKS - 1; task >= 0; task--) {
        predictor.activate(task); // read, laid out and installed once
      }
      for (int i = 0; i < nanos.length; i++) {
        long start = System.nanoTime();
        predictor.activate(i * 2 % TASKS);
        nanos[i] = System.nanoTime() - start;
      }
      assertEquals(3, predictor.predict(new byte[3 * 32 * 32], new int[1])[0].logits().length);
      assertTrue(
          context.usedBytes() - before < 4L * 6_499_328, "the net's f32 weights are never made");
    }
    Arrays.sort(nanos);
    assertTrue(nanos[50] < 1_000_000, "the median switch took " + nanos[50] + " ns");
  }
}
