// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.nio.file.Path;

/**
 * What the user may say about a stream.
 *
 * @param base the stream that generated domains are made over; null = their default
 * @param data folder (or zip) with the files, or null where none is needed
 * @param seed decides drawn images, permutations and random splits
 * @param tasks use the first so many tasks; 0 = the stream's own number
 * @param classesPerTask classes in each task; 0 = the stream's own number
 * @param imageSize scale images to this height and width, in pixels; 0 = as they are; image files
 *     only
 * @param trainLimit at most so many training images per task, classes balanced; 0 = all
 * @param testLimit at most so many test images per task, classes balanced; 0 = all
 */
public record StreamOptions(
    String base,
    Path data,
    long seed,
    int tasks,
    int classesPerTask,
    int imageSize,
    int trainLimit,
    int testLimit) {

  /** Checks every number. */
  public StreamOptions {
    requireNotNegative("tasks", tasks, "0 = the stream's own number");
    requireNotNegative("classesPerTask", classesPerTask, "0 = the stream's own number");
    requireNotNegative("imageSize", imageSize, "0 = as the images are");
    requireNotNegative("trainLimit", trainLimit, "0 = all images");
    requireNotNegative("testLimit", testLimit, "0 = all images");
    if (classesPerTask == 1) {
      throw new IllegalArgumentException("classesPerTask is 1, a task needs at least 2 classes");
    }
    if (imageSize > 1024) {
      throw new IllegalArgumentException(
          "imageSize is " + imageSize + ", the limit is 1024; choose a smaller one");
    }
  }

  /** The same without a base. */
  public StreamOptions(
      Path data,
      long seed,
      int tasks,
      int classesPerTask,
      int imageSize,
      int trainLimit,
      int testLimit) {
    this(null, data, seed, tasks, classesPerTask, imageSize, trainLimit, testLimit);
  }

  /** The stream's own numbers. */
  public static StreamOptions defaults(Path data, long seed) {
    return new StreamOptions(data, seed, 0, 0, 0, 0, 0);
  }

  /** The same, with at most so many images per task. */
  public StreamOptions limited(int newTrainLimit, int newTestLimit) {
    return new StreamOptions(
        base, data, seed, tasks, classesPerTask, imageSize, newTrainLimit, newTestLimit);
  }

  /** The same, with images of another size. */
  StreamOptions sized(int newImageSize) {
    return new StreamOptions(
        base, data, seed, tasks, classesPerTask, newImageSize, trainLimit, testLimit);
  }

  /** The same, with the files elsewhere. */
  public StreamOptions at(Path newData) {
    return new StreamOptions(
        base, newData, seed, tasks, classesPerTask, imageSize, trainLimit, testLimit);
  }

  private static void requireNotNegative(String name, int value, String meaningOfZero) {
    if (value < 0) {
      throw new IllegalArgumentException(
          "%s is %d, it must be at least 0 (%s)".formatted(name, value, meaningOfZero));
    }
  }
}
