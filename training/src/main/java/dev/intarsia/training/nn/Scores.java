// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Context;
import dev.intarsia.CounterRandom;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.ops.MagnitudeThreshold;
import dev.intarsia.ops.MaskCut;

/**
 * One real number per weight, from whose magnitudes the visible mask of a {@link Parameter} is cut:
 * the largest {@code keep} of them, ties with the threshold included. Scores are learned with the
 * weights through the straight-through estimator (Kang et al. 2022, <em>Forget-free Continual
 * Learning with Winning Subnetworks</em>, eq. 5).
 */
public final class Scores implements AutoCloseable {
  private final String name;
  private final Tensor values;
  private final Tensor gradient;
  private final Tensor threshold;
  private final Tensor counts;
  private final Tensor kept;
  private final MagnitudeThreshold select;
  private final MaskCut cut;
  private final Parameter parameter;
  private Mask candidates; // null: all
  private long candidateCount;
  private boolean held;

  Scores(Parameter parameter, double keep, float[] initial) {
    requireKeep(keep);
    Context context = parameter.context();
    PlaneShape shape = new PlaneShape(parameter.rows(), parameter.cols());
    this.parameter = parameter;
    name = parameter.name();
    candidateCount = parameter.count();
    values = Tensor.plain(context, DType.F32, parameter.dims());
    values.upload(initial);
    gradient = Tensor.plain(context, DType.F32, parameter.dims());
    threshold = Tensor.plain(context, DType.F32, 1);
    counts = Tensor.plain(context, DType.I64, 2);
    kept = Tensor.plain(context, DType.I64, 1);
    select =
        MagnitudeThreshold.bind(context, shape)
            .values(values)
            .rank(rank(keep, parameter.count()))
            .threshold(threshold)
            .counts(counts);
    cut =
        MaskCut.bind(context, shape)
            .values(values)
            .threshold(threshold)
            .ties(Ties.KEPT)
            .mask(parameter.visible())
            .kept(kept);
  }

  private static void requireKeep(double keep) {
    if (!(keep > 0 && keep <= 1)) {
      throw new IllegalArgumentException(
          "keep is " + keep + ", must be above 0 and at most 1; 0.5 keeps half of the weights");
    }
  }

  /**
   * Which smallest magnitude is the threshold, from 1: the published rule {@code 1 + round(0.01 *
   * (100 * s) * (count - 1))} with sparsity {@code s = 1 - keep}, halves to even.
   */
  static long rank(double keep, long count) {
    return 1 + (long) Math.rint(0.01 * ((1 - keep) * 100) * (count - 1));
  }

  /**
   * Lets later cuts choose among some weights only, and keep another fraction of them.
   *
   * @param keep fraction of the candidates that stay visible, in (0, 1]
   * @param words mask words of the candidates, [rows, wordsPerRow], or null for all weights; with
   *     none a cut leaves nothing visible
   */
  public void restrict(double keep, int[] words) {
    requireKeep(keep);
    if (words == null) {
      candidateCount = parameter.count();
    } else {
      if (candidates == null) {
        candidates = Mask.empty(values.context(), parameter.rows(), parameter.cols());
      }
      candidates.setWords(words);
      candidateCount = candidates.cardinality();
    }
    Mask among = words == null ? null : candidates;
    select.candidates(among);
    cut.candidates(among);
    if (candidateCount > 0) {
      select.rank(rank(keep, candidateCount));
    }
  }

  /** Draws all scores anew, by the rule of the first ones. */
  public void draw(CounterRandom random) {
    values.upload(parameter.kaimingUniform(random));
  }

  /**
   * Whether training passes leave the visible mask alone: for phases after the scores have spoken.
   */
  public void hold(boolean hold) {
    held = hold;
  }

  /** Cuts the mask anew unless it is held; what layers call before a training pass. */
  void refreshMask() {
    if (!held) {
      cutMask();
    }
  }

  /** Cuts the parameter's visible mask from the scores as they are now. */
  public void cutMask() {
    if (candidateCount == 0) {
      parameter.visible().clear();
      return;
    }
    try {
      select.select();
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException("the scores of " + name + " diverged: " + e.getMessage(), e);
    }
    cut.apply();
  }

  /** [rows, cols], in the dims of the weights; owned by the parameter. */
  public Tensor values() {
    return values;
  }

  /** Of the same dims; owned by the parameter. */
  public Tensor gradient() {
    return gradient;
  }

  @Override
  public void close() {
    values.close();
    gradient.close();
    threshold.close();
    counts.close();
    kept.close();
    if (candidates != null) {
      candidates.close();
    }
  }
}
