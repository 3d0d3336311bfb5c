// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.LinearShape;
import java.util.HashMap;
import java.util.Map;

/** A fully connected layer. Results are [N, O], [N, I] or, for backward_weights, [O, I]. */
public final class LinearWork implements Work {
  private final String problem;
  private final LinearShape shape;
  private final Direction direction;
  private final float[] src;
  private final float[] weights;
  private final float[] diffDst;
  private final Map<Structure, boolean[]> masks = new HashMap<>();

  /** Draws the data. */
  public LinearWork(String problem, LinearShape shape, Direction direction) {
    this(problem, shape, direction, Values.uniform("weights", shape.o() * shape.i()));
  }

  /** Draws all but the weights, [O, I]. */
  LinearWork(String problem, LinearShape shape, Direction direction, float[] weights) {
    this.problem = problem;
    this.shape = shape;
    this.direction = direction;
    this.weights = weights;
    src = Values.uniform("src", shape.n() * shape.i());
    diffDst = Values.uniform("diffDst", shape.n() * shape.o());
  }

  /** The geometry. */
  public LinearShape shape() {
    return shape;
  }

  /** [N, I]. */
  public float[] src() {
    return src;
  }

  /** [O, I], unmasked. */
  public float[] weights() {
    return weights;
  }

  /** [N, O]. */
  public float[] diffDst() {
    return diffDst;
  }

  /** [O, I]. */
  public boolean[] mask(Structure structure) {
    return masks.computeIfAbsent(
        structure, s -> Values.mask(s.toString(), weights.length, 1, s.density()));
  }

  @Override
  public String benchmark() {
    return "masked_linear";
  }

  @Override
  public String problem() {
    return problem;
  }

  @Override
  public Direction direction() {
    return direction;
  }

  @Override
  public int batch() {
    return shape.n();
  }

  @Override
  public double flops(Structure structure) {
    return 2.0 * shape.n() * weights.length * structure.density();
  }

  @Override
  public double bytes(Structure structure) {
    return 4.0 * src.length
        + 4.0 * diffDst.length
        + weights.length * (4 * structure.density() + 1 / 8.0);
  }

  @Override
  public double check(Contender contender) {
    boolean[] mask = mask(contender.structure());
    String what = contender.name() + " " + contender.variety() + " on " + id();
    float[] result = contender.result();
    int rows = shape.o();
    int cols = shape.i();
    return switch (direction) {
      case FORWARD ->
          Sample.check(
              what,
              result,
              diffDst.length,
              contender.bound(),
              at -> true,
              at -> {
                double sum = 0;
                for (int i = 0; i < cols; i++) {
                  int weight = at % rows * cols + i;
                  sum += mask[weight] ? (double) weights[weight] * src[at / rows * cols + i] : 0;
                }
                return sum;
              });
      case BACKWARD_DATA ->
          Sample.check(
              what,
              result,
              src.length,
              at -> true,
              at -> {
                double sum = 0;
                for (int o = 0; o < rows; o++) {
                  int weight = o * cols + at % cols;
                  sum +=
                      mask[weight] ? (double) weights[weight] * diffDst[at / cols * rows + o] : 0;
                }
                return sum;
              });
      case BACKWARD_WEIGHTS ->
          Sample.check(
              what,
              result,
              weights.length,
              at -> mask[at],
              at -> {
                double sum = 0;
                for (int n = 0; n < shape.n(); n++) {
                  sum += (double) diffDst[n * rows + at / cols] * src[n * cols + at % cols];
                }
                return sum;
              });
      default -> throw new IllegalStateException(direction + " is not a linear layer's");
    };
  }
}
