// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.training.TinyNet;
import dev.intarsia.training.coding.BitString;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import dev.intarsia.training.nn.Snapshot;
import dev.intarsia.training.optim.Sgd;
import dev.intarsia.training.pack.PackedLayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Pruning, codebooks and the keep search, with accuracies that a script answers. */
class StepsTest {
  private static final int LINEAR = 2; // place of fc1 among the shared parameters

  /** Answers one accuracy after the other, the last one for ever. */
  private static DoubleSupplier script(double... answers) {
    int[] at = {0};
    return () -> answers[Math.min(at[0]++, answers.length - 1)];
  }

  /** Layers of which a checkerboard is taken and half of the rest is the task's own. */
  private static void withLayers(BiConsumer<Network, List<SharedLayer>> body) {
    try (Context context = Context.reference();
        Network net = TinyNet.build(context, 5)) {
      List<SharedLayer> layers = new ArrayList<>();
      int index = 0;
      for (Parameter parameter : net.shared()) {
        parameter.attachScores(0.5, CounterRandom.of(5, "scores", index++));
        SharedLayer layer = new SharedLayer(parameter);
        int[] taken = parameter.visible().words();
        Arrays.setAll(taken, i -> taken[i] & 0x55555555);
        layer.begin(taken);
        layer.closeMask();
        layers.add(layer);
      }
      body.accept(net, layers);
      layers.forEach(SharedLayer::close);
    }
  }

  private static List<int[]> masks(List<SharedLayer> layers) {
    return layers.stream().map(layer -> layer.parameter().visible().words()).toList();
  }

  @Test
  void aClosedMaskIsSplitIntoReusedAndOwn() {
    withLayers(
        (net, layers) -> {
          for (SharedLayer layer : layers) {
            int[] mask = layer.parameter().visible().words();
            int[] own = layer.own().words();
            for (int i = 0; i < mask.length; i++) {
              assertEquals(mask[i] & 0xAAAAAAAA, own[i]);
            }
            assertTrue(
                layer.owned() > 0 && layer.owned() < layer.parameter().visible().cardinality());
          }
        });
  }

  @Test
  void acceptedPruningTakesTheSmallestOwnWeightsOutOfTheMask() {
    withLayers(
        (net, layers) -> {
          long[] before = layers.stream().mapToLong(SharedLayer::owned).toArray();
          List<int[]> reused = reused(layers);
          float[] weights = layers.get(LINEAR).parameter().weights().download();
          int[] owned = layers.get(LINEAR).own().words();
          assertEquals(3, new PostPruning(1, 0.2, 0.01).apply(layers, script(0.5, 0.49)));
          for (int i = 0; i < before.length; i++) {
            long dropped = (long) Math.rint(0.2 * (before[i] - 1));
            assertEquals(before[i] - dropped, layers.get(i).owned());
            assertArrayEquals(reused.get(i), reused(layers).get(i), "a reused weight left");
          }
          SharedLayer layer = layers.get(LINEAR);
          double smallestKept =
              IntStream.of(layer.shape().indices(layer.own().words()))
                  .mapToDouble(i -> Math.abs(weights[i]))
                  .min()
                  .orElseThrow();
          int[] gone = layer.own().words();
          Arrays.setAll(gone, i -> owned[i] & ~gone[i]);
          for (int i : layer.shape().indices(gone)) {
            assertTrue(Math.abs(weights[i]) < smallestKept);
          }
        });
  }

  private static List<int[]> reused(List<SharedLayer> layers) {
    List<int[]> masks = masks(layers);
    masks.forEach(words -> Arrays.setAll(words, i -> words[i] & 0x55555555));
    return masks;
  }

  @Test
  void refusedPruningPutsEveryBitBackAndAsksOnce() {
    withLayers(
        (net, layers) -> {
          List<int[]> before = masks(layers);
          int[] asked = {0};
          DoubleSupplier refuses = () -> asked[0]++ == 0 ? 0.5 : 0.4979;
          assertEquals(0, new PostPruning(9, 0.2, 0.002).apply(layers, refuses));
          assertEquals(1 + layers.size(), asked[0], "a layer that refused is not asked again");
          for (int i = 0; i < before.size(); i++) {
            assertArrayEquals(before.get(i), masks(layers).get(i));
          }
        });
  }

  @Test
  void theReferenceOfPruningIsFixed() {
    withLayers(
        (net, layers) -> {
          // Each accepted step may be worse than the one before, all of them measured from 0.500.
          DoubleSupplier sinking = script(0.5, 0.499, 0.498, 0.497, 0.496);
          assertEquals(2, new PostPruning(1, 0.2, 0.002).apply(layers, sinking));
        });
  }

  @Test
  void fixedCodebooksQuantiseOwnWeightsAndNothingElse() {
    withLayers(
        (net, layers) -> {
          List<float[]> before = new ArrayList<>();
          layers.forEach(layer -> before.add(layer.parameter().weights().download()));
          new Quantiser(4, 0).apply(layers, script(Double.NaN));
          for (int i = 0; i < layers.size(); i++) {
            SharedLayer layer = layers.get(i);
            PackedLayer packed = layer.pack();
            float[] after = layer.parameter().weights().download();
            int[] own = layer.shape().indices(layer.own().words());
            byte[] codes = BitString.unpack(packed.codes(), packed.bits(), own.length);
            assertEquals(4, packed.codebook().length);
            assertEquals(2, packed.bits());
            for (int at = 0; at < own.length; at++) {
              assertEquals(packed.codebook()[codes[at]], after[own[at]]);
              after[own[at]] = before.get(i)[own[at]];
            }
            assertArrayEquals(before.get(i), after, "a weight that is not its own was written");
          }
        });
  }

  @Test
  void codebooksGrowTogetherAndShrinkAlone() {
    withLayers(
        (net, layers) -> {
          // 0.50 as floats; 2 and 4 centres are too few, 8 will do; then fc1, the largest layer,
          // does with 4 but not with 2, the next not with 4, the last with 4 and with 2.
          double[] answers = {0.5, 0.3, 0.4, 0.5, 0.5, 0.4, 0.4, 0.5, 0.5};
          new Quantiser(0, 0.01).apply(layers, script(answers));
          List<Integer> sizes =
              layers.stream().map(layer -> layer.codebook().centres().length).sorted().toList();
          assertEquals(List.of(2, 4, 8), sizes);
          assertEquals(4, layers.get(LINEAR).codebook().centres().length);
        });
  }

  @Test
  void sixtyFourCentresAreTheMost() {
    withLayers(
        (net, layers) -> {
          new Quantiser(0, 0).apply(layers, script(0.5, 0.1));
          assertTrue(layers.get(LINEAR).codebook().centres().length == 64);
        });
  }

  @Test
  void aLayerWithoutOwnWeightsStoresNoCodes() {
    withLayers(
        (net, layers) -> {
          SharedLayer layer = layers.get(0);
          layer.setOwn(new int[layer.own().words().length]);
          new Quantiser(16, 0).apply(layers, script(1));
          PackedLayer packed = layer.pack();
          assertEquals(0, packed.codebook().length);
          assertEquals(0, packed.codes().length);
          assertTrue(Arrays.stream(packed.mask()).anyMatch(word -> word != 0), "reused weights");
        });
  }

  @Test
  void oneValueIsOneCentre() {
    withLayers(
        (net, layers) -> {
          SharedLayer layer = layers.get(LINEAR);
          float[] same = layer.parameter().weights().download();
          Arrays.fill(same, 0.25f);
          layer.parameter().weights().upload(same);
          new Quantiser(16, 0).apply(layers, script(1));
          assertArrayEquals(new float[] {0.25f}, layer.pack().codebook());
          assertEquals(1, layer.pack().bits());
        });
  }

  @Test
  void centresThatChangePlacesTakeTheirCodesAlong() {
    withLayers(
        (net, layers) -> {
          new Quantiser(4, 0).apply(layers, script(1));
          SharedLayer layer = layers.get(LINEAR);
          byte[] codes = layer.codebook().codesOf(layer.own().words());
          float[] moved = {0.4f, 0.1f, 0.3f, 0.2f};
          layer.setCodebook(layer.codebook().moved(moved));
          byte[] renamed = layer.codebook().codesOf(layer.own().words());
          assertArrayEquals(new float[] {0.1f, 0.2f, 0.3f, 0.4f}, layer.codebook().centres());
          for (int i = 0; i < codes.length; i++) {
            assertEquals(moved[codes[i]], layer.codebook().centres()[renamed[i]]);
          }
        });
  }

  @Test
  void centresMoveByTheSumOfTheirWeightsGradients() {
    withLayers(
        (net, layers) -> {
          new Quantiser(4, 0).apply(layers, script(1));
          SharedLayer layer = layers.get(LINEAR);
          Parameter parameter = layer.parameter();
          float[] before = parameter.weights().download();
          float[] centres = layer.codebook().centres();
          int[] own = layer.shape().indices(layer.own().words());
          byte[] codes = layer.codebook().codesOf(layer.own().words());
          float[] gradient = new float[before.length];
          Arrays.fill(gradient, 0.5f);
          parameter.gradient().upload(gradient);
          try (CentreTuning tuning = new CentreTuning(layers, new Sgd(0.01, 0, 0.5, false), 0.1)) {
            assertEquals(0, parameter.trainable().cardinality(), "no single weight learns");
            tuning.stepDone();
            tuning.finish();
          }
          float[] after = parameter.weights().download();
          for (int i = 0; i < own.length; i++) {
            int code = codes[i];
            long members = IntStream.range(0, codes.length).filter(j -> codes[j] == code).count();
            assertEquals(centres[code] - 0.001 * 0.5 * members, after[own[i]], 1e-6);
            after[own[i]] = before[own[i]];
          }
          assertArrayEquals(before, after, "a weight that is not its own was written");
        });
  }

  @Test
  void theKeepSearchStopsAtTheFirstLossAndGoesBack() {
    withLayers(
        (net, layers) -> {
          net.selectHead(0, 3);
          Parameter first = net.shared().get(0);
          try (Snapshot state = new Snapshot(net)) {
            List<Double> tried = new ArrayList<>();
            double kept =
                new KeepSearch(0.5, 0.01, 0.02)
                    .apply(
                        0.8,
                        script(0.6, 0.59, 0.58, 0.5),
                        next -> {
                          tried.add(next);
                          first.weights().upload(filled(first, next));
                        },
                        state);
            assertEquals(List.of(0.4, 0.2, 0.1), tried);
            assertEquals(0.2, kept);
            assertArrayEquals(filled(first, 0.2), first.weights().download());
          }
        });
  }

  @Test
  void theKeepSearchEndsAtTheLeastFraction() {
    withLayers(
        (net, layers) -> {
          net.selectHead(0, 3);
          try (Snapshot state = new Snapshot(net)) {
            KeepSearch search = new KeepSearch(0.5, 0.1, 0);
            assertEquals(0.125, search.apply(0.5, script(0.6), next -> {}, state));
          }
        });
  }

  private static float[] filled(Parameter parameter, double value) {
    float[] values = parameter.weights().download();
    Arrays.fill(values, (float) value);
    return values;
  }

  @Test
  void copiesComeBackBitForBit() {
    try (Context context = Context.reference();
        Network net = TinyNet.build(context, 5)) {
      Copies copies = new Copies(net);
      Parameter parameter = net.shared().get(0);
      float[] first = parameter.weights().download();
      copies.load(1);
      float[] second = parameter.weights().download();
      assertFalse(Arrays.equals(first, second));
      copies.load(0);
      assertArrayEquals(first, parameter.weights().download());
      copies.load(1);
      assertArrayEquals(second, parameter.weights().download());
      copies.load(2);
      assertNotEquals(second[0], parameter.weights().download()[0]);
    }
  }
}
