// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.acll;

import dev.intarsia.Context;
import dev.intarsia.DType;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.Ties;
import dev.intarsia.ops.MaskCut;
import dev.intarsia.training.nn.Parameter;

/**
 * Takes a task's own weights of one layer out of sight, up to a magnitude, and lets them back. The
 * weights themselves are not written.
 */
final class LayerCut implements AutoCloseable {
  private final Parameter parameter;
  private final PlaneShape shape;
  private final int[] ownWords;
  private final int[] others; // visible weights of earlier tasks
  private final long owned;
  private final Mask candidates;
  private final Mask kept;
  private final Tensor threshold; // [1]
  private final Tensor count; // [1]
  private final MaskCut cut;

  /**
   * A cut that has taken nothing yet; all own weights are visible.
   *
   * @param ownWords mask words of the task's own weights
   */
  LayerCut(Parameter parameter, int[] ownWords) {
    this.parameter = parameter;
    this.ownWords = ownWords;
    Context context = parameter.weights().context();
    shape = new PlaneShape(parameter.rows(), parameter.cols());
    candidates = Mask.of(context, shape.rows(), shape.cols(), ownWords);
    kept = Mask.of(context, shape.rows(), shape.cols(), ownWords);
    owned = candidates.cardinality();
    others = parameter.visible().words();
    for (int i = 0; i < others.length; i++) {
      others[i] &= ~ownWords[i];
    }
    threshold = Tensor.plain(context, DType.F32, 1);
    count = Tensor.plain(context, DType.I64, 1);
    cut =
        MaskCut.bind(context, shape)
            .values(parameter.weights())
            .candidates(candidates)
            .threshold(threshold)
            .ties(Ties.DROPPED)
            .mask(kept)
            .kept(count);
  }

  /** Magnitudes of the own weights that are left, in rising order. */
  SortedMagnitudes sorted() {
    return SortedMagnitudes.of(shape, parameter.weights().download(), kept.words());
  }

  /** Lets all own weights be seen and trained again. */
  void undo() {
    show(ownWords);
  }

  /** Takes what is left of the own weights up to a magnitude, that one included. */
  void apply(float magnitude) {
    if (magnitude >= 0 && owned > 0) {
      candidates.copyFrom(kept);
      threshold.upload(new float[] {magnitude});
      cut.apply();
      show(kept.words());
    }
  }

  /** Goes back to a state that {@link #words} gave. */
  void show(int[] words) {
    kept.setWords(words);
    parameter.trainable().setWords(words);
    int[] visible = words.clone();
    for (int i = 0; i < visible.length; i++) {
      visible[i] |= others[i];
    }
    parameter.visible().setWords(visible);
  }

  /** Mask words of the own weights that are left. */
  int[] words() {
    return kept.words();
  }

  /** Own weights before anything went. */
  long owned() {
    return owned;
  }

  /** Own weights that are gone. */
  long gone() {
    return owned - kept.cardinality();
  }

  /** Weights of the layer, whosever. */
  long all() {
    return shape.elements();
  }

  /** [rows, cols], the own weights that are left; closed with this. */
  Mask kept() {
    return kept;
  }

  @Override
  public void close() {
    candidates.close();
    kept.close();
    threshold.close();
    count.close();
  }
}
