// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.methods.tsn;

import dev.intarsia.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * Gives a task's own weights codebooks. Weights it reuses have theirs and are not looked at; zeros
 * outside the mask are no values.
 *
 * <p>With a fixed size every layer gets that many centres. Otherwise the size grows, 2, 4, 8 to 64,
 * until the validation images mind no more than the tolerance beside the float weights (the paper's
 * search starts from the fewest clusters); then each layer alone, the largest first, shrinks as far
 * as the tolerance lets it. If 64 are too few, 64 it is.
 */
public final class Quantiser {
  private static final int LEAST = 2;
  private static final int MOST = 64;

  private final int clusters;
  private final double tolerance;

  /**
   * A quantiser.
   *
   * @param clusters centres of every codebook, or 0 to search
   * @param tolerance accuracy that searching may cost
   */
  public Quantiser(int clusters, double tolerance) {
    this.clusters = clusters;
    this.tolerance = tolerance;
  }

  /**
   * Quantises all layers; their own weights are centres afterwards.
   *
   * @param accuracy of the net on validation images, with weights as they are
   */
  public void apply(List<SharedLayer> layers, DoubleSupplier accuracy) {
    List<Floats> floats = new ArrayList<>();
    try {
      for (SharedLayer layer : layers) {
        if (layer.owned() > 0) {
          floats.add(new Floats(layer));
        }
      }
      if (clusters > 0) {
        floats.forEach(each -> each.quantise(clusters));
      } else if (!floats.isEmpty()) {
        search(floats, accuracy);
      }
    } finally {
      floats.forEach(Floats::close);
    }
  }

  private void search(List<Floats> layers, DoubleSupplier accuracy) {
    double least = accuracy.getAsDouble() - tolerance;
    int size = LEAST;
    while (true) {
      for (Floats layer : layers) {
        layer.quantise(size);
      }
      if (size == MOST || accuracy.getAsDouble() >= least) {
        break;
      }
      size *= 2;
    }
    layers.sort((a, b) -> Long.compare(b.owned, a.owned)); // stable: ties from input to output
    for (Floats layer : layers) {
      shrink(layer, size / 2, least, accuracy);
    }
  }

  private static void shrink(Floats layer, int from, double least, DoubleSupplier accuracy) {
    for (int size = from; size >= LEAST; size /= 2) {
      layer.quantise(size);
      if (accuracy.getAsDouble() < least) {
        layer.quantise(2 * size);
        return;
      }
    }
  }

  /** A layer's weights before they became centres. */
  private static final class Floats implements AutoCloseable {
    private final SharedLayer layer;
    private final Tensor before;
    private final long owned;

    Floats(SharedLayer layer) {
      this.layer = layer;
      Tensor weights = layer.parameter().weights();
      before = Tensor.plain(weights.context(), weights.dims());
      before.copyFrom(weights);
      owned = layer.owned();
    }

    void quantise(int size) {
      layer.parameter().weights().copyFrom(before);
      layer.setCodebook(Codebook.fit(layer, size));
    }

    @Override
    public void close() {
      before.close();
    }
  }
}
