// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.training.Method;
import dev.intarsia.training.TinyNet;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.metrics.Footprint;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.run.RunConfig;
import dev.intarsia.training.run.RunConfigBuilder;
import dev.intarsia.training.run.RunListener;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the methods do to masks, and what they refuse. */
class MasksTest {
  private final Context context = Context.reference();
  private final Network net = TinyNet.build(context, 5);
  private final List<Task> tasks = TinyNet.tasks();
  private final Trainer trainer = new Trainer(net, Adam.of(0.01, 0), 5, 1, RunListener.SILENT);

  @AfterEach
  void close() {
    net.close();
    assertEquals(0, context.usedBytes(), "closing the net frees all it allocated");
    context.close();
  }

  @Test
  void winningSubnetworksKeepTheStatedFractionOfEveryLayer() {
    Method method = new WinningSubnetworks(net, new WinningSubnetworks.Config(1, 0.3));
    method.learn(tasks.get(0), trainer);
    for (Parameter parameter : net.shared()) {
      // n - round(s * (n - 1)) weights stay when no two scores are equal; scores are reals.
      long dropped = (long) Math.rint(0.7 * (parameter.count() - 1));
      assertEquals(parameter.count() - dropped, parameter.visible().cardinality());
      assertEquals(dropped, parameter.trainable().cardinality());
    }
  }

  @Test
  void storedMasksComeBack() {
    Method method = new WinningSubnetworks(net, new WinningSubnetworks.Config(1, 0.5));
    method.learn(tasks.get(0), trainer);
    int[] first = net.shared().get(0).visible().words();
    method.learn(tasks.get(1), trainer);
    method.activate(tasks.get(0));
    assertArrayEquals(first, net.shared().get(0).visible().words());
  }

  @Test
  void packNetPrunesItsOwnWeightsAndZeroesThem() {
    Method method = new PackNet(net, new PackNet.Config(1, 0.75, 1));
    method.learn(tasks.get(0), trainer);
    for (Parameter parameter : net.shared()) {
      long pruned = (long) Math.rint(0.75 * parameter.count());
      assertEquals(parameter.count() - pruned, parameter.visible().cardinality());
      float[] weights = parameter.weights().download();
      for (int i = 0; i < weights.length; i++) {
        boolean visible = parameter.visible().get(i / parameter.cols(), i % parameter.cols());
        assertTrue(visible || weights[i] == 0, "a pruned weight is zero");
      }
    }
  }

  @Test
  void packNetSecondTaskSeesTheFirst() {
    Method method = new PackNet(net, new PackNet.Config(1, 0.5, 1));
    method.learn(tasks.get(0), trainer);
    Parameter parameter = net.shared().get(0);
    long first = parameter.visible().cardinality();
    method.learn(tasks.get(1), trainer);
    // Half of what was free is pruned again.
    long free = parameter.count() - first;
    assertEquals(first + free - (long) Math.rint(0.5 * free), parameter.visible().cardinality());
    for (int col = 0; col < parameter.cols(); col++) {
      assertTrue(!parameter.trainable().get(0, col) || parameter.visible().get(0, col));
    }
  }

  @Test
  void footprintAddsUp() {
    Method method = new PackNet(net, new PackNet.Config(1, 0.5, 0));
    method.learn(tasks.get(0), trainer);
    method.learn(tasks.get(1), trainer);
    Footprint footprint = method.footprint();
    long owned = net.shared().stream().mapToLong(p -> p.visible().cardinality()).sum();
    assertEquals(owned * Float.BYTES, footprint.terms().weights());
    assertEquals(net.sharedCount() * Float.BYTES, footprint.dense());
    assertEquals(2, footprint.perTask().size());
    // Two tasks and "free" are three owners: two bits a weight, one for each task here.
    assertEquals(2 * ((net.sharedCount() + 7) / 8), footprint.terms().masks());
  }

  @Test
  void tasksAreLearnedOnce() {
    Method method = new PackNet(net, new PackNet.Config(1, 0.5, 0));
    method.learn(tasks.get(0), trainer);
    assertThrows(IllegalStateException.class, () -> method.learn(tasks.get(0), trainer));
  }

  @Test
  void badKnobsAreNamedWithLimitAndRemedy() {
    for (double keep : new double[] {0, -0.1, 1.01, Double.NaN}) {
      String message =
          assertThrows(IllegalArgumentException.class, () -> new WinningSubnetworks.Config(1, keep))
              .getMessage();
      assertEquals(
          "keep is " + keep + ", must be above 0 and at most 1; 0.5 keeps half of the weights",
          message);
    }
    for (double prune : new double[] {0, 1, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> new PackNet.Config(1, prune, 1));
    }
    assertThrows(IllegalArgumentException.class, () -> new PackNet.Config(1, 0.5, -1));
    assertThrows(IllegalArgumentException.class, () -> new Finetune.Config(0));
    assertThrows(IllegalArgumentException.class, () -> new Joint.Config(0));
  }

  @Test
  void anUnknownMethodIsAnsweredWithTheNearest() {
    RunConfig config = RunConfig.builder().method("packnt").build();
    String message =
        assertThrows(IllegalArgumentException.class, () -> Methods.prepare(config)).getMessage();
    assertTrue(message.contains("unknown method 'packnt', did you mean 'packnet'?"), message);
  }

  @Test
  void everyMethodIsDescribedAndMade() {
    for (String name : Methods.names()) {
      assertFalse(Methods.describe(name).isBlank());
      RunConfigBuilder builder = RunConfig.builder().method(name);
      if (name.equals("e2aen")) { // a filter of 5 with a border of 1 has no centre tap
        builder.setting("adapter", "3x3");
      }
      RunConfig config = builder.build();
      try (Network fresh = TinyNet.build(context, 1);
          Method method = Methods.prepare(config).apply(fresh)) {
        assertEquals(name, method.name());
      }
    }
  }
}
