// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Weights that are learned, their gradient and, if tasks may divide them, their masks.
 *
 * <p>A maskable parameter has two masks and no other encoding of either: {@link #visible}, which
 * the kernels of forward and backward obey, and {@link #trainable}, outside which the optimizer
 * writes nothing. Methods change them between tasks; {@link Scores} cut {@code visible} anew in
 * every training step.
 *
 * <p>Weights are dense, or {@linkplain MixedWeights mixed}: codes where they are frozen, a compact
 * array where they are trainable. Memory is allocated when it is first asked for, so a net that
 * only executes {@linkplain #packed codes} has no floats. Not thread-safe.
 */
public final class Parameter implements AutoCloseable {
  private final Context context;
  private final String name;
  private final long[] dims;
  private final int rows;
  private final int cols;
  private final Kind kind;
  private boolean frozen;
  private CounterRandom initial; // draws the weights when they are first asked for
  private Tensor weights;
  private Tensor gradient;
  private Mask visible;
  private Mask trainable;
  private Scores scores;
  private PackedWeights packed;
  private MixedWeights mixed;

  /** What a parameter is for. */
  private enum Kind {
    /** Of a layer that tasks share and may divide. */
    SHARED,
    /** Of a normalisation layer. */
    NORM,
    /** Of a head, or what a task learns in place of shared weights. */
    OWN
  }

  private Parameter(Context context, String name, Kind kind, long[] dims) {
    this.context = context;
    this.name = name;
    this.kind = kind;
    this.dims = dims;
    rows = rows(dims);
    cols = cols(dims);
  }

  /**
   * A parameter that tasks may divide: all of it visible and trainable at first.
   *
   * @param dims [O, I, KH, KW] or [O, I]; a row is a filter or an output
   */
  static Parameter maskable(Context context, String name, long... dims) {
    return new Parameter(context, name, Kind.SHARED, dims);
  }

  /** A parameter that is never masked: of a head or of an {@link Overlay}. */
  static Parameter plain(Context context, String name, long... dims) {
    return new Parameter(context, name, Kind.OWN, dims);
  }

  /** A parameter of a normalisation layer; never masked. */
  static Parameter norm(Context context, String name, long... dims) {
    return new Parameter(context, name, Kind.NORM, dims);
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
   *
   * @param random a stream of its own: weights that nobody has asked for yet are drawn when
   *     somebody does
   * @throws IllegalStateException if the weights are mixed
   */
  public void initialize(CounterRandom random) {
    requireDense();
    if (weights == null) {
      initial = random;
    } else {
      weights.upload(kaimingUniform(random));
    }
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
    weights().upload(values);
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

  /** Where everything lives. */
  Context context() {
    return context;
  }

  /** Those of the weights as the layer has them. */
  public long[] dims() {
    return dims.clone();
  }

  /** Whether tasks may divide this parameter. */
  public boolean isMaskable() {
    return kind == Kind.SHARED;
  }

  /** Whether this is of a normalisation layer. */
  public boolean isNorm() {
    return kind == Kind.NORM;
  }

  /**
   * Lets passes compute no gradient and optimizers take no step until it is thawed. A frozen norm
   * normalises by its running statistics in training too, and leaves them alone.
   */
  public void freeze(boolean freeze) {
    frozen = freeze;
  }

  /** Whether this is frozen; see {@link #freeze}. */
  public boolean isFrozen() {
    return frozen;
  }

  /**
   * [rows, cols], in the dims of the layer; owned by this parameter.
   *
   * @throws IllegalStateException if the weights are mixed
   */
  public Tensor weights() {
    requireDense();
    if (weights == null) {
      weights = Tensor.plain(context, DType.F32, dims);
      if (initial != null) {
        weights.upload(kaimingUniform(initial));
        initial = null;
      }
    }
    return weights;
  }

  /**
   * Of the same dims as the weights; owned by this parameter.
   *
   * @throws IllegalStateException if the weights are mixed
   */
  public Tensor gradient() {
    requireDense();
    if (gradient == null) {
      gradient = Tensor.plain(context, DType.F32, dims);
    }
    return gradient;
  }

  private void requireDense() {
    if (mixed != null) {
      throw new IllegalStateException(
          "parameter " + name + " is mixed and has no dense weights; call unmix first");
    }
  }

  /** Returns the weights as the layer uses them, [rows, cols], dense or mixed. */
  public float[] download() {
    return (mixed == null ? weights() : mixed.expand()).download();
  }

  /** [rows, cols] bits that kernels obey; null if not maskable. */
  public Mask visible() {
    if (visible == null && isMaskable()) {
      visible = Mask.full(context, rows, cols);
    }
    return visible;
  }

  /** [rows, cols] bits that the optimizer may write; null (all) if not maskable. */
  public Mask trainable() {
    if (trainable == null && isMaskable()) {
      trainable = Mask.full(context, rows, cols);
    }
    return trainable;
  }

  /** The trainable weights and the codes of the others, or null while the weights are dense. */
  public MixedWeights mixed() {
    return mixed;
  }

  /**
   * Lets codes stand for the weights that are not trainable and frees what is dense. No bit of a
   * weight changes; the trainable mask may not change either until {@link #unmix}.
   *
   * @param frozen a code for each weight that is not trainable, borrowed
   * @throws IllegalArgumentException if a code does not mean the weight it stands for; nothing was
   *     changed then
   */
  void mix(PackedWeights frozen, Workshop workshop) {
    requireDense();
    requireShape(frozen);
    Tensor dense = weights();
    MixedWeights made = new MixedWeights(dense, trainable(), frozen, workshop);
    float[] before = dense.download();
    float[] after = made.expand().download();
    for (int k = 0; k < before.length; k++) {
      if (Float.floatToRawIntBits(before[k]) != Float.floatToRawIntBits(after[k])) {
        made.close();
        throw new IllegalArgumentException(
            "weight [%d, %d] of %s is %s and its code means %s; round it to its centre, or leave it trainable"
                .formatted(k / cols, k % cols, name, before[k], after[k]));
      }
    }
    mixed = made;
    weights.close();
    weights = null;
    if (gradient != null) {
      gradient.close();
      gradient = null;
    }
  }

  /** Makes all weights dense floats again, with the same bits; does nothing if they are. */
  public void unmix() {
    if (mixed != null) {
      MixedWeights compact = mixed;
      Tensor dense = Tensor.plain(context, DType.F32, dims);
      dense.copyFrom(compact.expand());
      mixed = null;
      weights = dense;
      compact.close();
    }
  }

  /** The weights for a forward pass; those of mixed ones last until another layer's. */
  Tensor forwardWeights() {
    return mixed == null ? weights() : mixed.expand();
  }

  /** The weights for the backward pass that follows. */
  Tensor backwardWeights() {
    return mixed == null ? weights() : mixed.expandUnlessHeld();
  }

  /**
   * Sets the gradient to zero, to which a backward pass without scores adds. Frozen norms get one
   * all the same: it costs nothing beside that of their input.
   */
  void clearGradient() {
    if (mixed == null && !(frozen && isMaskable())) {
      gradient().zero();
    }
  }

  /** Where a backward pass puts the dense gradient; {@link #received} follows. */
  Tensor receiver() {
    if (mixed != null && scores == null) {
      mixed.receiver().zero();
    }
    return mixed == null ? gradient() : mixed.receiver();
  }

  /** Says that the dense gradient is complete. */
  void received() {
    if (mixed != null) {
      mixed.receive();
    }
  }

  /** Frees the memory of the gradient until it is asked for again. */
  void freeGradient() {
    if (gradient != null) {
      gradient.close();
      gradient = null;
    }
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
    if (codes != null) {
      requireShape(codes);
    }
    packed = codes;
  }

  private void requireShape(PackedWeights codes) {
    if (codes.shape().rows() != rows || codes.shape().cols() != cols) {
      throw new IllegalArgumentException(
          "parameter %s is [%d, %d], the codes are %s".formatted(name, rows, cols, codes.shape()));
    }
  }

  /** Frees weights, gradient, masks and scores. */
  @Override
  public void close() {
    Stream.of(weights, gradient).filter(Objects::nonNull).forEach(Tensor::close);
    Stream.of(visible, trainable).filter(Objects::nonNull).forEach(Mask::close);
    if (scores != null) {
      scores.close();
    }
    if (mixed != null) {
      mixed.close();
    }
  }
}
