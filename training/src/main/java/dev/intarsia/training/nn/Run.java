// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.Tensor;

/**
 * Consecutive images of a pass that are of one task.
 *
 * @param task index of the task: of its head, its norms and its masks
 * @param first index of the first image; starts a {@linkplain Network#block block}
 * @param count at least 1; what is left of its last block is computed and means nothing
 */
public record Run(int task, int first, int count) {
  /** Checks that there are images. */
  public Run {
    if (task < 0 || first < 0 || count < 1) {
      throw new IllegalArgumentException(
          "a run of task %d has %d images from %d on, expected at least one image"
              .formatted(task, count, first));
    }
  }

  /** The values of these images. */
  Tensor of(Activation all) {
    return all.value().images(first, count);
  }

  /** Index behind the last image. */
  int end() {
    return first + count;
  }
}
