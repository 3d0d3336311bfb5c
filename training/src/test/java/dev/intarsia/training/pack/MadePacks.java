// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.PlaneShape;
import dev.intarsia.training.coding.BitString;
import dev.intarsia.training.data.Preprocessing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Tasks with drawn masks, codes and numbers: what a method would leave, without learning. */
public final class MadePacks {
  private static final double REUSED = 0.7; // of the weights that earlier tasks own

  private MadePacks() {}

  /**
   * A shared parameter.
   *
   * @param kernel weights of one kernel
   */
  public record Layer(String name, PlaneShape shape, int kernel) {}

  /** Two small layers. */
  public static final List<Layer> SMALL =
      List.of(
          new Layer("conv1.weights", new PlaneShape(5, 18), 9),
          new Layer("fc1.weights", new PlaneShape(7, 45), 1));

  /** The net that nobody builds of {@link #SMALL}. */
  public static final PackedModel.Net NET = new PackedModel.Net("mlp", 1, 2, 3, 5);

  /** The next task of a model, with 3 classes and 4 features; every fourth opens a copy. */
  public static PackedTask next(PackedModel model, List<Layer> layers, long seed) {
    int copy = model.tasks().size() % 4 == 3 ? model.copies() : Math.max(0, model.copies() - 1);
    return next(model, layers, copy, 4, seed);
  }

  /**
   * The next task of a model: it keeps half of the free weights and most of the owned ones.
   *
   * @param features of the head
   */
  public static PackedTask next(
      PackedModel model, List<Layer> layers, int copy, int features, long seed) {
    int index = model.tasks().size();
    SplittableRandom random = new SplittableRandom(seed + index);
    List<PackedLayer> made = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      made.add(layer(model, layers.get(i), i, copy, random));
    }
    int channels = model.net().channels();
    float[] std = new float[channels];
    Arrays.fill(std, 0.3f);
    return new PackedTask(
        "made " + index,
        List.of("ant", "bee", "cow, \"brown\""),
        new Preprocessing(floats(channels, random), std, 2, true),
        copy,
        made,
        floats(3 * features, random),
        List.of(),
        floats(index % 2 == 0 ? 6 : 0, random),
        Map.of("method", "made", "seed", Long.toString(seed)));
  }

  private static PackedLayer layer(
      PackedModel model, Layer layer, int index, int copy, SplittableRandom random) {
    PlaneShape shape = layer.shape();
    int[] taken = new int[shape.rows() * shape.wordsPerRow()];
    for (PackedTask earlier : model.tasks()) {
      if (earlier.copy() == copy) {
        int[] mask = earlier.layers().get(index).mask();
        Arrays.setAll(taken, i -> taken[i] | mask[i]);
      }
    }
    int[] mask = new int[taken.length];
    int owned = 0;
    for (int row = 0; row < shape.rows(); row++) {
      for (int col = 0; col < shape.cols(); col++) {
        int word = row * shape.wordsPerRow() + col / 32;
        boolean old = (taken[word] >>> col % 32 & 1) == 1;
        if (random.nextDouble() < (old ? REUSED : 0.5)) {
          mask[word] |= 1 << col % 32;
          owned += old ? 0 : 1;
        }
      }
    }
    int bits = 2 + index % 3;
    byte[] codes = new byte[owned];
    for (int i = 0; i < owned; i++) {
      codes[i] = (byte) random.nextInt(1 << bits);
    }
    float[] codebook = floats(1 << bits, random);
    Arrays.sort(codebook);
    return new PackedLayer(
        layer.name(), shape, layer.kernel(), mask, bits, codebook, BitString.pack(codes, bits));
  }

  private static float[] floats(int count, SplittableRandom random) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextDouble() - 0.5) / 8;
    }
    return values;
  }
}
