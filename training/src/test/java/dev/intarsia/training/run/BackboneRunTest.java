// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.training.data.SharedData;
import dev.intarsia.training.methods.Methods;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BackboneRunTest {
  static List<String> methods() {
    return Methods.names();
  }

  private static RunConfigBuilder small(String method) {
    return RunConfig.builder().method(method).stream("pacs")
        .data(SharedData.find("pacs"))
        .backbone(SharedData.find("backbone/resnet20-12fca82f.safetensors"))
        .backend("cpu")
        .threads(1)
        .epochs(1)
        .batch(14)
        .tasks(2)
        .trainLimit(28)
        .testLimit(14);
  }

  /** The file decides model, size and normalisation; a stored configuration says so. */
  @ParameterizedTest
  @MethodSource("methods")
  void everyMethodStartsFromABackbone(String method) {
    RunResult result = Experiment.run(small(method).build(), RunListener.SILENT);
    assertEquals("resnet20", result.model());
    assertEquals(32, result.config().imageSize());
    assertEquals(1.0, result.config().settings().get("width"));
    assertEquals(2, result.tasks().size());
  }

  @Test
  void whatDoesNotFitIsRefused() {
    refused(
        "images of 1 channel, a backbone needs 3", small("finetune").data(null).stream("shapes"));
    refused("holds a resnet20, the net is a resnet32", small("finetune").model("resnet32"));
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
