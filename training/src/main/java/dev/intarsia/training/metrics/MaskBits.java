// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

/**
 * What the masks of one task cost, in bits over all layers, beside what no coder can beat: the
 * meter of mask coding. Divide by {@code weights} for bits per weight.
 *
 * @param weights shared weights, one bit of mask each
 * @param selected bits that are set
 * @param coded bits as stored: contexts of earlier masks and of neighbours
 * @param huffman bits by which the published code grows, canonical Huffman of up to seven stacked
 *     planes a layer; summed over tasks, its whole size
 * @param given empirical entropy of the bits given those of the latest seven tasks at the same
 *     weight: the bound of a coder that looks at no neighbours
 * @param density binary entropy of each layer's density: the bound of a coder that knows no earlier
 *     task either
 */
public record MaskBits(
    long weights, long selected, long coded, long huffman, double given, double density) {

  /** Checks that there are weights and that no value is negative. */
  public MaskBits {
    if (weights < 1) {
      throw new IllegalArgumentException("masks of " + weights + " weights, must be at least 1");
    }
    Require.notNegative("selected", selected);
    Require.notNegative("coded", coded);
    Require.notNegative("huffman", huffman);
    Require.notNegative("given", given);
    Require.notNegative("density", density);
  }

  /** A number of bits spread over all weights. */
  public double perWeight(double bits) {
    return bits / weights;
  }
}
