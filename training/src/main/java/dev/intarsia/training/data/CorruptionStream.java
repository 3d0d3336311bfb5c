// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Generated domains over another stream: all of its classes in every task, seen through one {@link
 * Corruption} at one level. Where the tasks of the base have the same classes these are kept,
 * otherwise its tasks' classes stand beside each other.
 */
final class CorruptionStream {
  private static final String BASE = "shapes";

  private CorruptionStream() {}

  static TaskStream open(String name, String description, StreamOptions options) {
    String base = options.base() == null ? BASE : options.base();
    if (base.equals(name)) {
      throw new IllegalArgumentException(
          "stream '%s' cannot be its own base; set base=%s, or another stream"
              .formatted(name, BASE));
    }
    if (options.classesPerTask() != 0) {
      throw new IllegalArgumentException(
          "stream '%s' has all classes of its base in each task, classesPerTask is %d; leave it out"
              .formatted(name, options.classesPerTask()));
    }
    int most = Corruption.values().length * Corruption.LEVELS;
    int count = options.tasks() == 0 ? most : options.tasks();
    if (count > most) {
      throw new IllegalArgumentException(
          "stream '%s' has %d domains, tasks is %d; ask for at most %d tasks"
              .formatted(name, most, count, most));
    }
    StreamOptions whole =
        new StreamOptions(options.data(), options.seed(), 0, 0, options.imageSize(), 0, 0);
    TaskStream clean = Streams.open(base, whole);
    Dataset train = joined(clean.tasks(), true);
    Dataset test = joined(clean.tasks(), false);
    Preprocessing first = clean.tasks().get(0).preprocessing();
    boolean alike = clean.tasks().stream().allMatch(task -> task.preprocessing().equals(first));
    Preprocessing preprocessing =
        alike ? first : Preprocessing.measured(train).augmented(first.cropPad(), first.flip());
    List<Task> tasks = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      Corruption corruption = Corruption.values()[t / Corruption.LEVELS];
      int level = 1 + t % Corruption.LEVELS;
      tasks.add(
          Task.of(
              t,
              corruption.title() + " " + level,
              Views.corrupted(train, corruption, level, options.seed(), 0)
                  .limited(options.trainLimit()),
              Views.corrupted(test, corruption, level, options.seed(), 1)
                  .limited(options.testLimit()),
              preprocessing));
    }
    return TaskStream.of(name, description, tasks, clean.defaultModel());
  }

  /** All images of all tasks. */
  private static Dataset joined(List<Task> tasks, boolean training) {
    boolean same =
        tasks.stream().allMatch(task -> task.classNames().equals(tasks.get(0).classNames()));
    List<Dataset> parts = tasks.stream().map(t -> training ? t.train() : t.test()).toList();
    IntStream.Builder labels = IntStream.builder();
    int first = 0;
    for (Dataset part : parts) {
      for (int i = 0; i < part.size(); i++) {
        labels.add(first + part.label(i));
      }
      first += same ? 0 : part.classes();
    }
    return Views.joined(
        parts.get(0).name(),
        parts,
        labels.build().toArray(),
        same ? parts.get(0).classNames() : names(tasks));
  }

  /** The classes of all tasks; where a name occurs twice, each has its task's before it. */
  private static List<String> names(List<Task> tasks) {
    List<String> names = tasks.stream().flatMap(task -> task.classNames().stream()).toList();
    if (new HashSet<>(names).size() == names.size()) {
      return names;
    }
    return tasks.stream()
        .flatMap(task -> task.classNames().stream().map(name -> task.name() + ": " + name))
        .toList();
  }
}
