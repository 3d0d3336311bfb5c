// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods;

import dev.intarsia.PlaneShape;
import dev.intarsia.training.coding.ContextMasks;
import dev.intarsia.training.coding.HuffmanMasks;
import dev.intarsia.training.coding.MaskEntropy;
import dev.intarsia.training.metrics.MaskBits;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * Codes every task's masks as they would be stored and says what that takes; keeps the planes, as
 * later ones are coded given them.
 */
final class MaskMeter {
  private final List<Layer> layers;

  MaskMeter(Network net) {
    layers = net.shared().stream().map(Layer::new).toList();
  }

  /**
   * Measures the masks of the next task.
   *
   * @param planes mask words of every shared parameter of the net, in its order; kept, so they must
   *     not change any more
   */
  MaskBits next(List<int[]> planes) {
    long weights = 0;
    long selected = 0;
    long coded = 0;
    long huffman = 0;
    double given = 0;
    double density = 0;
    for (int i = 0; i < layers.size(); i++) {
      MaskBits bits = layers.get(i).next(planes.get(i));
      weights += bits.weights();
      selected += bits.selected();
      coded += bits.coded();
      huffman += bits.huffman();
      given += bits.given();
      density += bits.density();
    }
    return new MaskBits(weights, selected, coded, huffman, given, density);
  }

  /** The planes of one layer so far. */
  private static final class Layer {
    private final PlaneShape shape;
    private final int kernel;
    private final List<int[]> earlier = new ArrayList<>();
    private long huffmanOfGroup;

    Layer(Parameter parameter) {
      shape = new PlaneShape(parameter.rows(), parameter.cols());
      long[] dims = parameter.weights().dims();
      kernel = dims.length == 4 ? Math.toIntExact(dims[2] * dims[3]) : 1;
    }

    MaskBits next(int[] plane) {
      long weights = shape.elements();
      long selected = 0;
      for (int word : plane) {
        selected += Integer.bitCount(word);
      }
      long coded = (long) Byte.SIZE * ContextMasks.encode(shape, kernel, earlier, plane).length;
      double given = weights * MaskEntropy.given(shape, earlier, plane);
      double density = weights * MaskEntropy.binary((double) selected / weights);
      return new MaskBits(weights, selected, coded, huffmanGrowth(plane), given, density);
    }

    /** Adds the plane to the group of the published code, which starts anew after seven tasks. */
    private long huffmanGrowth(int[] plane) {
      int inGroup = earlier.size() % HuffmanMasks.MAX_PLANES;
      long before = inGroup == 0 ? 0 : huffmanOfGroup;
      earlier.add(plane);
      List<int[]> group = earlier.subList(earlier.size() - 1 - inGroup, earlier.size());
      huffmanOfGroup = HuffmanMasks.bits(shape, group);
      return huffmanOfGroup - before;
    }
  }
}
