// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.forgetting;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.PlaneShape;
import dev.intarsia.parity.Implementation;
import dev.intarsia.parity.Implementations;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.nn.Linear;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.PackedWeights;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Phase;
import dev.intarsia.training.nn.Sequential;
import dev.intarsia.training.optim.Adam;
import dev.intarsia.training.optim.Rule;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.run.RunListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Training over codes is training over the floats that they mean, to the bit. */
class MixedTrainingTest {
  private static final int EPOCHS = 2;
  private static final float[][] CODEBOOKS = {{-0.2f, -0.05f, 0.1f}, {-0.1f, 0.02f, 0.05f, 0.3f}};

  private static final Map<String, Rule> RULES =
      Map.of("sgd", new Sgd(0.05, 0.9, 0.01, false), "adam", Adam.of(0.01, 0.01));

  static Stream<Arguments> everyWay() {
    return Stream.concat(
            Stream.of(Implementations.reference()), Implementations.distinct().stream())
        .flatMap(
            implementation ->
                RULES.keySet().stream()
                    .sorted()
                    .flatMap(
                        rule ->
                            Stream.of(true, false)
                                .map(scores -> Arguments.of(implementation, rule, scores))));
  }

  @ParameterizedTest(name = "{0} | {1} | with scores: {2}")
  @MethodSource("everyWay")
  void theBitsAreThoseOfDenseTraining(Implementation implementation, String rule, boolean scores) {
    Implementations.assume(
        implementation, "codebook_decode", "mask_compress", "masked_adam", "relu", "reorder");
    List<float[]> dense = trained(implementation, RULES.get(rule), scores, false);
    List<float[]> mixed = trained(implementation, RULES.get(rule), scores, true);
    assertEquals(dense.size(), mixed.size());
    for (int i = 0; i < dense.size(); i++) {
      assertArrayEquals(dense.get(i), mixed.get(i), "tensor " + i);
    }
  }

  /** All that training changes: weights, scores, head and norms. */
  private static List<float[]> trained(
      Implementation implementation, Rule rule, boolean scores, boolean mix) {
    try (Context context = implementation.open();
        Network net = TinyNet.build(context)) {
      net.selectHead(0, TinyNet.task(0).classes());
      List<PackedWeights> frozen = freezeHalf(net);
      if (scores) {
        net.shared().forEach(p -> p.attachScores(0.6, CounterRandom.of(2, "scores", p.count())));
      }
      List<float[]> before = new ArrayList<>();
      net.shared().forEach(parameter -> before.add(parameter.weights().download()));
      if (mix) {
        for (int i = 0; i < frozen.size(); i++) {
          net.mix(net.shared().get(i), frozen.get(i));
        }
      }
      new Trainer(net, rule, 1, 1, RunListener.SILENT).fit(TinyNet.task(0), EPOCHS);
      List<float[]> after = new ArrayList<>();
      for (int i = 0; i < frozen.size(); i++) {
        Parameter parameter = net.shared().get(i);
        assertEquals(mix, parameter.mixed() != null);
        float[] whileMixed = parameter.download();
        parameter.unmix();
        assertArrayEquals(whileMixed, parameter.weights().download());
        requireTrained(parameter, before.get(i), whileMixed);
        after.add(whileMixed);
        if (scores) {
          after.add(parameter.scores().values().download());
        }
      }
      net.norms().forEach(norm -> after.add(norm.download()));
      after.add(net.head().weights().weights().download());
      frozen.forEach(PackedWeights::close);
      return after;
    }
  }

  /** Free weights moved and frozen ones did not. */
  private static void requireTrained(Parameter parameter, float[] before, float[] after) {
    int moved = 0;
    for (int row = 0; row < parameter.rows(); row++) {
      for (int col = 0; col < parameter.cols(); col++) {
        int k = row * parameter.cols() + col;
        if (parameter.trainable().get(row, col)) {
          moved += before[k] == after[k] ? 0 : 1;
        } else {
          assertEquals(before[k], after[k], "frozen weight " + k + " of " + parameter.name());
        }
      }
    }
    assertTrue(moved > parameter.count() / 5, moved + " weights of " + parameter.name());
  }

  /** Rounds a part of each layer to the centres of two tasks and takes it from the optimizer. */
  private static List<PackedWeights> freezeHalf(Network net) {
    List<PackedWeights> frozen = new ArrayList<>();
    for (Parameter parameter : net.shared()) {
      PlaneShape shape = new PlaneShape(parameter.rows(), parameter.cols());
      float[] weights = parameter.weights().download();
      int[][] owned = new int[2][shape.rows() * shape.wordsPerRow()];
      byte[][] codes = new byte[2][weights.length];
      int[] counts = new int[2];
      CounterRandom random = CounterRandom.of(3, "owners", parameter.count());
      for (int k = 0; k < weights.length; k++) {
        int owner = random.nextInt(4); // two tasks, and two quarters that are free
        if (owner < 2) {
          int code = random.nextInt(CODEBOOKS[owner].length);
          weights[k] = CODEBOOKS[owner][code];
          codes[owner][counts[owner]++] = (byte) code;
          int col = k % shape.cols();
          owned[owner][k / shape.cols() * shape.wordsPerRow() + col / 32] |= 1 << col % 32;
        }
      }
      parameter.weights().upload(weights);
      int[] free = parameter.trainable().words();
      for (int word = 0; word < free.length; word++) {
        free[word] &= ~(owned[0][word] | owned[1][word]);
      }
      parameter.trainable().setWords(free);
      frozen.add(
          PackedWeights.of(
              net.context(),
              shape,
              IntStream.range(0, 2)
                  .mapToObj(
                      s ->
                          new PackedWeights.Source(
                              CODEBOOKS[s], owned[s], Arrays.copyOf(codes[s], counts[s])))
                  .toList()));
    }
    return frozen;
  }

  @Test
  void codesThatMeanOtherWeightsAreRefused() {
    try (Context context = Context.reference();
        Network net = TinyNet.plain(context)) {
      Parameter first = net.shared().get(0);
      PackedWeights frozen = freezeHalf(net).get(0);
      float[] weights = first.weights().download();
      int at = 0;
      while (first.trainable().get(at / first.cols(), at % first.cols())) {
        at++;
      }
      weights[at] = 0.7f;
      first.weights().upload(weights);
      String message =
          assertThrows(IllegalArgumentException.class, () -> net.mix(first, frozen)).getMessage();
      assertTrue(message.contains("is 0.7 and its code means"), message);
      assertNull(first.mixed());
      assertArrayEquals(weights, first.weights().download());
      Parameter other = net.shared().get(1);
      assertThrows(IllegalArgumentException.class, () -> net.mix(other, frozen), "the shape");
      net.selectHead(0, 3);
      Parameter head = net.head().weights();
      assertThrows(IllegalArgumentException.class, () -> net.mix(head, frozen), "not shared");
    }
  }

  @Test
  void mixedWeightsAreNotDense() {
    try (Context context = Context.reference();
        Network net = TinyNet.plain(context)) {
      Parameter first = net.shared().get(0);
      PackedWeights frozen = freezeHalf(net).get(0);
      float[] weights = first.weights().download();
      net.mix(first, frozen);
      assertThrows(IllegalStateException.class, first::weights);
      assertThrows(IllegalStateException.class, first::gradient);
      assertThrows(IllegalStateException.class, () -> net.mix(first, frozen));
      assertEquals(first.trainable().cardinality(), first.mixed().values().elements());
      assertArrayEquals(weights, first.download());
      first.unmix();
      first.unmix();
      assertArrayEquals(weights, first.weights().download());
    }
  }

  /** A layer that is wholly frozen has no floats, and training leaves it alone. */
  @Test
  void aLayerMayBeWhollyFrozen() {
    try (Context context = Context.reference();
        Network net = TinyNet.plain(context)) {
      Parameter first = net.shared().get(0);
      PlaneShape shape = new PlaneShape(first.rows(), first.cols());
      first.weights().zero();
      int[] all = first.trainable().words();
      first.trainable().clear();
      net.mix(
          first,
          PackedWeights.of(
              context,
              shape,
              List.of(new PackedWeights.Source(new float[1], all, new byte[shape.elements()]))));
      assertNull(first.mixed().values());
      net.selectHead(0, 3);
      float[] head = net.head().weights().weights().download();
      new Trainer(net, RULES.get("sgd"), 1, 1, RunListener.SILENT).fit(TinyNet.task(0), 1);
      assertArrayEquals(new float[shape.elements()], first.download());
      assertEquals(head.length, net.head().weights().count());
    }
  }

  /** Dense floats are gone while a layer is mixed, and a net that only predicts has none. */
  @Test
  void whatIsNotUsedTakesNoMemory() {
    try (Context context = Context.reference();
        Network net =
            new Network(
                context,
                "wide",
                new ActivationShape(1, 1, 1, 200),
                1,
                input -> new Sequential(input).then(in -> new Linear("fc1", in, 200)))) {
      Parameter wide = net.shared().get(0);
      net.selectHead(0, 2);
      assertTrue(context.usedBytes() < wide.count() * Float.BYTES, context.usedBytes() + " bytes");
      PackedWeights frozen = freezeHalf(net).get(0);
      frozen.putMasks(new TreeMap<>(Map.of(0, wide.visible().words())));
      frozen.select(0);
      long dense = context.usedBytes();
      net.mix(wide, frozen);
      long workshop = 2 * wide.count() * Float.BYTES;
      long free = 2 * wide.trainable().cardinality() * Float.BYTES;
      assertEquals(dense - wide.count() * Float.BYTES + workshop + free, context.usedBytes());
      float[] image = new float[200];
      float[] logits = net.forward(image, 1, Phase.EVALUATE).logits().value().download();
      assertFalse(Float.isNaN(logits[0]));
      assertNotEquals(0, free);
    }
  }
}
