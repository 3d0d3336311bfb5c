// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.Conv2dShape;
import java.util.HashMap;
import java.util.Map;

/**
 * A convolution. Results are NCHW for forward and backward_data, OIHW for backward_weights. Only
 * gradients of weights inside the mask are compared: a library may leave the others unwritten.
 *
 * <p>With scores the gradients of all of them follow those of the weights, {@code g . weights .
 * sign(scores)}. Who knows no scores gives the weights' gradient alone: dense, its usual time.
 */
public final class ConvWork implements Work {
  private final String problem;
  private final Conv2dShape shape;
  private final Direction direction;
  private final float[] src;
  private final float[] weights;
  private final float[] diffDst;
  private final Map<Structure, boolean[]> masks = new HashMap<>();

  /** Draws the data. */
  public ConvWork(String problem, Conv2dShape shape, Direction direction) {
    this(problem, shape, direction, Values.uniform("weights", shape.o() * shape.reductionLength()));
  }

  /** Draws all but the weights, [O, I, KH, KW]. */
  ConvWork(String problem, Conv2dShape shape, Direction direction, float[] weights) {
    this.problem = problem;
    this.shape = shape;
    this.direction = direction;
    src = Values.uniform("src", shape.n() * shape.c() * shape.h() * shape.w());
    this.weights = weights;
    diffDst = Values.uniform("diffDst", shape.n() * shape.o() * shape.oh() * shape.ow());
  }

  /** The geometry. */
  public Conv2dShape shape() {
    return shape;
  }

  /** [N, C, H, W]. */
  public float[] src() {
    return src;
  }

  /** [O, I, KH, KW], unmasked. */
  public float[] weights() {
    return weights;
  }

  /** [N, O, OH, OW]. */
  public float[] diffDst() {
    return diffDst;
  }

  /** [O, I, KH, KW], what a mask was cut from. */
  public float[] scores() {
    return Values.uniform("scores", weights.length);
  }

  /** [O, I, KH, KW]. */
  public boolean[] mask(Structure structure) {
    int run = structure.word().equals("kernel") ? shape.kh() * shape.kw() : 1;
    return masks.computeIfAbsent(
        structure, s -> Values.mask(s.toString(), weights.length, run, s.density()));
  }

  @Override
  public String benchmark() {
    return "masked_conv2d";
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
    // A score's gradient is dense.
    int counted = scored() ? weights.length : live(structure);
    return 2.0 * shape.n() * shape.oh() * shape.ow() * counted;
  }

  private boolean scored() {
    return direction == Direction.BACKWARD_WEIGHTS_SCORES;
  }

  private int live(Structure structure) {
    int live = 0;
    for (boolean bit : mask(structure)) {
      live += bit ? 1 : 0;
    }
    return live;
  }

  @Override
  public double bytes(Structure structure) {
    double activations = 4.0 * src.length + 4.0 * diffDst.length;
    // Weights and scores are read, two gradients written.
    double perWeight = scored() ? 16 * weights.length : 4.0 * live(structure);
    return activations + perWeight + weights.length / 8.0;
  }

  @Override
  public double check(Contender contender) {
    boolean[] mask = mask(contender.structure());
    String what = contender.name() + " " + contender.variety() + " on " + id();
    float[] result = contender.result();
    return switch (direction) {
      case FORWARD -> Sample.check(what, result, diffDst.length, i -> true, i -> dst(i, mask));
      case BACKWARD_DATA -> Sample.check(what, result, src.length, i -> true, i -> diff(i, mask));
      case BACKWARD_WEIGHTS ->
          Sample.check(what, result, weights.length, i -> mask[i], this::diffWeights);
      case BACKWARD_WEIGHTS_SCORES -> checkScored(what, result, mask);
      default -> throw new IllegalStateException(direction + " is not a convolution's");
    };
  }

  private double checkScored(String what, float[] result, boolean[] mask) {
    int count = weights.length;
    if (result.length == count) {
      return Sample.check(what, result, count, i -> mask[i], this::diffWeights);
    }
    float[] scores = scores();
    return Sample.check(
        what,
        result,
        2 * count,
        i -> true,
        i ->
            i < count
                ? (mask[i] ? diffWeights(i) : 0)
                : diffWeights(i - count) * weights[i - count] * Math.signum(scores[i - count]));
  }

  private double dst(int index, boolean[] mask) {
    int ow = index % shape.ow();
    int oh = index / shape.ow() % shape.oh();
    int o = index / (shape.ow() * shape.oh()) % shape.o();
    int n = index / (shape.ow() * shape.oh() * shape.o());
    double sum = 0;
    for (int i = 0; i < shape.i(); i++) {
      for (int kh = 0; kh < shape.kh(); kh++) {
        for (int kw = 0; kw < shape.kw(); kw++) {
          int h = oh * shape.strideH() - shape.padH() + kh * shape.dilationH();
          int w = ow * shape.strideW() - shape.padW() + kw * shape.dilationW();
          int weight = shape.weightIndex(o, i, kh, kw);
          if (mask[weight] && shape.inside(h, w)) {
            sum += (double) weights[weight] * src[shape.srcIndex(n, shape.channel(o, i), h, w)];
          }
        }
      }
    }
    return sum;
  }

  private double diff(int index, boolean[] mask) {
    int w = index % shape.w();
    int h = index / shape.w() % shape.h();
    int c = index / (shape.w() * shape.h()) % shape.c();
    int n = index / (shape.w() * shape.h() * shape.c());
    int filters = shape.o() / shape.groups();
    int group = c / shape.i();
    double sum = 0;
    for (int o = group * filters; o < (group + 1) * filters; o++) {
      for (int kh = 0; kh < shape.kh(); kh++) {
        for (int kw = 0; kw < shape.kw(); kw++) {
          int top = h + shape.padH() - kh * shape.dilationH();
          int left = w + shape.padW() - kw * shape.dilationW();
          int weight = shape.weightIndex(o, c % shape.i(), kh, kw);
          if (mask[weight] && seen(top, left)) {
            int at = shape.dstIndex(n, o, top / shape.strideH(), left / shape.strideW());
            sum += (double) weights[weight] * diffDst[at];
          }
        }
      }
    }
    return sum;
  }

  private boolean seen(int top, int left) {
    return top >= 0
        && left >= 0
        && top % shape.strideH() == 0
        && left % shape.strideW() == 0
        && top / shape.strideH() < shape.oh()
        && left / shape.strideW() < shape.ow();
  }

  private double diffWeights(int index) {
    int kw = index % shape.kw();
    int kh = index / shape.kw() % shape.kh();
    int i = index / (shape.kw() * shape.kh()) % shape.i();
    int o = index / shape.reductionLength();
    double sum = 0;
    for (int n = 0; n < shape.n(); n++) {
      for (int oh = 0; oh < shape.oh(); oh++) {
        for (int ow = 0; ow < shape.ow(); ow++) {
          int h = oh * shape.strideH() - shape.padH() + kh * shape.dilationH();
          int w = ow * shape.strideW() - shape.padW() + kw * shape.dilationW();
          if (shape.inside(h, w)) {
            sum +=
                (double) diffDst[shape.dstIndex(n, o, oh, ow)]
                    * src[shape.srcIndex(n, shape.channel(o, i), h, w)];
          }
        }
      }
    }
    return sum;
  }
}
