// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import dev.intarsia.training.TinyNet;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.data.Task;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.run.RunListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is frozen stays, what lies below it costs nothing, and overlays stand in for weights. */
class FreezingTest {
  private static final Sgd RULE = new Sgd(0.05, 0.9, 1e-3, false);

  private static List<float[]> body(Network net) {
    List<float[]> values = new ArrayList<>();
    net.shared().forEach(parameter -> values.add(parameter.download()));
    net.norms().forEach(tensor -> values.add(tensor.download()));
    return values;
  }

  private static void fit(Network net, Task task) {
    new Trainer(net, RULE, 1, 1, RunListener.SILENT).fit(task, 2);
  }

  private static void assertSame(List<float[]> expected, List<float[]> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i));
    }
  }

  @Test
  void frozenBodyKeepsItsBitsAndTheHeadLearns() {
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context, 3)) {
      Task task = TinyNet.tasks().get(0);
      net.selectHead(0, task.classes());
      net.freezeBody(true);
      List<float[]> before = body(net);
      float[] head = net.head().weights().download();
      assertEquals(List.of(net.head().weights()), net.active());
      fit(net, task);
      assertSame(before, body(net));
      assertFalse(Arrays.equals(head, net.head().weights().download()));
      net.freezeBody(false);
      fit(net, task);
      List<float[]> after = body(net);
      for (int i = 0; i < before.size(); i++) {
        assertFalse(Arrays.equals(before.get(i), after.get(i)), "thawed part " + i + " stays");
      }
    }
  }

  @Test
  void onlyWhatIsNotFrozenMoves() {
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context, 3)) {
      Task task = TinyNet.tasks().get(0);
      net.selectHead(0, task.classes());
      net.freezeBody(true);
      Parameter inBranch = net.shared().get(1);
      inBranch.freeze(false);
      List<float[]> before = body(net);
      fit(net, task);
      List<float[]> after = body(net);
      for (int i = 0; i < before.size(); i++) {
        assertEquals(i != 1, Arrays.equals(before.get(i), after.get(i)), "part " + i);
      }
    }
  }

  @Test
  void laterNormsStartAsCopies() {
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context, 3)) {
      Task task = TinyNet.tasks().get(0);
      net.selectHead(0, task.classes());
      fit(net, task);
      List<Tensor> learned = net.norms();
      net.normsFrom(0);
      net.selectNorms(1);
      List<Tensor> copies = net.norms();
      for (int i = 0; i < learned.size(); i++) {
        assertTrue(learned.get(i) != copies.get(i));
        assertArrayEquals(learned.get(i).download(), copies.get(i).download());
      }
    }
  }

  /** Another set of weights, which learns nothing. */
  private static final class Substitute implements Overlay {
    private final Parameter own;

    Substitute(Parameter base, CounterRandom random) {
      own = Parameter.plain(base.context(), "own", base.dims());
      own.initialize(random);
      own.freeze(true);
    }

    @Override
    public void refresh(Phase phase) {}

    @Override
    public Tensor weights() {
      return own.weights();
    }

    @Override
    public Mask mask() {
      return null;
    }

    @Override
    public void backward() {}

    @Override
    public void batch(int n) {}

    @Override
    public List<Parameter> parameters() {
      return List.of(own);
    }

    @Override
    public void close() {
      own.close();
    }
  }

  @Test
  void overlaysStandInForWeights() {
    try (Context context = Context.cpu();
        Network net = TinyNet.build(context, 3);
        Network other = TinyNet.build(context, 3)) {
      Task task = TinyNet.tasks().get(0);
      float[] images = new float[TinyNet.BATCH * 28 * 28];
      for (int i = 0; i < images.length; i++) {
        images[i] = (i * 37 % 101) / 101f;
      }
      List<Substitute> overlays = new ArrayList<>();
      for (int i = 0; i < net.maskedLayers().size(); i++) {
        MaskedLayer layer = net.maskedLayers().get(i);
        assertEquals(net.shared().get(i), layer.weights());
        Substitute overlay = new Substitute(layer.weights(), CounterRandom.of(9, "own", i));
        overlays.add(overlay);
        net.overlay(layer, overlay);
        other.shared().get(i).weights().copyFrom(overlay.weights());
      }
      net.selectHead(0, task.classes());
      other.selectHead(0, task.classes());
      List<float[]> norms = other.norms().stream().map(Tensor::download).toList();
      assertArrayEquals(
          other.forward(images, TinyNet.BATCH, Phase.EVALUATE).readLogits(TinyNet.BATCH),
          net.forward(images, TinyNet.BATCH, Phase.EVALUATE).readLogits(TinyNet.BATCH));
      assertEquals(norms.size(), net.norms().size(), "an overlay's parameters are no norms");
      List<float[]> before = net.shared().stream().map(Parameter::download).toList();
      fit(net, task);
      assertSame(before, net.shared().stream().map(Parameter::download).toList());
      net.maskedLayers().forEach(layer -> net.overlay(layer, null));
      overlays.forEach(Overlay::close);
    }
  }
}
