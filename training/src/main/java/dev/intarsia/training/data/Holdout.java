// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.CounterRandom;
import java.util.Arrays;

/** Splits a task's training images into those to learn from and those that steps are judged by. */
public final class Holdout {
  private Holdout() {}

  /**
   * Returns the task with held-out training images in place of its test images, which no step of
   * learning may see. With one image that image is both.
   *
   * @param fraction of the training images, rounded, at least one image
   * @param augment whether the preprocessing's augmentation stays
   * @param seed which images: a function of seed and task
   */
  public static Task of(Task task, double fraction, boolean augment, long seed) {
    Dataset images = task.train();
    int[] order = new int[images.size()];
    Arrays.setAll(order, i -> i);
    CounterRandom.of(seed, "holdout", task.index()).shuffle(order);
    int held = Math.max(1, (int) Math.rint(fraction * order.length));
    int[] learn = order.length == 1 ? order : Arrays.copyOfRange(order, held, order.length);
    Preprocessing plain = task.preprocessing();
    return new Task(
        task.index(),
        task.name(),
        task.classes(),
        task.classNames(),
        images.select(learn),
        images.select(Arrays.copyOf(order, held)),
        augment ? plain : plain.augmented(0, false));
  }
}
