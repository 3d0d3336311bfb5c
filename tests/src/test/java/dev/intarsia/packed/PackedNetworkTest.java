// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.PlaneShape;
import dev.intarsia.parity.Implementation;
import dev.intarsia.parity.Implementations;
import dev.intarsia.training.coding.BitString;
import dev.intarsia.training.data.Preprocessing;
import dev.intarsia.training.nn.Models;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.pack.PackedLayer;
import dev.intarsia.training.pack.PackedModel;
import dev.intarsia.training.pack.PackedNetwork;
import dev.intarsia.training.pack.PackedTask;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A net that executes codes answers with the bits of the net whose weights the codes stand for. */
class PackedNetworkTest {
  private static final int BATCH = 16;
  private static final int CLASSES = 3;
  private static final List<Integer> BITS = List.of(4, 2, 3); // of each task

  static Stream<Implementation> implementations() {
    return Implementations.distinct().stream();
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void answersAsItsWeightsDo(Implementation implementation) {
    Implementations.assume(implementation, "codebook_linear", "codebook_conv2d", "max_pool2d");
    try (Context context = implementation.open();
        Network net = Models.build("lenet", context, new ActivationShape(BATCH, 1, 14, 14), 1, 1)) {
      PackedModel model = new PackedModel(new PackedModel.Net("lenet", 1, 1, 14, 14));
      float[] images = new float[BATCH * 14 * 14];
      CounterRandom random = CounterRandom.of(7, "images");
      for (int i = 0; i < images.length; i++) {
        images[i] = random.uniform(-1, 1);
      }
      try (PackedNetwork packed = new PackedNetwork(net, model)) {
        for (int task = 0; task < BITS.size(); task++) {
          model.add(draw(net, model, task));
        }
        for (int task : new int[] {1, 0, 2}) {
          packed.activate(task);
          float[] fromCodes = logits(net, images);
          net.execute(List.of());
          writeWeights(net, model, task);
          assertArrayEquals(logits(net, images), fromCodes, "task " + task);
        }
      }
    }
  }

  private static float[] logits(Network net, float[] images) {
    return net.forward(images, BATCH, Phase.EVALUATE).logits().value().download();
  }

  private static PackedTask draw(Network net, PackedModel model, int task) {
    CounterRandom random = CounterRandom.of(task, "pack");
    List<PackedLayer> layers = new ArrayList<>();
    int bits = BITS.get(task);
    for (int index = 0; index < net.shared().size(); index++) {
      Parameter parameter = net.shared().get(index);
      PlaneShape shape = new PlaneShape(parameter.rows(), parameter.cols());
      int[] mask = new int[shape.rows() * shape.wordsPerRow()];
      int owned = 0;
      for (int at = 0; at < shape.elements(); at++) {
        if (random.uniform(0, 1) < 0.5f) {
          int word = at / shape.cols() * shape.wordsPerRow() + at % shape.cols() / 32;
          mask[word] |= 1 << at % shape.cols() % 32;
          owned += free(model, index, word, at % shape.cols() % 32) ? 1 : 0;
        }
      }
      float[] codebook = new float[1 << bits];
      for (int c = 0; c < codebook.length; c++) {
        codebook[c] = random.uniform(-0.1f, 0.1f);
      }
      byte[] codes = new byte[owned];
      for (int i = 0; i < owned; i++) {
        codes[i] = (byte) (int) random.uniform(0, codebook.length - 0.5f);
      }
      layers.add(
          new PackedLayer(
              parameter.name(), shape, 1, mask, bits, codebook, BitString.pack(codes, bits)));
    }
    float[] head = new float[CLASSES * 500];
    for (int i = 0; i < head.length; i++) {
      head[i] = random.uniform(-1, 1);
    }
    return new PackedTask(
        "task " + task,
        List.of("a", "b", "c"),
        Preprocessing.normalising(new float[] {0}, new float[] {1}),
        0,
        layers,
        head,
        List.of(),
        new float[0],
        Map.of());
  }

  private static boolean free(PackedModel model, int layer, int word, int bit) {
    return model.tasks().stream()
        .allMatch(task -> (task.layers().get(layer).mask()[word] >>> bit & 1) == 0);
  }

  /** Puts the values of all codes and the mask of a task into the net. */
  private static void writeWeights(Network net, PackedModel model, int task) {
    for (int layer = 0; layer < net.shared().size(); layer++) {
      Parameter parameter = net.shared().get(layer);
      float[] values = new float[(int) parameter.count()];
      for (int t = 0; t < model.tasks().size(); t++) {
        PackedLayer packed = model.tasks().get(t).layers().get(layer);
        int[] owned = model.owned(t, layer);
        int next = 0;
        for (int at = 0; at < values.length; at++) {
          int col = at % parameter.cols();
          int word = at / parameter.cols() * packed.shape().wordsPerRow() + col / 32;
          if ((owned[word] >>> col % 32 & 1) != 0) {
            values[at] = packed.codebook()[BitString.get(packed.codes(), packed.bits(), next++)];
          }
        }
      }
      parameter.weights().upload(values);
      parameter.visible().setWords(model.tasks().get(task).layers().get(layer).mask());
    }
  }
}
