// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.List;
import java.util.Objects;

/**
 * Tasks in the order in which they are learned; all images have one size.
 *
 * @param name as {@link Streams} knows it
 * @param description one line for people
 * @param tasks at least one; task {@code i} has index {@code i}; copied
 * @param channels C of every image
 * @param height H of every image, in pixels
 * @param width W of every image, in pixels
 * @param defaultModel the net to use unless the user names one: mlp, lenet, alexnet or resnet18
 */
public record TaskStream(
    String name,
    String description,
    List<Task> tasks,
    int channels,
    int height,
    int width,
    String defaultModel) {

  /** Checks indices and image sizes. */
  public TaskStream {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(description, "description");
    Objects.requireNonNull(defaultModel, "defaultModel");
    tasks = List.copyOf(tasks);
    if (tasks.isEmpty()) {
      throw new IllegalArgumentException("stream '" + name + "' has 0 tasks, at least 1 is needed");
    }
    for (int i = 0; i < tasks.size(); i++) {
      Task task = tasks.get(i);
      Dataset train = task.train();
      if (task.index() != i
          || train.channels() != channels
          || train.height() != height
          || train.width() != width) {
        throw new IllegalArgumentException(
            "task %d of stream '%s' has index %d and images of %d x %d x %d, expected %d x %d x %d"
                .formatted(
                    i,
                    name,
                    task.index(),
                    train.channels(),
                    train.height(),
                    train.width(),
                    channels,
                    height,
                    width));
      }
    }
  }

  /** A stream whose image size is that of its first task. */
  static TaskStream of(String name, String description, List<Task> tasks, String defaultModel) {
    if (tasks.isEmpty()) {
      return new TaskStream(name, description, tasks, 1, 1, 1, defaultModel);
    }
    Dataset first = tasks.get(0).train();
    return new TaskStream(
        name, description, tasks, first.channels(), first.height(), first.width(), defaultModel);
  }

  /** The same tasks with another mean and deviation; their augmentation stays. */
  public TaskStream normalised(Preprocessing by) {
    List<Task> normalised =
        tasks.stream()
            .map(
                task ->
                    Task.of(
                        task.index(),
                        task.name(),
                        task.train(),
                        task.test(),
                        by.augmented(task.preprocessing().cropPad(), task.preprocessing().flip())))
            .toList();
    return new TaskStream(name, description, normalised, channels, height, width, defaultModel);
  }
}
