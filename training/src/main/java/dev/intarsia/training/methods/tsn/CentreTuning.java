// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.CodebookDecode;
import dev.intarsia.ops.CodebookGradient;
import dev.intarsia.ops.MaskCompress;
import dev.intarsia.training.Trainer;
import dev.intarsia.training.optim.Rule;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Moves centres along their gradient, the sum of those of the weights that have them (Han, Mao and
 * Dally 2016, <em>Deep Compression</em>, section 3), while codes stay as they are. The head and the
 * normalisation state of the task learn along; no single weight does.
 *
 * <p>A watch of one fit, during which no shared weight is trainable and masks are held.
 */
public final class CentreTuning implements Trainer.Watch, AutoCloseable {
  private final List<Moving> layers;

  /**
   * A tuning of all codebooks that there are.
   *
   * @param rule how gradients become steps
   * @param rate factor on its learning rate: centres have many weights' gradients
   */
  public CentreTuning(List<SharedLayer> layers, Rule rule, double rate) {
    this.layers =
        layers.stream()
            .filter(layer -> Objects.nonNull(layer.codebook()))
            .map(layer -> new Moving(layer, rule, rate))
            .toList();
    layers.forEach(layer -> layer.parameter().trainable().clear());
  }

  @Override
  public void stepDone() {
    layers.forEach(Moving::step);
  }

  /** Hands the moved centres to the layers. */
  public void finish() {
    layers.forEach(Moving::finish);
  }

  @Override
  public void close() {
    layers.forEach(Moving::close);
  }

  /** One layer's centres on their way. */
  private static final class Moving {
    private final SharedLayer layer;
    private final Mask others; // all weights but the own ones
    private final Tensor kept; // their values; null where none is
    private final Tensor centres;
    private final Tensor gradient;
    private final CodebookGradient sums;
    private final Rule.Stepper stepper;
    private final CodebookDecode weights;

    Moving(SharedLayer layer, Rule rule, double rate) {
      Context context = layer.own().context();
      PlaneShape shape = layer.shape();
      Codebook codebook = layer.codebook();
      int size = 1 << codebook.bits();
      this.layer = layer;
      others = Mask.full(context, shape.rows(), shape.cols());
      others.andNot(layer.own());
      kept = valuesOf(others, layer);
      centres = Tensor.plain(context, size);
      centres.upload(codebook.centres(), 0, codebook.centres().length);
      gradient = Tensor.plain(context, size);
      sums =
          CodebookGradient.bind(context, shape, codebook.bits())
              .gradient(layer.parameter().gradient())
              .selected(layer.own())
              .codes(codebook.codes())
              .diffCentres(gradient);
      stepper = rule.withoutDecay().bind(new PlaneShape(1, size), centres, gradient, null);
      stepper.learningRate(rule.learningRate() * rate);
      weights =
          CodebookDecode.bind(context, shape, codebook.bits(), 1)
              .codes(codebook.codes())
              .codebooks(centres.view(1, size))
              .free(kept == null ? null : others)
              .values(kept)
              .weights(layer.parameter().weights());
    }

    private static Tensor valuesOf(Mask others, SharedLayer layer) {
      long count = others.cardinality();
      if (count == 0) {
        return null;
      }
      Tensor values = Tensor.plain(others.context(), count);
      MaskCompress.bind(others.context(), layer.shape())
          .selected(others)
          .dense(layer.parameter().weights())
          .compact(values)
          .pack();
      return values;
    }

    void step() {
      sums.apply();
      stepper.step();
      weights.forward();
    }

    void finish() {
      int used = layer.codebook().centres().length;
      float[] moved = Arrays.copyOf(centres.download(), used);
      layer.setCodebook(layer.codebook().moved(moved));
    }

    void close() {
      others.close();
      if (kept != null) {
        kept.close();
      }
      centres.close();
      gradient.close();
      stepper.close();
    }
  }
}
