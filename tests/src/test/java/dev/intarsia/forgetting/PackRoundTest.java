// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.forgetting;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.intarsia.Context;
import dev.intarsia.training.data.Dataset;
import dev.intarsia.training.data.StreamOptions;
import dev.intarsia.training.data.Streams;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.data.TaskStream;
import dev.intarsia.training.pack.Answer;
import dev.intarsia.training.pack.MaskCode;
import dev.intarsia.training.pack.PackFile;
import dev.intarsia.training.pack.Predictor;
import dev.intarsia.training.run.Experiment;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunFolder;
import dev.intarsia.training.run.RunListener;
import dev.intarsia.training.run.RunResult;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From a run of TinySubNets to its file and back: the file answers as the run did at its end. */
class PackRoundTest {
  private static final int TASKS = 3;
  private static final StreamOptions OPTIONS = new StreamOptions(null, 1, TASKS, 0, 0, 60, 20);

  @TempDir private Path folder;

  private RunResult run(String model) {
    RunConfig config =
        RunConfig.builder()
            .set("method", "tsn")
            .set("stream", "shapes")
            .set("model", model)
            .set("tasks", TASKS)
            .set("trainLimit", OPTIONS.trainLimit())
            .set("testLimit", OPTIONS.testLimit())
            .set("epochs", 2)
            .set("batch", 20)
            .set("seed", 1L)
            .set("backend", "cpu")
            .set("threads", 1)
            .build();
    try (RunFolder out = RunFolder.claim(folder.resolve(model), false)) {
      return Experiment.run(config, RunListener.all(out.pack()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mlp", "resnet18"})
  void theFileAnswersAsTheRunDid(String model) {
    RunResult result = run(model);
    Path path = folder.resolve(model).resolve(RunFolder.PACK);
    TaskStream stream = Streams.open("shapes", OPTIONS);
    try (Context context = Context.open("cpu", 1);
        Predictor predictor = Predictor.open(path, context, 20)) {
      assertEquals(TASKS, predictor.pack().tasks());
      assertEquals("tsn", predictor.pack().provenance(0).get("method"));
      for (Task task : stream.tasks()) {
        assertEquals(task.name(), predictor.pack().name(task.index()));
        assertEquals(task.classNames(), predictor.task(task.index()).classNames());
        Dataset test = task.test();
        byte[] pixels = new byte[test.size() * test.imageLength()];
        for (int i = 0; i < test.size(); i++) {
          test.copyPixels(i, pixels, i * test.imageLength());
        }
        int[] asked = new int[test.size()];
        Arrays.fill(asked, task.index());
        Answer[] answers = predictor.predict(pixels, asked);
        int right = 0;
        for (int i = 0; i < answers.length; i++) {
          right += answers[i].best() == test.label(i) ? 1 : 0;
        }
        assertEquals(
            result.accuracy().get(TASKS, task.index()), (double) right / test.size(), 1e-12);
      }
    }
  }

  @Test
  void packingAgainChangesNoAnswer() {
    run("mlp");
    PackFile learned = PackFile.open(folder.resolve("mlp").resolve(RunFolder.PACK));
    Path again = folder.resolve("again.itp");
    PackFile.write(again, learned.model(TASKS), MaskCode.RAW);
    byte[] pixels = new byte[28 * 28];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * 37);
    }
    try (Context context = Context.open("cpu", 1);
        Predictor one = Predictor.of(learned, context, 1);
        Predictor two = Predictor.open(again, context, 1)) {
      for (int task = 0; task < TASKS; task++) {
        float[] logits = one.predict(pixels, new int[] {task})[0].logits();
        assertArrayEquals(logits, two.predict(pixels, new int[] {task})[0].logits());
        assertEquals(2, logits.length);
      }
    }
  }
}
