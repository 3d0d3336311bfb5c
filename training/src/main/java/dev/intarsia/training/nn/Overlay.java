// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Mask;
import dev.intarsia.Tensor;
import java.util.List;

/**
 * What a {@link MaskedLayer} multiplies in place of its shared weights: a function of them, which
 * stay as they are, and of parameters that a task has for itself. Reads the layer's input and the
 * gradient of its output where they are. Owned by whoever made it, who closes it after the layer
 * has let go of it. Not thread-safe.
 */
public interface Overlay extends AutoCloseable {

  /** Brings {@link #weights} and {@link #mask} up to date; called before each forward pass. */
  void refresh(Phase phase);

  /** What the layer multiplies, in the dims of its weights, until the next refresh. */
  Tensor weights();

  /** Which of {@link #weights} are live, [rows, cols]; null for all. */
  Mask mask();

  /**
   * Called after each forward pass; may add to the layer's output what no weights of the layer can
   * express.
   */
  default void finish(Phase phase) {}

  /**
   * Adds to the gradients of {@link #parameters}, for the latest forward pass; called after the
   * layer wrote the gradient of its input, to which an overlay that adds to the output adds. The
   * layer's own weights get none.
   */
  void backward();

  /**
   * Sets how many images later passes have.
   *
   * @param n from 1 to the N of the layer's input
   */
  void batch(int n);

  /** What is learned in place of the layer's weights, in a fixed order. */
  List<Parameter> parameters();

  /** Whether a parameter is not frozen. */
  default boolean learns() {
    for (Parameter parameter : parameters()) {
      if (!parameter.isFrozen()) {
        return true;
      }
    }
    return false;
  }

  @Override
  void close();
}
