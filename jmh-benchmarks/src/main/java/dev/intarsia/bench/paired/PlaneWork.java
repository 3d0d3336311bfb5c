// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench.paired;

/**
 * A pass over weights that memory alone limits: an optimiser's step, the split of a gradient, the
 * cut of a mask. Results are compared after the first call, so moments begin at zero.
 */
public final class PlaneWork implements Work {
  /** Which pass. */
  public enum Pass {
    /** Momentum, no decay; the result is the weights and, if given, the velocity. */
    SGD("masked_sgd", Direction.STEP, 5),
    /** Adam's first step; the result is the weights and, if given, both moments. */
    ADAM("masked_adam", Direction.STEP, 7),
    /** Gradients of weights and scores from the dense one, for half a mask. */
    SCORES("score_epilogue", Direction.APPLY, 5),
    /** A mask of magnitudes of at least a half; the result is zeros and ones. */
    CUT("mask_cut", Direction.APPLY, 1);

    private final String stem;
    private final Direction direction;
    private final int arrays;

    Pass(String stem, Direction direction, int arrays) {
      this.stem = stem;
      this.direction = direction;
      this.arrays = arrays;
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

  /** Step size of both optimisers. */
  public static final float RATE = 0.01f;

  /** Of SGD. */
  public static final float MOMENTUM = 0.9f;

  /** Decay of Adam's first moment. */
  public static final float BETA1 = 0.9f;

  /** Decay of Adam's second moment. */
  public static final float BETA2 = 0.999f;

  /** Of Adam. */
  public static final float EPSILON = 1e-8f;

  /** Of the cut. */
  public static final float THRESHOLD = 0.5f;

  /** What the split of a gradient has: the published half. */
  public static final Structure HALF = new Structure("weight", 0.5);

  private static final int LINE = 16; // floats

  private final Pass pass;
  private final String problem;
  private final int rows;
  private final int cols;
  private final float[] weights;
  private final float[] gradient;

  /** Draws the data. */
  public PlaneWork(Pass pass, String problem, int rows, int cols) {
    this.pass = pass;
    this.problem = problem;
    this.rows = rows;
    this.cols = cols;
    weights = Values.uniform("weights", rows * cols);
    gradient = Values.uniform("gradient", rows * cols);
  }

  /** Which pass. */
  public Pass pass() {
    return pass;
  }

  /** Output channels. */
  public int rows() {
    return rows;
  }

  /** Weights of a row. */
  public int cols() {
    return cols;
  }

  /** [rows, cols]; what is cut, too. */
  public float[] weights() {
    return weights;
  }

  /** [rows, cols]. */
  public float[] gradient() {
    return gradient;
  }

  /** [rows, cols]. */
  public float[] scores() {
    return Values.uniform("scores", rows * cols);
  }

  /** [rows, cols]. */
  public boolean[] mask(Structure structure) {
    return Values.mask(structure.toString(), rows * cols, 1, structure.density());
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
    return 0;
  }

  @Override
  public double flops(Structure structure) {
    return 0;
  }

  /** Of an optimiser under a mask: whole cache lines that hold a trainable weight. */
  @Override
  public double bytes(Structure structure) {
    double floats = rows * (double) cols;
    double bits = pass == Pass.CUT || !structure.equals(Structure.FULL) ? floats / 8 : 0;
    if (pass.direction() == Direction.STEP && structure.density() < 1) {
      floats = touched(mask(structure));
    }
    return 4 * floats * pass.arrays + bits;
  }

  private static int touched(boolean[] mask) {
    int lines = 0;
    for (int line = 0; line < mask.length; line += LINE) {
      boolean any = false;
      for (int i = line; i < Math.min(line + LINE, mask.length); i++) {
        any |= mask[i];
      }
      lines += any ? 1 : 0;
    }
    return lines * LINE;
  }

  @Override
  public double check(Contender contender) {
    boolean[] mask = mask(contender.structure());
    float[] result = contender.result();
    float[] scores = pass == Pass.SCORES ? scores() : null;
    int count = rows * cols;
    String what = contender.name() + " " + contender.variety() + " on " + id();
    return Sample.check(
        what,
        result,
        Math.max(count, result.length / count * count),
        at -> true,
        at -> expected(at / count, at % count, mask, scores));
  }

  private double expected(int part, int i, boolean[] mask, float[] scores) {
    double g = gradient[i];
    return switch (pass) {
      case SGD -> {
        double velocity = mask[i] ? g : 0;
        yield part == 0 ? weights[i] - RATE * velocity : velocity;
      }
      case ADAM -> {
        double step = RATE * g / (Math.abs(g) + EPSILON); // the corrections cancel the decays
        double[] parts = {weights[i] - step, (1.0 - BETA1) * g, (1.0 - BETA2) * g * g};
        yield mask[i] ? parts[part] : part == 0 ? weights[i] : 0;
      }
      case SCORES -> part == 0 ? (mask[i] ? g : 0) : g * weights[i] * Math.signum(scores[i]);
      case CUT -> Math.abs(weights[i]) >= THRESHOLD ? 1 : 0;
    };
  }
}
