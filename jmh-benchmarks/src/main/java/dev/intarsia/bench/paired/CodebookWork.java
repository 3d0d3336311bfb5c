// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.LinearShape;

/**
 * A fully connected layer whose weights are codes, forward. Peers multiply by the same weights as
 * floats, {@link #dense}; operations are counted as there, bytes are those of the codes.
 */
public final class CodebookWork implements Work {
  private final String problem;
  private final LinearShape shape;
  private final int bits;
  private final float[] centres;
  private LinearWork dense;

  /**
   * Draws the centres.
   *
   * @param bits of a code
   */
  public CodebookWork(String problem, LinearShape shape, int bits) {
    this.problem = problem;
    this.shape = shape;
    this.bits = bits;
    centres = Values.uniform("centres", 1 << bits);
  }

  /** The geometry. */
  public LinearShape shape() {
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

  /** [O, I], each at most 2^bits - 1. */
  public byte[] codes() {
    return Values.codes("codes", shape.o() * shape.i(), bits);
  }

  /** The same layer with the weights as floats. */
  public LinearWork dense() {
    if (dense == null) {
      byte[] codes = codes();
      float[] weights = new float[codes.length];
      for (int at = 0; at < codes.length; at++) {
        weights[at] = centres[codes[at] & 0xFF];
      }
      dense = new LinearWork(problem, shape, Direction.FORWARD, weights);
    }
    return dense;
  }

  @Override
  public String benchmark() {
    return "codebook_linear";
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
    return 2.0 * shape.n() * shape.o() * shape.i() * structure.density();
  }

  @Override
  public double bytes(Structure structure) {
    double weights = (double) shape.o() * shape.i();
    double mask = structure.equals(Structure.FULL) ? 0 : weights / 8;
    double codes = 4.0 * Math.ceil((double) shape.i() / (32 / bits)) * shape.o();
    return codes + mask + 4.0 * shape.n() * (shape.o() + shape.i());
  }

  @Override
  public double check(Contender contender) {
    return dense().check(contender);
  }
}
