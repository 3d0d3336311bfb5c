// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunConfigTest {
  @TempDir private Path folder;

  private Path file(String text) throws Exception {
    return Files.writeString(folder.resolve("run.yaml"), text);
  }

  private static String refused(Runnable action) {
    return assertThrows(IllegalArgumentException.class, action::run).getMessage();
  }

  @Test
  void laterLayersWin() throws Exception {
    RunConfigBuilder builder = RunConfig.builder();
    RunConfigYaml.apply(
        file("epochs: 2\nbatch: 16\nseed: 7\nsettings:\n  keep: 0.25\n  other: yes please\n"),
        builder);
    builder.set("batch", 32);
    RunConfigYaml.applyAssignment("seed=-9000000000", builder);
    RunConfigYaml.applyAssignment("settings.keep=0.5", builder);
    RunConfig config = builder.build();
    assertEquals("wsn", config.method(), "default");
    assertEquals(2, config.epochs(), "file");
    assertEquals(32, config.batch(), "option over file");
    assertEquals(-9000000000L, config.seed(), "--set over file");
    assertEquals(0.5, config.setting("keep", 0.1));
    assertEquals("yes please", config.settings().get("other"));
  }

  @Test
  void learningRateFollowsTheOptimizerUnlessGiven() {
    assertEquals(0.001, RunConfig.builder().build().learningRate());
    assertEquals(0.01, RunConfig.builder().optimizer("sgd").build().learningRate());
    assertEquals(0.5, RunConfig.builder().learningRate(0.5).build().learningRate());
  }

  @Test
  void writtenConfigurationReadsBackEqual() throws Exception {
    RunConfig config =
        RunConfig.builder()
            .method("packnet")
            .data(Path.of("some", "folder"))
            .out(Path.of("runs", "a: b"))
            .setting("prune", 0.75)
            .setting("retrainEpochs", 2)
            .build();
    RunResult result = MadeResults.of(config, 2, 0);
    String json =
        new com.fasterxml.jackson.databind.ObjectMapper()
            .readTree(ResultsJson.toJson(result))
            .get("config")
            .toString();
    RunConfigBuilder builder = RunConfig.builder();
    RunConfigYaml.apply(file(json), builder);
    assertEquals(config, builder.build());
    assertEquals(config, config.toBuilder().build());
  }

  @Test
  void nullGoesBackToTheDefault() {
    RunConfig config =
        RunConfig.builder().epochs(9).epochs(9).set("epochs", null).set("model", null).build();
    assertEquals(RunConfig.builder().build().epochs(), config.epochs());
    assertNull(config.model());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "epochs=0 | epochs is 0, must be from 1 to",
        "batch=-4 | batch is -4, must be from 1 to",
        "batch=99999999 | batch is 99999999, must be from 1 to 65536",
        "threads=-1 | threads is -1, must be from 0 to",
        "learningRate=0 | learningRate is 0.0, must be above 0",
        "learningRate=.nan | learningRate is NaN, must be above 0",
        "momentum=1 | momentum is 1.0, must be at least 0 and below 1",
        "weightDecay=-1 | weightDecay is -1.0, must be at least 0",
        "tasks=-2 | tasks is -2, must be from 0 to",
        "logEvery=0 | logEvery is 0, must be from 1 to",
        "backend=cudda | did you mean 'cuda'?",
        "optimizer=adma | did you mean 'adam'?",
        "method='' | method is empty; give a name",
        "epochs=many | epochs is 'many', must be a whole number",
        "epochs=1.5 | epochs is '1.5', must be a whole number",
        "epochs=3000000000 | epochs is '3000000000', must be a whole number of at most",
        "momentum=high | momentum is 'high', must be a number",
        "overwrite=1 | overwrite is '1', must be true or false",
        "settings=3 | settings is '3', must be names and values",
        "settings.keep=[1] | settings.keep is '[1]', must be a number, a boolean or a string",
        "epoch=3 | unknown key 'epoch', did you mean 'epochs'?",
      })
  void refusesBadValues(String assignment, String sentence) {
    String message =
        refused(
            () -> {
              RunConfigBuilder builder = RunConfig.builder();
              RunConfigYaml.applyAssignment(assignment, builder);
              builder.build();
            });
    assertTrue(message.contains(sentence), message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ephocs: 3 | run.yaml: unknown key 'ephocs', did you mean 'epochs'?",
        "- epochs | expected lines such as 'epochs: 3', found one list",
        "epochs | expected lines such as 'epochs: 3', found one value 'epochs'",
        "'epochs: [3' | not YAML",
        "'{epochs: 3, epochs: 4}' | not YAML",
        "'!!java.io.File [x]' | not YAML",
      })
  void refusesBadFiles(String text, String sentence) throws Exception {
    Path file = file(text);
    String message = refused(() -> RunConfigYaml.apply(file, RunConfig.builder()));
    assertTrue(message.contains(sentence), message);
    assertTrue(message.contains("run.yaml"), message);
  }

  @Test
  void refusesFilesThatAreNotThereOrNotText() throws Exception {
    Path missing = folder.resolve("missing.yaml");
    String message = refused(() -> RunConfigYaml.apply(missing, RunConfig.builder()));
    assertTrue(message.contains("does not exist; check --config"), message);
    Path latin =
        Files.write(folder.resolve("l.yaml"), "m: \u00e9".getBytes(StandardCharsets.ISO_8859_1));
    message = refused(() -> RunConfigYaml.apply(latin, RunConfig.builder()));
    assertTrue(message.contains("is not UTF-8 text"), message);
    Path large = Files.write(folder.resolve("large.yaml"), new byte[(1 << 20) + 1]);
    message = refused(() -> RunConfigYaml.apply(large, RunConfig.builder()));
    assertTrue(message.contains("has 1048577 bytes, more than 1048576"), message);
  }

  @Test
  void emptyFileChangesNothing() throws Exception {
    RunConfigBuilder builder = RunConfig.builder();
    RunConfigYaml.apply(file("# nothing\n"), builder);
    assertEquals(RunConfig.builder().build(), builder.build());
  }

  @Test
  void assignmentNeedsAnEqualsSign() {
    String message = refused(() -> RunConfigYaml.applyAssignment("epochs", RunConfig.builder()));
    assertTrue(message.contains("expected key=value"), message);
  }

  @Test
  void methodsRefuseKnobsTheyLack() {
    RunConfig config = RunConfig.builder().setting("kep", 0.5).build();
    String message = refused(() -> config.requireSettings(List.of("keep")));
    assertTrue(message.contains("'kep', did you mean 'keep'?"), message);
    message = refused(() -> config.requireSettings(List.of()));
    assertTrue(message.contains("method wsn has no settings, got 'kep'"), message);
    RunConfig text = RunConfig.builder().setting("keep", "half").setting("n", 1.5).build();
    message = refused(() -> text.setting("keep", 0.5));
    assertTrue(message.contains("settings.keep is 'half', must be a number"), message);
    message = refused(() -> text.setting("n", 2));
    assertTrue(message.contains("settings.n is 1.5, must be a whole number"), message);
  }
}
