// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Tensor;
import java.util.List;

/**
 * One stage of a net, built on the {@link Activation} of the stage before it. Not thread-safe.
 *
 * <p>{@link #backward} reads the gradient of {@link #out}, writes that of the input (unless the
 * input has none) and <em>adds</em> to the gradients of the parameters.
 */
public interface Layer extends AutoCloseable {

  /** Computes {@link #out} from the input. */
  void forward(Phase phase);

  /** Propagates the gradient of the latest forward pass, which must have been a training pass. */
  void backward();

  /**
   * Propagates the gradient as far down as something learns: what lies below needs none. Layers of
   * layers stop between two of them.
   */
  default void backwardToLearners() {
    if (learns()) {
      backward();
    }
  }

  /** Whether a parameter in use is not frozen. */
  default boolean learns() {
    return false;
  }

  /** What this layer computes. Owned by the layer, or the input itself if it works in place. */
  Activation out();

  /**
   * Sets how many images later passes have.
   *
   * @param n from 1 to the N of the input's shape
   */
  void batch(int n);

  /** Parameters in use now, in a fixed order. */
  default List<Parameter> parameters() {
    return List.of();
  }

  /** Layers in here whose weights tasks share, in the order of their {@link #parameters}. */
  default List<MaskedLayer> maskedLayers() {
    return List.of();
  }

  /**
   * Lets sets of normalisation parameters and statistics that are first seen from now on start as
   * copies of the set of a key, not as fresh ones. Layers without such state do nothing.
   */
  default void normsFrom(int key) {}

  /**
   * Selects one of several sets of normalisation parameters and statistics. A key seen for the
   * first time starts a fresh set. Layers without such state do nothing.
   */
  default void selectNorms(int key) {}

  /**
   * Lets each run of the passes to come use the set of its own task, outside training. No runs: the
   * set that was selected last for all images again. Layers without such state do nothing.
   */
  default void selectNorms(List<Run> runs) {}

  /** Running statistics of the selected set: what must be stored beside {@link #parameters}. */
  default List<Tensor> statistics() {
    return List.of();
  }

  /** Frees what the layer owns. */
  @Override
  void close();
}
