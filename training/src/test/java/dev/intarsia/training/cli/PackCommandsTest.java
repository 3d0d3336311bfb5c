// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.PlaneShape;
import dev.intarsia.training.pack.MadePacks;
import dev.intarsia.training.pack.PackFile;
import dev.intarsia.training.pack.PackedModel;
import dev.intarsia.training.run.RunFolder;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code pack} and {@code predict} over a made run of the drawn shapes' size. */
class PackCommandsTest {
  private static final int TASKS = 3;

  @TempDir private Path folder;
  private Path run;

  private record Outcome(int code, String out, String err) {}

  private Outcome call(String line) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    String[] words = line.replace("DIR", folder.toString()).split(" ");
    int code = Main.execute(new PrintWriter(out, true), new PrintWriter(err, true), words);
    return new Outcome(code, out.toString(), err.toString());
  }

  @BeforeEach
  void makeRun() throws IOException {
    run = Files.createDirectory(folder.resolve("run"));
    PackFile file =
        PackFile.create(run.resolve(RunFolder.PACK), new PackedModel.Net("mlp", 1, 1, 28, 28));
    List<MadePacks.Layer> mlp =
        List.of(
            new MadePacks.Layer("fc1.weights", new PlaneShape(100, 784), 1),
            new MadePacks.Layer("fc2.weights", new PlaneShape(100, 100), 1));
    for (int task = 0; task < TASKS; task++) {
      file.append(MadePacks.next(file.model(task), mlp, 0, 100, 8));
    }
    Files.createDirectories(folder.resolve("images/ant"));
    Files.createDirectories(folder.resolve("images/other"));
    for (int i = 0; i < 5; i++) {
      BufferedImage image = new BufferedImage(30, 20, BufferedImage.TYPE_INT_RGB);
      for (int p = 0; p < 600; p++) {
        image.setRGB(p % 30, p / 30, 0x010101 * (p * (i + 3) & 0xFF));
      }
      String name = (i < 3 ? "ant/" : "other/") + i + ".png";
      ImageIO.write(image, "png", folder.resolve("images").resolve(name).toFile());
    }
  }

  @Test
  void aRunIsPackedWholeAndCounted() throws IOException {
    Path model = folder.resolve("model.itp");
    Outcome outcome = call("pack DIR/run --out DIR/model.itp");
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals("", outcome.err());
    List<String> lines = outcome.out().lines().toList();
    assertTrue(
        lines.get(1).matches("task +codes +codebooks +masks +head .* of dense"), lines.get(1));
    assertTrue(lines.get(2).startsWith("0 made 0 "), lines.get(2));
    assertTrue(lines.get(6).startsWith("all "), outcome.out());
    assertTrue(outcome.out().contains("3 tasks; one dense net is 345.3 KiB"), outcome.out());
    assertEquals(TASKS, PackFile.open(model).tasks());
    Outcome again = call("pack DIR/run --out DIR/model.itp");
    assertEquals(2, again.code());
    assertTrue(again.err().contains("choose another or pass --overwrite"), again.err());
    assertEquals(0, call("pack DIR/model.itp --out DIR/model.itp --masks raw").code());
    assertTrue(PackFile.open(model).sizes().masks() > 3 * 88400 / 8);
    try (var files = Files.list(folder)) {
      assertEquals(3, files.count(), "no temporary file stays");
    }
  }

  @Test
  void aTornRunIsPackedWithoutItsTail() throws IOException {
    Path packed = run.resolve(RunFolder.PACK);
    byte[] bytes = Files.readAllBytes(packed);
    Files.delete(packed);
    Files.write(packed, Arrays.copyOf(bytes, bytes.length - 100));
    Outcome outcome = call("pack DIR/run --out DIR/model.itp");
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains("Left out: "), outcome.err());
    assertTrue(outcome.err().contains("bytes into task 2"), outcome.err());
    assertEquals(2, PackFile.open(folder.resolve("model.itp")).tasks());
  }

  @Test
  void imagesAreAnsweredAndJudgedWhereTheyNameTheirClass() throws IOException {
    Outcome outcome = call("predict DIR/run/model.itp --task 1 --data DIR/images");
    assertEquals(0, outcome.code(), outcome.err());
    List<String> lines = outcome.out().lines().toList();
    assertEquals(6, lines.size());
    assertEquals("file,task,class,confidence", lines.get(0));
    for (String line : lines.subList(1, 6)) {
      assertTrue(
          line.matches("(ant|other)/\\d.png,made 1,(ant|bee|\"cow, \"\"brown\"\"\"),[01]\\.\\d{4}"),
          line);
    }
    assertTrue(
        outcome.err().matches("Accuracy: .* of 3 images; 2 say no class .*\\R"), outcome.err());
    Outcome named = call("predict DIR/run/model.itp --task 1 --data DIR/images --out DIR/a.csv");
    assertEquals(lines, Files.readAllLines(folder.resolve("a.csv")));
    assertEquals("", named.out());
  }

  @Test
  void eachImageMayHaveATaskOfItsOwn() throws IOException {
    Files.writeString(
        folder.resolve("tasks.csv"),
        "file,task\nant/0.png,2\nant/1.png,0\nant/2.png,made 1\nother/3.png,2\nother/4.png,0\n");
    Outcome mixed = call("predict DIR/run/model.itp --tasks DIR/tasks.csv --data DIR/images");
    assertEquals(0, mixed.code(), mixed.err());
    int[] tasks = {2, 0, 1, 2, 0};
    String[] found = mixed.out().lines().skip(1).toArray(String[]::new);
    for (int i = 0; i < tasks.length; i++) {
      Outcome alone = call("predict DIR/run/model.itp --data DIR/images --task " + tasks[i]);
      String line = alone.out().lines().skip(1 + i).findFirst().orElse("");
      assertArrayEquals(line.split(","), found[i].split(","));
    }
    assertTrue(
        mixed.out().lines().skip(1).map(l -> l.split(",")[1]).distinct().count() == 3, mixed.out());
  }

  @Test
  void theTestImagesOfAStreamAreAnswered() {
    Outcome outcome =
        call("predict DIR/run/model.itp --task 2 --stream shapes --set testLimit=8 --batch 5");
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals(9, outcome.out().lines().count());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "predict DIR/run/model.itp --data DIR/images | 2 | give --task K, or --tasks FILE",
        "predict DIR/run/model.itp --task 1 | 2 | give --data PATH",
        "predict DIR/run/model.itp --task 3 --data DIR/images | 2 | --task is 3, must be from 0 to 2",
        "predict DIR/run/model.itp --task mad --data DIR/images | 2 | unknown task 'mad'",
        "predict DIR/images/ant/0.png --task 1 --data DIR/images | 1 | does not begin like a pack",
        "predict DIR/none.itp --task 1 --data DIR/images | 1 | no such file; check the path",
        "predict DIR/run/model.itp --task 1 --data DIR/none | 1 | no such folder or zip",
        "predict DIR/run/model.itp --task 1 --stream shape | 2 | did you mean 'shapes'?",
        "predict DIR/run/model.itp --task 1 --data DIR/images --batch 0 | 2 | batch is 0",
        "pack DIR/images --out DIR/x.itp | 2 | is no folder of a run: it has no model.itp",
        "pack DIR/none --out DIR/x.itp | 2 | does not exist; check the path",
        "pack DIR/run | 2 | Missing required option: '--out=FILE'",
      })
  void wrongCallsEndInOneSentence(String line, int code, String sentence) {
    Outcome outcome = call(line);
    assertEquals(code, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains(sentence), outcome.err());
    assertFalse(outcome.err().contains("\tat "), outcome.err());
    assertEquals("", outcome.out());
  }

  @Test
  void aRunThatDoesNotPackSaysWhatToDo() throws IOException {
    Files.delete(run.resolve(RunFolder.PACK));
    Files.writeString(run.resolve(RunFolder.RESULTS), "{}");
    Outcome outcome = call("pack DIR/run --out DIR/x.itp");
    assertEquals(2, outcome.code());
    assertTrue(outcome.err().contains("does not pack: it has no model.itp; run with --method tsn"));
  }
}
