// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.CounterRandom;
import dev.intarsia.PlaneShape;
import dev.intarsia.training.nn.Network;
import dev.intarsia.training.nn.PackedWeights;
import dev.intarsia.training.nn.Parameter;
import java.util.Arrays;
import java.util.List;

/** A net of which an earlier task owns half of the weights, rounded to sixteen centres a layer. */
final class FrozenHalf {
  private static final int CENTRES = 16;

  private FrozenHalf() {}

  /**
   * Rounds half of the shared weights and takes them from the optimizer.
   *
   * @param mixed whether codes stand for them from now on
   */
  static void freeze(Network net, boolean mixed) {
    for (Parameter parameter : net.shared()) {
      PackedWeights codes = freeze(net, parameter);
      if (mixed) {
        net.mix(parameter, codes);
      } else {
        codes.close();
      }
    }
  }

  private static PackedWeights freeze(Network net, Parameter parameter) {
    PlaneShape shape = new PlaneShape(parameter.rows(), parameter.cols());
    CounterRandom random = CounterRandom.of(1, "bench frozen", parameter.count());
    float[] weights = parameter.weights().download();
    float bound = 0;
    for (float weight : weights) {
      bound = Math.max(bound, Math.abs(weight));
    }
    float[] centres = new float[CENTRES];
    for (int j = 0; j < CENTRES; j++) {
      centres[j] = bound * ((2 * j + 1f) / CENTRES - 1);
    }
    int[] free = parameter.trainable().words();
    int[] owned = new int[free.length];
    byte[] codes = new byte[weights.length];
    int count = 0;
    for (int k = 0; k < weights.length; k++) {
      if (random.nextDouble() < 0.5) {
        int code = Math.min(CENTRES - 1, (int) ((weights[k] / bound + 1) / 2 * CENTRES));
        codes[count++] = (byte) code;
        weights[k] = centres[code];
        int col = k % shape.cols();
        int word = k / shape.cols() * shape.wordsPerRow() + col / 32;
        owned[word] |= 1 << col % 32;
        free[word] &= ~(1 << col % 32);
      }
    }
    parameter.weights().upload(weights);
    parameter.trainable().setWords(free);
    PackedWeights.Source source =
        new PackedWeights.Source(centres, owned, Arrays.copyOf(codes, count));
    return PackedWeights.of(net.context(), shape, List.of(source));
  }
}
