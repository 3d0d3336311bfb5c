// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.Conv2dShape;

/**
 * A convolution whose weights are codes, forward. Peers multiply by the same weights as floats,
 * {@link #dense}; operations are counted as there, bytes are those of the codes.
 */
public final class CodebookConvWork implements Work {
  private final String problem;
  private final Conv2dShape shape;
  private final int bits;
  private final float[] centres;
  private ConvWork dense;

  /**
   * Draws the centres.
   *
   * @param bits of a code
   */
  public CodebookConvWork(String problem, Conv2dShape shape, int bits) {
    this.problem = problem;
    this.shape = shape;
    this.bits = bits;
    centres = Values.uniform("centres", 1 << bits);
  }

  /** The geometry. */
  public Conv2dShape shape() {
    return shape;
  }

  /** Of a code. */
  public int bits() {
    return bits;
  }

  /** [2^bits]. */
  public float[] centres() {
    return centres;
  }

  /** [O, I*KH*KW], each at most 2^bits - 1. */
  public byte[] codes() {
    return Values.codes("codes", shape.o() * shape.reductionLength(), bits);
  }

  /** The same layer with the weights as floats. */
  public ConvWork dense() {
    if (dense == null) {
      byte[] codes = codes();
      float[] weights = new float[codes.length];
      for (int at = 0; at < codes.length; at++) {
        weights[at] = centres[codes[at] & 0xFF];
      }
      dense = new ConvWork(problem, shape, Direction.FORWARD, weights);
    }
    return dense;
  }

  @Override
  public String benchmark() {
    return "codebook_conv2d";
  }

  @Override
  public String problem() {
    return problem;
  }

  @Override
  public Direction direction() {
    return Direction.FORWARD;
  }

  @Override
  public int batch() {
    return shape.n();
  }

  @Override
  public double flops(Structure structure) {
    return dense().flops(structure);
  }

  @Override
  public double bytes(Structure structure) {
    double cols = shape.reductionLength();
    double mask = structure.equals(Structure.FULL) ? 0 : shape.o() * cols / 8;
    double codes = 4.0 * Math.ceil(cols / (32 / bits)) * shape.o();
    double activations = shape.c() * shape.h() * shape.w() + shape.o() * shape.oh() * shape.ow();
    return codes + mask + 4.0 * shape.n() * activations;
  }

  @Override
  public double check(Contender contender) {
    return dense().check(contender);
  }
}
