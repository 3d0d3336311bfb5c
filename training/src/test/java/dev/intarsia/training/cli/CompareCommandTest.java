// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareCommandTest {
  @TempDir private Path folder;

  private record Outcome(int code, String out, String err) {}

  private Outcome compare(String... more) {
    List<String> args =
        new ArrayList<>(List.of("compare", "--model", "mlp", "--epochs", "1", "--threads", "1"));
    args.addAll(List.of("--set", "tasks=2", "--set", "trainLimit=64", "--set", "testLimit=32"));
    args.addAll(List.of("--out", folder.resolve("c").toString()));
    args.addAll(List.of(more));
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.execute(
            new PrintWriter(out, true), new PrintWriter(err, true), args.toArray(String[]::new));
    return new Outcome(code, out.toString(), err.toString());
  }

  private String read(String name) throws Exception {
    return Files.readString(folder.resolve("c").resolve(name));
  }

  @Test
  void completeRunsAreNotRepeatedAndBrokenOnesAre() throws Exception {
    Outcome first = compare("--methods", "finetune,wsn", "--seeds", "1,2");
    assertEquals(0, first.code(), first.err());
    assertTrue(first.out().contains("\nfinetune "), first.out());
    String table = read("compare.md");
    Path broken = folder.resolve("c").resolve("wsn-2");
    Files.delete(broken.resolve("results.json")); // as if stopped on the way
    Outcome second = compare("--methods", "finetune,wsn", "--seeds", "1,2");
    assertEquals(0, second.code(), second.err());
    assertEquals(3, second.err().split("not repeated", -1).length - 1, second.err());
    assertTrue(second.err().contains("wsn on shapes"), second.err());
    assertTrue(Files.exists(broken.resolve("results.json")));
    assertEquals(withoutSeconds(table), withoutSeconds(read("compare.md")));
    Outcome more = compare("--methods", "finetune,wsn", "--seeds", "2,3");
    assertEquals(2, more.err().split("not repeated", -1).length - 1, more.err());
  }

  private static String withoutSeconds(String table) {
    return table.replaceAll("[^|]* s \\|", "");
  }

  @Test
  void resultsOfAnotherConfigurationAreRefusedBeforeAnyTraining() {
    assertEquals(0, compare("--methods", "finetune").code());
    Outcome other = compare("--methods", "wsn,finetune", "--set", "finetune.epochs=2");
    assertEquals(2, other.code());
    assertTrue(
        other.err().contains("of another configuration (epochs 1 instead of 2)"), other.err());
    assertFalse(other.err().contains("wsn on shapes"), "nothing was trained");
    Outcome replaced =
        compare("--methods", "finetune", "--set", "finetune.epochs=2", "--overwrite");
    assertEquals(0, replaced.code(), replaced.err());
  }

  @Test
  void aFailedRunLosesNoOther() throws Exception {
    Outcome outcome = compare("--methods", "finetune,wsn", "--set", "finetune.learningRate=1e30");
    assertEquals(1, outcome.code());
    assertTrue(outcome.out().contains("Failed: finetune, seed 1: the loss of task"), outcome.out());
    assertTrue(read("compare.md").contains("| wsn | 1 |"));
    assertTrue(read("compare.md").contains("- finetune, seed 1: the loss of task"));
    assertTrue(read("compare.html").contains("lower the learning rate"));
    assertFalse(Files.exists(folder.resolve("c/finetune-1/results.json")));
    Outcome mended = compare("--methods", "finetune,wsn");
    assertEquals(0, mended.code(), mended.err());
    assertTrue(mended.err().contains("wsn, seed 1: complete"), mended.err());
  }

  @Test
  void unknownMethodGetsTheNearest() {
    Outcome outcome = compare("--methods", "finetune,wns");
    assertEquals(2, outcome.code());
    assertTrue(outcome.err().contains("unknown method 'wns', did you mean 'wsn'?"), outcome.err());
    assertFalse(Files.exists(folder.resolve("c")), "nothing was made");
    assertEquals(2, compare().code(), "methods must be given");
  }
}
