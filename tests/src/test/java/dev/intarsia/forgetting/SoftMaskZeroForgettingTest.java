// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.forgetting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Batch;
import dev.intarsia.training.data.Loader;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.Methods;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunConfigBuilder;
import dev.intarsia.training.run.RunListener;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * SHA-256 of a task's logits is the same after every later task, for every kind of factor, over a
 * body that came with the net and one that the first task trained; and no bit of the body moves.
 */
class SoftMaskZeroForgettingTest {
  private static final int TASKS = 3;

  static Stream<Arguments> kinds() {
    List<Arguments> kinds = new ArrayList<>();
    for (boolean pretrained : new boolean[] {false, true}) {
      for (String granularity : List.of("kernel", "group", "channel", "element")) {
        for (boolean soft : new boolean[] {true, false}) {
          Map<String, Object> settings =
              Map.of("granularity", granularity, "soft", soft, "group", 3, "maskRate", 2e-3);
          kinds.add(Arguments.of("ksm", settings, pretrained));
        }
      }
      for (boolean ternary : new boolean[] {false, true}) {
        Map<String, Object> settings = Map.of("ternary", ternary, "maskRate", 2e-3);
        kinds.add(Arguments.of("piggyback", settings, pretrained));
      }
    }
    return kinds.stream();
  }

  @ParameterizedTest(name = "{0} {1}, pretrained: {2}")
  @MethodSource("kinds")
  void logitsKeepTheirDigest(String name, Map<String, Object> settings, boolean pretrained)
      throws Exception {
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context)) {
      if (pretrained) {
        net.markPretrained();
      }
      RunConfigBuilder config = RunConfig.builder().method(name).epochs(6);
      settings.forEach(config::setting);
      try (Method method = Methods.prepare(config.build()).apply(net)) {
        Trainer trainer =
            new Trainer(net, new Sgd(0.05, 0.9, 0.01, false), 1, 1, RunListener.SILENT);
        List<String> digests = new ArrayList<>();
        for (int task = 0; task < TASKS; task++) {
          List<String> body = body(net);
          method.learn(TinyNet.task(task), trainer);
          if (task > 0 || pretrained) {
            assertEquals(body, body(net), "task " + task + " wrote the body");
          }
          digests.add(digest(net, method, task));
          for (int seen = 0; seen < task; seen++) {
            assertEquals(
                digests.get(seen), digest(net, method, seen), seen + " after learning " + task);
          }
        }
        assertEquals(TASKS, new HashSet<>(digests).size(), "tasks answer alike");
        assertSomethingWasDropped(method.footprint(), net, settings);
      }
    }
  }

  /** Else the test would hold for masks that do nothing. */
  private static void assertSomethingWasDropped(
      Footprint footprint, Network net, Map<String, Object> settings) {
    Footprint.Share last = footprint.perTask().get(TASKS - 1);
    assertTrue(last.terms().masks() > 0);
    if (Boolean.FALSE.equals(settings.get("soft"))) {
      assertTrue(last.use().selected() < net.sharedCount(), "nothing was dropped");
    }
  }

  private static List<String> body(Network net) throws Exception {
    List<String> digests = new ArrayList<>();
    for (Parameter parameter : net.shared()) {
      digests.add(digest(parameter.download()));
    }
    return digests;
  }

  private static String digest(Network net, Method method, int index) throws Exception {
    Task task = TinyNet.task(index);
    method.activate(task);
    try (Loader loader = Loader.evaluation(task.test(), task.preprocessing(), TinyNet.BATCH)) {
      Batch batch = loader.next();
      String digest =
          digest(
              net.forward(batch.images(), batch.size(), Phase.EVALUATE).readLogits(batch.size()));
      batch.release();
      return digest;
    }
  }

  private static String digest(float[] values) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
  }
}
