// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.errors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.ChildJvm;
import dev.intarsia.training.cli.Main;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a shell sees of a failure: an exit code, one sentence, no stack trace unless asked. */
class CommandLineTest {
  @TempDir private Path folder;

  private ChildJvm.Outcome call(String... args) throws Exception {
    String[] all = Stream.concat(Arrays.stream(args), out(args)).toArray(String[]::new);
    return ChildJvm.run(
        Map.of(), List.of("-Xmx256m", "-XX:+UseSerialGC", "-Xshare:auto"), Main.class, all);
  }

  /** Runs write below the temporary folder, if they write at all. */
  private Stream<String> out(String... args) {
    return args[0].equals("run")
        ? Stream.of("--out", folder.resolve("out").toString())
        : Stream.empty();
  }

  private static void assertSentence(ChildJvm.Outcome outcome, String words) {
    assertTrue(outcome.err().contains("intarsia: "), outcome.err());
    assertTrue(outcome.err().contains(words), outcome.err());
    assertFalse(outcome.err().contains("\tat "), outcome.err());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "run --method wns | did you mean 'wsn'?",
        "run --stream split-mist | did you mean 'split-mnist'?",
        "run --model lenett | did you mean 'lenet'?",
        "run --set settings.keep=1.5 | keep is 1.5, must be above 0 and at most 1",
        "run --set settings.keep=0 | keep is 0",
        "run --set settings.kep=0.5 | did you mean",
        "run --method packnet --set settings.prune=1 | prune is 1",
        "run --batch -4 | batch is -4",
        "run --threads -1 | threads is -1",
        "run --model resnet18 --set settings.width=0 | width is 0",
      })
  void wrongCallsEndWithTwo(String line, String words) throws Exception {
    ChildJvm.Outcome outcome = call(line.split(" "));
    assertEquals(2, outcome.code(), outcome.err());
    assertSentence(outcome, words);
  }

  @Test
  void missingDataEndsWithOne() throws Exception {
    ChildJvm.Outcome outcome =
        call("run", "--stream", "split-mnist", "--data", folder.resolve("none").toString());
    assertEquals(1, outcome.code(), outcome.err());
    assertSentence(outcome, "none");
  }

  @Test
  void corruptDataEndsWithOneAndATraceWhenAsked() throws Exception {
    Path data = Files.createDirectory(folder.resolve("data"));
    for (String part : List.of("train", "t10k")) {
      Files.writeString(data.resolve(part + "-images-idx3-ubyte"), "these are no images");
      Files.writeString(data.resolve(part + "-labels-idx1-ubyte"), "these are no labels");
    }
    ChildJvm.Outcome outcome = call("run", "--stream", "split-mnist", "--data", data.toString());
    assertEquals(1, outcome.code(), outcome.err());
    assertSentence(outcome, "magic is 0x");
    ChildJvm.Outcome traced =
        call("run", "--stacktrace", "--stream", "split-mnist", "--data", data.toString());
    assertEquals(1, traced.code());
    assertTrue(traced.err().contains("\tat "), traced.err());
  }

  @Test
  void helpEndsWithZero() throws Exception {
    assertEquals(0, call("--help").code());
  }
}
