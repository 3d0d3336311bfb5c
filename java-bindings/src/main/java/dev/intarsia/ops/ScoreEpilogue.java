// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.ops;

import static dev.intarsia.internal.ffi.Ita.ita_score_epilogue_apply;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.internal.NativeShapes;
import dev.intarsia.internal.ffi.ita_score_epilogue;

/**
 * Turns the dense gradient g of {@code weights . mask} into those of weights and scores: {@code
 * diffWeights = g . mask . not(frozen)}, {@code diffScores = g . weights . sign(scores)}.
 *
 * <p>The score gradient is dense: it does not vanish where the mask is 0, nor where a weight is
 * frozen; it is zero outside the candidates. sign(0) = 0. (Kang et al. 2022, Winning SubNetworks,
 * eq. 5 and algorithm 1.)
 */
public final class ScoreEpilogue extends Operation {
  private final PlaneShape shape;
  private final ita_score_epilogue struct = onNative(ita_score_epilogue::new);
  private final Entry apply =
      entry(
          "score_epilogue_apply",
          () -> ita_score_epilogue_apply(pointer(), this.struct),
          "weights",
          "scores",
          "mask",
          "frozen?",
          "candidates?",
          "diffWeights",
          "diffScores");

  private ScoreEpilogue(Context context, PlaneShape shape) {
    super(context, 0);
    this.shape = shape;
    shape(shape, () -> NativeShapes.write(shape, struct.shape()));
  }

  /** Returns an op that has nothing bound yet; the plane is that of the parameter. */
  public static ScoreEpilogue bind(Context context, PlaneShape shape) {
    return new ScoreEpilogue(context, shape);
  }

  /** [rows, cols]. */
  public ScoreEpilogue weights(Tensor weights) {
    plane("weights", weights, p -> struct.weights(p), shape);
    return this;
  }

  /** [rows, cols]. */
  public ScoreEpilogue scores(Tensor scores) {
    plane("scores", scores, p -> struct.scores(p), shape);
    return this;
  }

  /** What the weights were used through. */
  public ScoreEpilogue mask(Mask mask) {
    mask("mask", mask, p -> struct.mask(p), shape);
    return this;
  }

  /** Weights of earlier tasks, or null for none. */
  public ScoreEpilogue frozen(Mask frozen) {
    mask("frozen", frozen, p -> struct.frozen(p), shape);
    return this;
  }

  /** Weights that have a score, or null for all. */
  public ScoreEpilogue candidates(Mask candidates) {
    mask("candidates", candidates, p -> struct.candidates(p), shape);
    return this;
  }

  /** [rows, cols], read as g and written. */
  public ScoreEpilogue diffWeights(Tensor diffWeights) {
    plane("diffWeights", diffWeights, p -> struct.diff_weights(p), shape);
    return this;
  }

  /** [rows, cols], written. */
  public ScoreEpilogue diffScores(Tensor diffScores) {
    plane("diffScores", diffScores, p -> struct.diff_scores(p), shape);
    return this;
  }

  /** Writes diffWeights and diffScores. */
  public void apply() {
    run(apply);
  }
}
