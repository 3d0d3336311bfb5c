// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.training.methods.Methods;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ExperimentTest {

  static List<String> methods() {
    return Methods.names();
  }

  private static RunConfigBuilder tiny(String method) {
    return RunConfig.builder().method(method).stream("shapes")
        .model("mlp")
        .backend("reference")
        .epochs(1)
        .batch(16)
        .tasks(2)
        .trainLimit(32)
        .testLimit(20);
  }

  @ParameterizedTest
  @MethodSource("methods")
  void everyMethodRunsAndTellsTheSameTwice(String method) {
    RunConfig config = tiny(method).build();
    RunResult first = Experiment.run(config, RunListener.SILENT);
    RunResult second = Experiment.run(config, RunListener.SILENT);
    assertEquals(first.weightsSha256(), second.weightsSha256());
    assertEquals(first.accuracy(), second.accuracy());
    assertEquals(64, first.weightsSha256().length());
    assertEquals(2, first.tasks().size());
    assertEquals("reference", first.backend());
    assertTrue(first.bytes().total() > 0);
  }

  @Test
  void anotherSeedIsAnotherResult() {
    String one = Experiment.run(tiny("wsn").build(), RunListener.SILENT).weightsSha256();
    String two = Experiment.run(tiny("wsn").seed(2).build(), RunListener.SILENT).weightsSha256();
    assertNotEquals(one, two);
  }

  @Test
  void isolatingMethodsForgetExactlyNothing() {
    for (String method : new String[] {"wsn", "tsn", "packnet"}) {
      RunResult result = Experiment.run(tiny(method).build(), RunListener.SILENT);
      assertEquals(0.0, result.accuracy().forgetting());
    }
  }

  @Test
  void theResolvedConfigurationHoldsModelAndKnobs() {
    RunConfig config = tiny("packnet").model(null).epochs(1).build();
    RunConfig resolved =
        Experiment.run(config.toBuilder().model("mlp").build(), RunListener.SILENT).config();
    assertEquals("mlp", resolved.model());
    assertEquals(0.75, resolved.settings().get("prune"));
    assertEquals(1, resolved.settings().get("retrainEpochs"));
  }

  @Test
  void badSettingsAreRefusedBeforeAnythingRuns() {
    refused("did you mean 'keep'?", tiny("wsn").setting("kep", 0.5));
    refused("keep is 1.5, must be above 0 and at most 1", tiny("wsn").setting("keep", 1.5));
    refused("method finetune has no settings", tiny("finetune").setting("keep", 0.5));
    refused("unknown model 'mpl', did you mean 'mlp'?", tiny("wsn").model("mpl"));
    refused("unknown stream 'shape', did you mean 'shapes'?", tiny("wsn").set("stream", "shape"));
    refused("unknown method 'wns'", tiny("wns"));
  }

  private static void refused(String words, RunConfigBuilder builder) {
    RunConfig config = builder.build();
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> Experiment.run(config, RunListener.SILENT))
            .getMessage();
    assertTrue(message.contains(words), message);
  }
}
