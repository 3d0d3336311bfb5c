// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Neighbouring classes cut into tasks: classes 0..k-1 are the first task, k..2k-1 the second.
 *
 * @param tasks how many tasks
 * @param classesPerTask k
 */
record ClassSplit(int tasks, int classesPerTask) {

  /**
   * The split that the options ask for.
   *
   * @param stream for messages
   * @param classes how many there are
   * @param usualClassesPerTask where the options leave it open
   * @throws IllegalArgumentException if there are not enough classes
   */
  static ClassSplit of(String stream, int classes, int usualClassesPerTask, StreamOptions options) {
    int perTask = options.classesPerTask() == 0 ? usualClassesPerTask : options.classesPerTask();
    int most = classes / perTask;
    if (most == 0) {
      throw new IllegalArgumentException(
          "stream '%s' has %d classes, classesPerTask is %d; ask for at most %d"
              .formatted(stream, classes, perTask, classes));
    }
    int tasks = options.tasks() == 0 ? most : options.tasks();
    if (tasks > most) {
      throw new IllegalArgumentException(
          "stream '%s' has %d classes, %d tasks of %d need %d; ask for at most %d tasks"
              .formatted(stream, classes, tasks, perTask, (long) tasks * perTask, most));
    }
    return new ClassSplit(tasks, perTask);
  }

  /** Cuts both datasets; a task is named by its classes. */
  List<Task> cut(Dataset train, Dataset test, Preprocessing preprocessing, StreamOptions options) {
    List<Task> cut = new ArrayList<>();
    for (int t = 0; t < tasks; t++) {
      int[] classes = classesOf(t);
      Dataset trainOfTask = train.ofClasses(classes).limited(options.trainLimit());
      Dataset testOfTask = test.ofClasses(classes).limited(options.testLimit());
      String name = title(trainOfTask.classNames());
      cut.add(Task.of(t, name, trainOfTask, testOfTask, preprocessing));
    }
    return cut;
  }

  /** The classes of task {@code t}. */
  int[] classesOf(int t) {
    int[] classes = new int[classesPerTask];
    Arrays.setAll(classes, k -> t * classesPerTask + k);
    return classes;
  }

  private static String title(List<String> classNames) {
    return classNames.size() <= 3
        ? String.join(", ", classNames)
        : classNames.get(0) + " .. " + classNames.get(classNames.size() - 1);
  }
}
