// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.forgetting;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.training.Method;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Batch;
import dev.intarsia.training.data.Loader;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.methods.AdaptiveExpansion;
import dev.intarsia.training.methods.Methods;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunListener;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** E2-AEN with every kind of adapter, gate and regulariser. */
class AdaptiveExpansionTest {
  private static final int EPOCHS = 4;

  static Stream<Arguments> everyKind() {
    List<Arguments> kinds = new ArrayList<>();
    for (String adapter : List.of("1x1", "3x3", "bottleneck")) {
      for (String gates : List.of("layer", "block", "channel")) {
        for (String regulariser : List.of("R1", "R2", "R3")) {
          kinds.add(Arguments.of(adapter, gates, regulariser));
        }
      }
    }
    return kinds.stream();
  }

  private static Method method(Network net, Map<String, Object> settings) {
    return Methods.prepare(run(settings)).apply(net);
  }

  private static RunConfig run(Map<String, Object> settings) {
    var builder = RunConfig.builder().method("e2aen").epochs(EPOCHS);
    settings.forEach(builder::setting);
    return builder.build();
  }

  private static String logits(Network net, Method method, int index) {
    Task task = TinyNet.task(index);
    method.activate(task);
    try (Loader loader = Loader.evaluation(task.test(), task.preprocessing(), TinyNet.BATCH)) {
      Batch batch = loader.next();
      float[] logits =
          net.forward(batch.images(), batch.size(), Phase.EVALUATE).logits().value().download();
      batch.release();
      ByteBuffer bytes = ByteBuffer.allocate(logits.length * Float.BYTES);
      bytes.asFloatBuffer().put(logits);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** SHA-256 of a task's logits, with momentum and weight decay on. */
  @ParameterizedTest(name = "{0} | {1} | {2}")
  @MethodSource("everyKind")
  void zeroForgetting(String adapter, String gates, String regulariser) {
    Map<String, Object> settings =
        Map.of(
            "adapter",
            adapter,
            "gates",
            gates,
            "regulariser",
            regulariser,
            "groupSize",
            3,
            "thetaRate",
            0.3,
            "lambdaA",
            0.1,
            "lambdaS",
            1e-4);
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context);
        Method method = method(net, settings)) {
      Trainer trainer = new Trainer(net, new Sgd(0.05, 0.9, 0.01, false), 1, 1, RunListener.SILENT);
      List<String> after = new ArrayList<>();
      long kept = 0;
      for (int task = 0; task < 3; task++) {
        method.learn(TinyNet.task(task), trainer);
        after.add(logits(net, method, task));
        kept += ((AdaptiveExpansion) method).kept(task).parameters();
        for (int seen = 0; seen <= task; seen++) {
          assertEquals(after.get(seen), logits(net, method, seen), "task " + seen);
        }
      }
      assertTrue(kept > 0, "or this is a test of norms and heads alone");
    }
  }

  /** Gates and weights do not depend on the backend's arithmetic of noise: the host draws. */
  @Test
  void gateSamplesAreThoseOfTheReference() {
    assertArrayEquals(learnedGates(Context.reference()), learnedGates(Context.cpu()));
  }

  private static double[] learnedGates(Context context) {
    try (context;
        Network net = TinyNet.build(context);
        Method method = method(net, Map.of("gates", "channel", "groupSize", 1, "thetaRate", 0.2))) {
      Trainer trainer = new Trainer(net, Adam.of(0.01, 0), 1, 1, RunListener.SILENT);
      double[] kept = new double[3];
      for (int task = 0; task < 3; task++) {
        method.learn(TinyNet.task(task), trainer);
        kept[task] = ((AdaptiveExpansion) method).kept(task).fraction();
      }
      return kept;
    }
  }

  @Test
  void withoutAPriceEveryAdapterStays() {
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context);
        Method method = method(net, Map.of("lambdaS", 0, "thetaRate", 1))) {
      Trainer trainer = new Trainer(net, Adam.of(0.01, 0), 1, 1, RunListener.SILENT);
      method.learn(TinyNet.task(0), trainer);
      method.learn(TinyNet.task(1), trainer);
      assertEquals(1, ((AdaptiveExpansion) method).kept(1).fraction());
    }
  }

  /**
   * At a price that nothing is worth all adapters go, and the footprint is that of norms and head.
   */
  @Test
  void prunedAdaptersCostNothing() {
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context);
        Method method = method(net, Map.of("lambdaS", 1000, "thetaRate", 1, "lambdaA", 0))) {
      Trainer trainer = new Trainer(net, Adam.of(0.01, 0), 1, 1, RunListener.SILENT);
      method.learn(TinyNet.task(0), trainer);
      method.learn(TinyNet.task(1), trainer);
      assertEquals(0, ((AdaptiveExpansion) method).kept(1).parameters());
      var share = method.footprint().perTask().get(1).terms();
      assertEquals(0, share.weights());
      assertEquals(1, share.masks(), "a bit for the one gate");
      method.activate(TinyNet.task(1));
      assertTrue(net.maskedLayers().get(0).parameters().get(0).isFrozen(), "the base alone");
    }
  }
}
