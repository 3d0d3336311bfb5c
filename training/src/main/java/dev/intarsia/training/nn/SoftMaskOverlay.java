// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.Conv2dShape;
import dev.intarsia.LinearShape;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.SoftMaskMode;
import dev.intarsia.Surrogate;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskedConv2d;
import dev.intarsia.ops.MaskedLinear;
import dev.intarsia.ops.SoftMask;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Frozen weights times one learned factor per unit of them: a kernel, a group of kernels, a filter
 * or a weight (Yang et al. 2021, KSM; Mallya et al. 2018, Piggyback).
 *
 * <p>Where factors are 0 and 1 nothing is multiplied: the layer executes the shared weights through
 * the mask and skips what is dead, forward and backward. The gradient is dense all the same, since
 * a dropped unit may come back, and it leaves the weight gradient's registers already summed: no
 * gradient of weights is ever stored.
 *
 * <p>Factors are learned from {@link #start} on, or {@linkplain #fold given}.
 */
public final class SoftMaskOverlay implements Overlay {
  private final Parameter shared;
  private final Rule rule;
  private final int units; // of a row
  private final Parameter scores; // [rows, units]
  private final Tensor factors; // [rows, units]
  private final Tensor diffFactors; // [rows, cols / part]
  private final Tensor effective; // in the dims of the weights; null where the mask says it all
  private final Mask mask; // [rows, cols]
  private final SoftMask soft;
  private Runnable backwardWeights;
  private IntConsumer resize;
  private boolean stale; // factors are not those of the scores

  /**
   * How a score becomes a factor, and what of.
   *
   * @param mode SOFT, BINARY or TERNARY
   * @param group input channels of a group; read with GROUP alone
   * @param strict whether a unit is kept only above the threshold
   * @param threshold scores from here on are kept
   * @param scale largest factor of a dropped unit in SOFT
   * @param slope of the SIGMOID surrogate
   */
  public record Rule(
      SoftMaskMode mode,
      Granularity granularity,
      int group,
      boolean strict,
      double threshold,
      double scale,
      Surrogate surrogate,
      double slope) {

    /** Checks every value. */
    public Rule {
      if (mode == SoftMaskMode.GIVEN) {
        throw new IllegalArgumentException("mode is GIVEN, must be one that learns");
      }
      if (group < 1) {
        throw new IllegalArgumentException(
            "group is " + group + ", must be at least 1; 8 input channels are usual");
      }
      requireNotNegative("scale", scale);
      requireNotNegative("slope", slope);
      if (!Double.isFinite(threshold)) {
        throw new IllegalArgumentException("threshold is " + threshold + ", must be finite");
      }
    }

    private static void requireNotNegative(String name, double value) {
      if (!(value >= 0) || Double.isInfinite(value)) {
        throw new IllegalArgumentException(
            name + " is " + value + ", must be finite and at least 0");
      }
    }

    /** Weights of a unit. */
    int span(int cols, int kernel) {
      return switch (granularity) {
        case ELEMENT -> 1;
        case KERNEL -> kernel;
        case GROUP -> (int) Math.min(cols, (long) group * kernel);
        case CHANNEL -> cols;
      };
    }
  }

  /**
   * An overlay of one layer's weights, whose scores are 0 until {@link #start} or {@link #fold}.
   */
  public SoftMaskOverlay(MaskedLayer layer, Rule rule) {
    shared = layer.weights();
    this.rule = rule;
    Context context = shared.context();
    int rows = shared.rows();
    int cols = shared.cols();
    long[] dims = shared.dims();
    int kernel = dims.length == 4 ? Math.toIntExact(dims[2] * dims[3]) : 1;
    int span = rule.span(cols, kernel);
    int part = rule.granularity() == Granularity.ELEMENT ? 1 : kernel;
    PlaneShape plane = new PlaneShape(rows, cols);
    units = SoftMask.units(plane, span);
    scores = Parameter.plain(context, shared.name() + ".mask", rows, units);
    factors = Tensor.plain(context, rows, units);
    boolean perWeight = part < kernel;
    diffFactors =
        perWeight ? Tensor.plain(context, dims) : Tensor.plain(context, rows, cols / part);
    effective = rule.mode() == SoftMaskMode.BINARY ? null : Tensor.plain(context, dims);
    mask = Mask.full(context, rows, cols);
    soft =
        SoftMask.bind(context, plane, span, part)
            .strict(rule.strict())
            .threshold((float) rule.threshold())
            .scale((float) rule.scale())
            .surrogate(rule.surrogate())
            .slope((float) rule.slope())
            .scores(scores.weights())
            .factors(factors)
            .weights(shared.weights())
            .effective(effective)
            .mask(mask)
            .diffFactors(diffFactors)
            .diffScores(scores.gradient());
    if (layer instanceof Conv2d conv) {
      bind(conv, perWeight);
    } else if (layer instanceof Linear linear) {
      bind(linear);
    }
    soft.mode(rule.mode());
    stale = true;
  }

  /** The gradient of factors is the epilogue of that of weights, which nobody gets. */
  private void bind(Conv2d layer, boolean perWeight) {
    Conv2dShape shape = layer.shape();
    MaskedConv2d op =
        MaskedConv2d.bind(shared.context(), shape)
            .weights(shared.weights())
            .src(layer.in().value())
            .diffDst(layer.out().diff());
    if (perWeight) {
      op.diffScores(diffFactors);
    } else {
      op.diffKernels(diffFactors);
    }
    backwardWeights = op::backwardWeights;
    resize = op::batch;
  }

  private void bind(Linear layer) {
    LinearShape shape = layer.shape();
    MaskedLinear op =
        MaskedLinear.bind(shared.context(), shape)
            .weights(shared.weights())
            .src(layer.in().value())
            .diffDst(layer.out().diff())
            .diffKernels(diffFactors);
    backwardWeights = op::backwardWeights;
    resize = op::batch;
  }

  /** Learns from here on: every score is {@code initial}. */
  public void start(double initial) {
    soft.mode(rule.mode());
    scores.fill((float) initial);
    stale = true;
  }

  /**
   * Takes factors that were learned before; nothing is learned until {@link #start}.
   *
   * @param given [rows, units], row-major
   */
  public void fold(float[] given) {
    soft.mode(SoftMaskMode.GIVEN);
    scores.weights().upload(given);
    stale = true;
  }

  /** Returns the factors as they are now, [rows, units], row-major. */
  public float[] factors() {
    update();
    return factors.download();
  }

  /** Units of the layer, all rows. */
  public int count() {
    return shared.rows() * units;
  }

  private void update() {
    if (stale) {
      soft.forward();
      stale = false;
    }
  }

  @Override
  public void refresh(Phase phase) {
    update();
  }

  @Override
  public Tensor weights() {
    return effective == null ? shared.weights() : effective;
  }

  /** The live weights; null for soft factors, of which nearly none is 0. */
  @Override
  public Mask mask() {
    return rule.mode() == SoftMaskMode.SOFT ? null : mask;
  }

  /** Bits of the live weights, whatever the mode. */
  public long live() {
    update();
    return mask.cardinality();
  }

  @Override
  public void backward() {
    backwardWeights.run();
    soft.backward();
    stale = true; // a step follows
  }

  @Override
  public void batch(int n) {
    resize.accept(n);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(scores);
  }

  /** What is restored by whoever took it: scores moved without a step. */
  public void touched() {
    stale = true;
  }

  @Override
  public void close() {
    scores.close();
    factors.close();
    diffFactors.close();
    if (effective != null) {
      effective.close();
    }
    mask.close();
  }
}
