// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.PlaneShape;
import dev.intarsia.training.data.DataException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PredictorTest {
  private static final int TASKS = 6;
  private static final int IMAGE = 2 * 4 * 5;
  private static final int BATCH = 16;
  private static final PackedModel.Net NET = new PackedModel.Net("mlp", 1, 2, 4, 5);
  private static final List<MadePacks.Layer> MLP =
      List.of(
          new MadePacks.Layer("fc1.weights", new PlaneShape(100, IMAGE), 1),
          new MadePacks.Layer("fc2.weights", new PlaneShape(100, 100), 1));

  @TempDir private Path folder;
  private final Context context = Context.open("cpu", 1);
  private final PackedModel model = new PackedModel(NET);
  private Path path;

  @BeforeEach
  void makePack() {
    for (int task = 0; task < TASKS; task++) {
      int copy = task == 3 ? 1 : task < 3 ? 0 : task % 2; // the two copies in turn at last
      model.add(MadePacks.next(model, MLP, copy, 100, 5));
    }
    path = folder.resolve("model.itp");
    PackFile.write(path, model, MaskCode.CONTEXT);
  }

  @AfterEach
  void close() {
    context.close();
  }

  private static byte[] pixels(int count, long seed) {
    byte[] pixels = new byte[count * IMAGE];
    new SplittableRandom(seed).nextBytes(pixels);
    return pixels;
  }

  @Test
  void aMixedBatchAnswersAsEachTaskAlone() {
    int count = 75;
    byte[] pixels = pixels(count, 2);
    SplittableRandom random = new SplittableRandom(3);
    int[] tasks = random.ints(count, 0, TASKS).toArray();
    try (Predictor predictor = Predictor.open(path, context, BATCH)) {
      Answer[] mixed = predictor.predict(pixels, tasks);
      for (int task = 0; task < TASKS; task++) {
        List<Integer> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          if (tasks[i] == task) {
            rows.add(i);
          }
        }
        byte[] alone = new byte[rows.size() * IMAGE];
        for (int i = 0; i < rows.size(); i++) {
          System.arraycopy(pixels, rows.get(i) * IMAGE, alone, i * IMAGE, IMAGE);
        }
        int[] same = new int[rows.size()];
        Arrays.fill(same, task);
        Answer[] answers = predictor.predict(alone, same);
        for (int i = 0; i < rows.size(); i++) {
          assertEquals(task, mixed[rows.get(i)].task());
          assertArrayEquals(answers[i].logits(), mixed[rows.get(i)].logits());
        }
      }
      assertEquals(0, predictor.predict(new byte[0], new int[0]).length);
    }
  }

  @Test
  void tasksOfDifferentTasksDiffer() {
    byte[] pixels = pixels(1, 4);
    try (Predictor predictor = Predictor.open(path, context, 1)) {
      float[] first = predictor.predict(pixels, new int[] {0})[0].logits();
      float[] second = predictor.predict(pixels, new int[] {1})[0].logits();
      assertFalse(Arrays.equals(first, second));
      assertArrayEquals(first, predictor.predict(pixels, new int[] {0})[0].logits());
    }
  }

  @Test
  void tasksAddedLaterAnswerAndTheEarlierStay() {
    byte[] pixels = pixels(3, 6);
    int[] earlier = {0, 5, 4};
    PackFile file = PackFile.open(path);
    try (Predictor predictor = Predictor.of(file, context, BATCH)) {
      Answer[] before = predictor.predict(pixels, earlier);
      file.append(MadePacks.next(file.model(TASKS), MLP, 1, 100, 5));
      predictor.predict(pixels, new int[] {6, 6, 6});
      Answer[] after = predictor.predict(pixels, earlier);
      for (int i = 0; i < before.length; i++) {
        assertArrayEquals(before[i].logits(), after[i].logits());
      }
    }
  }

  @Test
  void wrongCallsNameTheLimit() {
    try (Predictor predictor = Predictor.open(path, context, BATCH)) {
      assertSentence("from 0 to 5", () -> predictor.predict(pixels(1, 0), new int[] {6}));
      assertSentence("from 0 to 5", () -> predictor.predict(pixels(1, 0), new int[] {-1}));
      assertSentence(
          "2 images of 2 x 4 x 5 have 80", () -> predictor.predict(pixels(1, 0), new int[2]));
    }
  }

  private static void assertSentence(String words, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(words), message);
  }

  /** A net that the file only claims is refused before its memory is taken. */
  @Test
  void netsThatAreNotTheTasksAreRefused() {
    for (PackedModel.Net claimed :
        List.of(
            new PackedModel.Net("mlp", 1, 2, 1000, 1000),
            new PackedModel.Net("resnet18", 16, 2, 32, 32),
            new PackedModel.Net("alexnett", 1, 2, 32, 32),
            new PackedModel.Net("mlp", Double.NaN, 2, 4, 5))) {
      Path other = folder.resolve("claim.itp");
      PackedModel lie = new PackedModel(claimed);
      lie.add(MadePacks.next(lie, MLP, 0, 100, 5));
      PackFile.write(other, lie, MaskCode.RAW);
      long before = context.usedBytes();
      String message =
          assertThrows(DataException.class, () -> Predictor.open(other, context, 1)).getMessage();
      assertTrue(message.contains("take an intact copy"), message);
      assertEquals(before, context.usedBytes());
    }
  }
}
