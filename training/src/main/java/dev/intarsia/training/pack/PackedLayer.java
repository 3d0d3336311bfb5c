// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.PlaneShape;
import dev.intarsia.training.coding.BitString;
import java.util.Objects;

/**
 * What one task stored of one shared layer. The weights it owns are those of its mask that no
 * earlier task of the same copy has in its own; nobody stores whose a weight is.
 *
 * @param name of the parameter, such as {@code conv1.weights}
 * @param shape rows (filters or outputs) and columns
 * @param kernel weights of one k x k kernel, 1 for a linear layer; helps the coder of masks
 * @param mask words [rows, wordsPerRow] of the weights the task reads, pad bits zero
 * @param bits of a code, 1 to 8
 * @param codebook the centres, rising, at most 2^bits; none if the task owns nothing here
 * @param codes {@link BitString} of the owned weights in ascending order
 */
public record PackedLayer(
    String name,
    PlaneShape shape,
    int kernel,
    int[] mask,
    int bits,
    float[] codebook,
    byte[] codes) {

  /** Checks sizes; arrays are handed over. */
  public PackedLayer {
    Objects.requireNonNull(name, "name");
    if (mask.length != shape.rows() * shape.wordsPerRow()) {
      throw new IllegalArgumentException(
          "layer %s: %d mask words, expected %d for %s"
              .formatted(name, mask.length, shape.rows() * shape.wordsPerRow(), shape));
    }
    if (kernel < 1 || shape.cols() % kernel != 0) {
      throw new IllegalArgumentException(
          "layer %s: kernel is %d, must divide the %d columns"
              .formatted(name, kernel, shape.cols()));
    }
    BitString.bytes(0, bits); // the range of bits
    if (codebook.length > 1 << bits) {
      throw new IllegalArgumentException(
          "layer %s: %d centres, at most %d have codes of %d bits"
              .formatted(name, codebook.length, 1 << bits, bits));
    }
  }
}
