// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
  private static final int HELP_WIDTH = 90;

  @TempDir private Path folder;

  private record Outcome(int code, String out, String err) {}

  private static Outcome call(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.execute(new PrintWriter(out, true), new PrintWriter(err, true), args);
    return new Outcome(code, out.toString(), err.toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rnu | unknown command 'rnu', did you mean 'run'?",
        "run --methd=wsn | unknown option '--methd', did you mean '--method'?",
        "run --method wns | unknown method 'wns', did you mean 'wsn'?",
        "run --stream shape | unknown stream 'shape', did you mean 'shapes'?",
        "run --model lenett | unknown model 'lenett', did you mean 'lenet'?",
        "run --epochs many | Invalid value for option '--epochs': 'many' is not an int",
        "run --epochs 0 | epochs is 0, must be from 1 to",
        "run --set epoch=3 | unknown key 'epoch', did you mean 'epochs'?",
        "run --config missing.yaml | config file missing.yaml does not exist; check --config",
        "run --backend gpu | unknown backend 'gpu'",
        "demo --backend gpu | unknown backend 'gpu'",
        "methods extra | extra",
      })
  void wrongCallsEndWithTwoAndOneSentence(String line, String sentence) {
    Outcome outcome = call(line.split(" "));
    assertEquals(2, outcome.code());
    assertTrue(outcome.err().startsWith("intarsia: "), outcome.err());
    assertTrue(outcome.err().contains(sentence), outcome.err());
    assertFalse(outcome.err().contains("\tat "), "no stack trace unless asked");
    assertEquals("", outcome.out());
  }

  @Test
  void stackTraceComesWhenAsked() {
    assertTrue(call("run", "--epochs", "0", "--stacktrace").err().contains("\tat "));
    assertTrue(call("run", "--epochs", "0", "--verbose").err().contains("\tat "));
  }

  @Test
  void occupiedFolderIsRefusedBeforeAnyTraining() throws Exception {
    Files.writeString(folder.resolve("notes.txt"), "mine");
    Outcome outcome = call("run", "--out", folder.toString());
    assertEquals(2, outcome.code());
    assertTrue(outcome.err().contains("exists and is not empty; choose another"), outcome.err());
    assertFalse(outcome.err().contains("task 1/"), outcome.err());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "run", "compare", "demo", "methods", "streams", "models", "doctor", "pack", "predict"
      })
  void helpFitsTheScreen(String command) {
    Outcome outcome = command.isEmpty() ? call("--help") : call(command, "--help");
    assertEquals(0, outcome.code());
    assertTrue(outcome.out().startsWith("Usage: intarsia " + command), outcome.out());
    outcome.out().lines().forEach(l -> assertTrue(l.length() <= HELP_WIDTH, l));
  }

  @Test
  void helpNamesTheWordsOfTheLauncher() {
    String help = call("--help").out();
    for (String word : new String[] {"build", "test", "bench"}) {
      assertTrue(help.contains("\n  " + word + " "), help);
    }
    assertEquals(help, call().out(), "no word at all asks for help");
  }

  @Test
  void versionNamesTheCommit() {
    assertTrue(call("--version").out().matches("intarsia \\S+ \\(commit \\S+\\)\\R"));
    assertEquals(call("--version").out(), call("run", "--version").out());
  }

  @ParameterizedTest
  @CsvSource({"methods, wsn", "streams, shapes", "models, lenet"})
  void listsNameAndMeaning(String command, String name) {
    Outcome outcome = call(command);
    assertEquals(0, outcome.code());
    assertTrue(outcome.out().lines().anyMatch(l -> l.matches(name + " {2,}\\S.*")), outcome.out());
  }

  @Test
  void doctorSaysWhatWasFound() {
    Outcome outcome = call("doctor");
    assertEquals(0, outcome.code());
    for (String what : new String[] {"java", "processors", "memory", "reference", "cuda"}) {
      assertTrue(outcome.out().lines().anyMatch(l -> l.startsWith(what + " ")), outcome.out());
    }
  }

  @Test
  void defaultsInHelpAreTheDefaults() {
    var defaults = dev.intarsia.training.run.RunConfig.builder().build();
    String help = call("run", "--help").out();
    for (String sentence :
        new String[] {
          "see 'methods'. Default: " + defaults.method(),
          "see 'streams'. Default: " + defaults.stream(),
          "each task. Default: " + defaults.epochs(),
          "per step. Default: " + defaults.batch(),
          "randomness. Default: " + defaults.seed(),
        }) {
      assertTrue(help.contains(sentence), sentence);
    }
  }
}
