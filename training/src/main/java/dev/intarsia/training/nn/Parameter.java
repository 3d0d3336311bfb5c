// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import java.util.Arrays;

/**
 * Weights that are learned, their gradient and, if tasks may divide them, their masks.
 *
 * <p>A maskable parameter has two masks and no other encoding of either: {@link #visible}, which
 * the kernels of forward and backward obey, and {@link #trainable}, outside which the optimizer
 * writes nothing. Methods change them between tasks; {@link Scores} cut {@code visible} anew in
 * every training step. Not thread-safe.
 */
public final class Parameter implements AutoCloseable {
  private final String name;
  private final int rows;
  private final int cols;
  private final Tensor weights;
  private final Tensor gradient;
  private final Mask visible;
  private final Mask trainable;
  private Scores scores;
  private PackedWeights packed;

  private Parameter(
      String name,
      int rows,
      int cols,
      Tensor weights,
      Tensor gradient,
      Mask visible,
      Mask trainable) {
    this.name = name;
    this.rows = rows;
    this.cols = cols;
    this.weights = weights;
    this.gradient = gradient;
    this.visible = visible;
    this.trainable = trainable;
  }

  /**
   * A parameter that tasks may divide: all of it visible and trainable at first.
   *
   * @param dims [O, I, KH, KW] or [O, I]; a row is a filter or an output
   */
  static Parameter maskable(Context context, String name, long... dims) {
    int rows = rows(dims);
    int cols = cols(dims);
    return new Parameter(
        name,
        rows,
        cols,
        Tensor.plain(context, DType.F32, dims),
        Tensor.plain(context, DType.F32, dims),
        Mask.full(context, rows, cols),
        Mask.full(context, rows, cols));
  }

  /** A parameter that is never masked: of a head or of a normalisation layer. */
  static Parameter plain(Context context, String name, long... dims) {
    return new Parameter(
        name,
        rows(dims),
        cols(dims),
        Tensor.plain(context, DType.F32, dims),
        Tensor.plain(context, DType.F32, dims),
        null,
        null);
  }

  private static int rows(long[] dims) {
    return dims.length == 1 ? 1 : Math.toIntExact(dims[0]);
  }

  private static int cols(long[] dims) {
    long cols = dims.length == 1 ? dims[0] : 1;
    for (int i = 1; i < dims.length; i++) {
      cols = Math.multiplyExact(cols, dims[i]);
    }
    return Math.toIntExact(cols);
  }

  /**
   * Draws the weights uniformly from +-1/sqrt(columns), the Kaiming-uniform rule with a = sqrt(5)
   * (He et al. 2015, eq. 10), which convolutional and linear layers commonly start from.
   */
  public void initialize(CounterRandom random) {
    weights.upload(kaimingUniform(random));
  }

  float[] kaimingUniform(CounterRandom random) {
    float bound = (float) (1 / Math.sqrt(cols));
    float[] values = new float[Math.multiplyExact(rows, cols)];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.uniform(-bound, bound);
    }
    return values;
  }

  void fill(float value) {
    float[] values = new float[Math.multiplyExact(rows, cols)];
    Arrays.fill(values, value);
    weights.upload(values);
  }

  /**
   * Lets masks be cut from scores from now on; see {@link Scores}.
   *
   * @param keep fraction of the weights that stay visible, in (0, 1]
   * @param random where the first scores are drawn from
   * @throws IllegalStateException if this parameter is not maskable or has scores already
   */
  public Scores attachScores(double keep, CounterRandom random) {
    if (!isMaskable() || scores != null) {
      throw new IllegalStateException(
          "parameter " + name + (isMaskable() ? " has scores already" : " is not maskable"));
    }
    scores = new Scores(this, keep, kaimingUniform(random));
    return scores;
  }

  /** Layer and role, such as {@code conv1.weights}. */
  public String name() {
    return name;
  }

  /** Filters or outputs. */
  public int rows() {
    return rows;
  }

  /** Weights of one filter or output. */
  public int cols() {
    return cols;
  }

  /** rows * cols. */
  public long count() {
    return (long) rows * cols;
  }

  /** Whether tasks may divide this parameter. */
  public boolean isMaskable() {
    return visible != null;
  }

  /** [rows, cols], in the dims of the layer; owned by this parameter. */
  public Tensor weights() {
    return weights;
  }

  /** Of the same dims as the weights; owned by this parameter. */
  public Tensor gradient() {
    return gradient;
  }

  /** [rows, cols] bits that kernels obey; null if not maskable. */
  public Mask visible() {
    return visible;
  }

  /** [rows, cols] bits that the optimizer may write; null (all) if not maskable. */
  public Mask trainable() {
    return trainable;
  }

  /** The scores the visible mask is cut from, or null. */
  public Scores scores() {
    return scores;
  }

  /** The codes that passes outside training execute instead of the weights, or null. */
  public PackedWeights packed() {
    return packed;
  }

  /**
   * Lets passes outside training execute codes instead of the weights.
   *
   * @param codes of the same rows and columns, borrowed; null for the weights again
   */
  void execute(PackedWeights codes) {
    if (codes != null && (codes.shape().rows() != rows || codes.shape().cols() != cols)) {
      throw new IllegalArgumentException(
          "parameter %s is [%d, %d], the codes are %s".formatted(name, rows, cols, codes.shape()));
    }
    packed = codes;
  }

  /** Frees weights, gradient, masks and scores. */
  @Override
  public void close() {
    weights.close();
    gradient.close();
    if (visible != null) {
      visible.close();
      trainable.close();
    }
    if (scores != null) {
      scores.close();
    }
  }
}
