// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

import dev.intarsia.ActivationShape;
import java.util.HashMap;
import java.util.Map;

/** A pass over activations that memory alone limits. Results are NCHW. */
public final class ActivationWork implements Work {
  /** Which pass, and how many tensors it has to read or write. */
  public enum Pass {
    /** By the batch's own statistics, which take a pass of their own. */
    NORM("batch_norm", Direction.FORWARD, 3),
    /** The source's gradient; the sums take a pass of their own. */
    NORM_BACKWARD("batch_norm", Direction.BACKWARD, 5),
    /** Maximum of a value and zero. */
    RELU("relu", Direction.FORWARD, 2),
    /** By the sign of the result. */
    RELU_BACKWARD("relu", Direction.BACKWARD_DATA, 3),
    /** Half of the elements become zero; which ones is everybody's own affair. */
    DROPOUT("dropout", Direction.FORWARD, 2),
    /** Of two tensors. */
    ADD("add", Direction.FORWARD, 3);

    private final String stem;
    private final Direction direction;
    private final int tensors;

    Pass(String stem, Direction direction, int tensors) {
      this.stem = stem;
      this.direction = direction;
      this.tensors = tensors;
    }

    /** Of the op. */
    public String stem() {
      return stem;
    }

    /** What is computed. */
    public Direction direction() {
      return direction;
    }
  }

  /** Added to the variance. */
  public static final float EPSILON = 1e-5f;

  /** Of dropout. */
  public static final float RATE = 0.5f;

  private final Pass pass;
  private final String problem;
  private final ActivationShape shape;
  private final float[] src;
  private final float[] other;
  private final Map<Integer, double[]> moments = new HashMap<>();

  /** Draws the data. */
  public ActivationWork(Pass pass, String problem, ActivationShape shape) {
    this.pass = pass;
    this.problem = problem;
    this.shape = shape;
    int count = shape.n() * shape.c() * shape.h() * shape.w();
    src = Values.uniform("src", count);
    other = Values.uniform("other", count);
  }

  /** Which pass. */
  public Pass pass() {
    return pass;
  }

  /** The geometry. */
  public ActivationShape shape() {
    return shape;
  }

  /** [N, C, H, W]; of relu's backward the result that it saved. */
  public float[] src() {
    return src;
  }

  /** [N, C, H, W], diff_dst or the addend. */
  public float[] other() {
    return other;
  }

  /** [C]. */
  public float[] scale() {
    return Values.uniform("scale", shape.c());
  }

  @Override
  public String benchmark() {
    return pass.stem();
  }

  @Override
  public String problem() {
    return problem;
  }

  @Override
  public Direction direction() {
    return pass.direction();
  }

  @Override
  public int batch() {
    return shape.n();
  }

  @Override
  public double flops(Structure structure) {
    return 0;
  }

  @Override
  public double bytes(Structure structure) {
    return 4.0 * src.length * pass.tensors;
  }

  @Override
  public double check(Contender contender) {
    float[] result = contender.result();
    String what = contender.name() + " " + contender.variety() + " on " + id();
    if (pass == Pass.DROPOUT) {
      requireHalf(what, result);
    }
    return Sample.check(
        what, result, src.length, at -> pass != Pass.DROPOUT || result[at] != 0, this::expected);
  }

  private static void requireHalf(String what, float[] result) {
    long zeros = 0;
    for (float value : result) {
      zeros += value == 0 ? 1 : 0;
    }
    double share = zeros / (double) result.length;
    double sigmas = Math.abs(share - RATE) * 2 * Math.sqrt(result.length);
    if (sigmas > 6) {
      throw new IllegalStateException(
          "%s is wrong and is not timed: %.4f of the elements are zero, expected %s"
              .formatted(what, share, RATE));
    }
  }

  private double expected(int at) {
    return switch (pass) {
      case RELU -> Math.max(src[at], 0);
      case RELU_BACKWARD -> src[at] > 0 ? other[at] : 0;
      case DROPOUT -> src[at] / (1 - RATE);
      case ADD -> (double) src[at] + other[at];
      case NORM -> {
        double[] of = moments(channel(at));
        yield scale()[channel(at)] * (src[at] - of[0]) * of[1];
      }
      case NORM_BACKWARD -> {
        double[] of = moments(channel(at));
        double normalised = (src[at] - of[0]) * of[1];
        yield scale()[channel(at)] * of[1] * (other[at] - of[2] - normalised * of[3]);
      }
    };
  }

  private int channel(int at) {
    return at / (shape.h() * shape.w()) % shape.c();
  }

  /** Mean, 1 / standard deviation, mean of diff_dst, mean of diff_dst times the normalised. */
  private double[] moments(int channel) {
    return moments.computeIfAbsent(channel, this::computeMoments);
  }

  private double[] computeMoments(int channel) {
    int plane = shape.h() * shape.w();
    double count = (double) shape.n() * plane;
    double sum = 0;
    double squares = 0;
    double diffs = 0;
    double products = 0;
    for (int n = 0; n < shape.n(); n++) {
      int first = (n * shape.c() + channel) * plane;
      for (int at = first; at < first + plane; at++) {
        sum += src[at];
        squares += (double) src[at] * src[at];
        diffs += other[at];
        products += (double) src[at] * other[at];
      }
    }
    double mean = sum / count;
    double rstd = 1 / Math.sqrt(squares / count - mean * mean + EPSILON);
    double meanDiff = diffs / count;
    return new double[] {mean, rstd, meanDiff, rstd * (products / count - mean * meanDiff)};
  }
}
