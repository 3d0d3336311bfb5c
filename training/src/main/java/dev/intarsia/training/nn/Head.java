// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.nn;

import dev.intarsia.CounterRandom;

/**
 * What one task has for itself at the end of a net: it turns the shared features into logits, with
 * one output per class of that task, and knows the loss they are trained with. Not thread-safe.
 */
public interface Head extends AutoCloseable {

  /** Makes the head of a task. */
  interface Factory {
    /**
     * Makes a head.
     *
     * @param name opens the name of its parameter
     * @param features [N, C, H, W], borrowed
     * @param classes of the task
     * @param random draws its weights
     */
    Head make(String name, Activation features, int classes, CounterRandom random);
  }

  /** Computes the logits of the features. */
  void forward();

  /**
   * Writes the gradient of the features and adds to that of the weights, for the latest {@link
   * #judge}.
   */
  void backward();

  /**
   * Sets how many images later passes have.
   *
   * @param n from 1 to the N of the features
   */
  void batch(int n);

  /**
   * Computes the loss of the latest forward pass, on the device, and counts its right answers.
   *
   * @param answers task-local classes, one for each image of the pass, or for each of its pixels;
   *     longer arrays may be given
   * @param count images of the pass
   */
  void judge(int[] answers, int count);

  /** The same, without the loss. */
  void examine(int[] answers, int count);

  /** Reads the loss of the latest {@link #judge} from the device, in nats. */
  float readLoss();

  /** Reads how many answers were right since the last reading, and starts counting anew. */
  long takeCorrect();

  /**
   * What was found since the last reading.
   *
   * @param right answers that were right
   * @param of answers that count
   * @param score fraction of right answers, or what stands for it: of pixels the mIoU; NaN where
   *     nothing counts
   */
  record Tally(long right, long of, double score) {}

  /**
   * Reads and starts anew as {@link #takeCorrect} does.
   *
   * @param images that were judged or examined since
   */
  default Tally takeTally(long images) {
    long right = takeCorrect();
    return new Tally(right, images, (double) right / images);
  }

  /**
   * Reads the logits of the latest forward pass from the device.
   *
   * @param count images of the pass
   * @return [count, classes], row-major
   */
  float[] readLogits(int count);

  /**
   * Answers some images of the features, whatever head the others have.
   *
   * @return logits [count, classes], row-major
   */
  float[] answer(Run run);

  /** [N, classes]; owned by this head. */
  Activation logits();

  /** [classes, features]; owned by this head. */
  Parameter weights();

  @Override
  void close();
}
