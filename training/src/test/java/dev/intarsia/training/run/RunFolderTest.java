// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir private Path parent;

  private static String refused(Path path, boolean overwrite) {
    return assertThrows(IllegalArgumentException.class, () -> RunFolder.claim(path, overwrite))
        .getMessage();
  }

  @Test
  void writesAllThreeFiles() throws Exception {
    Path path = parent.resolve("deep/er/run");
    RunResult result = MadeResults.of(MadeResults.config("wsn"), 3, 0);
    try (RunFolder folder = RunFolder.claim(path, false)) {
      folder.metrics().stepDone(0, 0, 0, 0.75);
      folder.metrics().stepDone(0, 0, 1, Double.NaN);
      assertEquals(
          List.of(MetricsCsv.HEADER, "0,0,0,0.75,,,,,,"),
          Files.readAllLines(path.resolve(RunFolder.METRICS)),
          "flushed while the run goes on");
      folder.metrics().epochDone(0, 0, 0.5, 0.875, 1.25);
      folder.metrics().taskLearned(2, result.accuracy(), result.bytes());
      assertFalse(Files.exists(path.resolve(RunFolder.RESULTS)), "nothing partial");
      folder.write(result);
    }
    assertEquals(
        "0,0,,0.5,0.875,1.25,,,,", Files.readAllLines(path.resolve(RunFolder.METRICS)).get(2));
    assertEquals(
        "2,,,,,,0.8,0.9,0.8105,0.88125",
        Files.readAllLines(path.resolve(RunFolder.METRICS)).get(3));
    assertEquals(
        List.of(new MetricsCsv.Loss(0, 0, 0.75)),
        MetricsCsv.readLosses(path.resolve(RunFolder.METRICS)));
    assertEquals(ResultsJson.toJson(result), Files.readString(path.resolve(RunFolder.RESULTS)));
    assertTrue(Files.readString(path.resolve(RunFolder.REPORT)).startsWith("<!DOCTYPE html>"));
    try (var files = Files.list(path)) {
      assertEquals(3, files.count(), "no temporary file stays");
    }
  }

  @Test
  void keysOfResultsStandInTheirOrder() throws Exception {
    RunResult result = MadeResults.of(MadeResults.config("wsn"), 2, 0.25);
    JsonNode json = new ObjectMapper().readTree(ResultsJson.toJson(result));
    assertEquals(
        List.of(
            "method",
            "stream",
            "model",
            "seed",
            "backend",
            "isa",
            "threads",
            "tasks",
            "metric",
            "accuracy_matrix",
            "average_accuracy",
            "forgetting",
            "backward_transfer",
            "forward_transfer",
            "bytes",
            "capacity",
            "notes",
            "seconds",
            "weights_sha256",
            "config",
            "version",
            "commit"),
        names(json));
    assertEquals(List.of("name", "classes", "train", "test"), names(json.get("tasks").get(0)));
    assertEquals(
        List.of(
            "weights",
            "codebooks",
            "masks",
            "heads",
            "norms",
            "replay",
            "total",
            "dense",
            "per_task"),
        names(json.get("bytes")));
    assertEquals(List.of("train", "eval"), names(json.get("seconds")));
    assertTrue(json.get("accuracy_matrix").get(0).get(0).isNull(), "NaN is null");
    assertEquals(0.5, json.get("accuracy_matrix").get(2).get(0).asDouble());
    assertEquals(0.25, json.get("forgetting").asDouble());
    assertTrue(json.get("forward_transfer").isNull());
    assertEquals(2246, json.get("bytes").get("total").asLong());
    JsonNode capacity = json.get("capacity");
    assertEquals(
        List.of("of_dense", "published", "forecast", "mask_bits_per_weight"), names(capacity));
    assertEquals(2246 / 4000.0, capacity.get("of_dense").get("total").asDouble());
    assertEquals(0.5, capacity.get("of_dense").get("weights").asDouble());
    assertEquals(List.of("tsn_affinity", "wsn"), names(capacity.get("published")));
    assertEquals(0.5 + 1800 / 32000.0, capacity.get("published").get("wsn").asDouble(), 1e-12);
    assertEquals(1, capacity.get("forecast").get("tasks_until_dense").asLong());
    assertEquals(2, capacity.get("forecast").get("tasks_until_no_free_weights").asLong());
    JsonNode masks = capacity.get("mask_bits_per_weight").get(1);
    assertEquals(
        List.of("task", "selected", "stored", "huffman", "bound_given_earlier", "bound_of_density"),
        names(masks));
    assertEquals(0.8, masks.get("stored").asDouble());
    assertEquals(0.5, json.get("config").get("settings").get("keep").asDouble());
  }

  private static List<String> names(JsonNode node) {
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void refusesAFolderThatHoldsFiles() throws Exception {
    Files.writeString(parent.resolve("notes.txt"), "mine");
    assertEquals(
        "--out " + parent + " exists and is not empty; choose another or pass --overwrite",
        refused(parent, false));
  }

  @Test
  void overwriteReplacesResultsAndNothingElse() throws Exception {
    Files.writeString(parent.resolve("notes.txt"), "mine");
    Files.writeString(parent.resolve(RunFolder.RESULTS), "old");
    RunFolder.claim(parent, true).close();
    assertFalse(Files.exists(parent.resolve(RunFolder.RESULTS)), "stale results are gone at once");
    assertEquals("mine", Files.readString(parent.resolve("notes.txt")));
  }

  @Test
  void takesAnEmptyFolderAndLeavesNoneBehind() {
    Path path = parent.resolve("run");
    RunFolder.claim(path, false).close();
    assertFalse(Files.exists(path), "a run that wrote nothing leaves nothing");
  }

  @Test
  void refusesFilesAndWhatLiesUnderThem() throws Exception {
    Path file = Files.writeString(parent.resolve("file"), "x");
    assertTrue(refused(file, true).contains("is a file, must be a folder; choose another"));
    String message = refused(file.resolve("run"), false);
    assertTrue(message.contains(file + "/run"), message);
    assertTrue(message.contains("choose"), message);
  }

  @Test
  void refusesAFolderThatCannotBeWritten() {
    Path path = Path.of("/proc/intarsia-run");
    Assumptions.assumeTrue(Files.isDirectory(Path.of("/proc")), "no /proc: nowhere unwritable");
    String message = refused(path, false);
    assertTrue(message.contains("--out " + path + " cannot be written"), message);
    assertTrue(message.contains("choose a folder you own"), message);
  }

  @Test
  void lossesReadBackStepsFirst() throws Exception {
    Path file = parent.resolve("m.csv");
    assertEquals(List.of(), MetricsCsv.readLosses(file));
    try (MetricsCsv metrics = new MetricsCsv(file)) {
      metrics.epochDone(0, 0, 0.5, Double.NaN, 1);
      metrics.epochDone(1, 0, 0.25, 1, 1);
    }
    assertEquals(
        List.of(new MetricsCsv.Loss(0, 0, 0.5), new MetricsCsv.Loss(1, 1, 0.25)),
        MetricsCsv.readLosses(file));
  }
}
