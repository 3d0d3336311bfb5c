// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Omniglot (Lake et al. 2015) at 28x28: one alphabet a task, its characters the classes. Of the 20
 * drawings of a character, each by another person, the first 15 are learned and 5 examine.
 */
final class Omniglot {
  private static final String IMAGES = "omniglot28-images-idx3-ubyte";
  private static final String LABELS = "omniglot28-labels-idx1-short";
  private static final String CLASSES = "omniglot28-classes.tsv";
  private static final String FILES =
      IMAGES + " and " + LABELS + ", each plain or .gz, and " + CLASSES;
  private static final int DRAWINGS = 20;
  private static final int LEARNED = 15;

  private Omniglot() {}

  static TaskStream open(String name, String description, StreamOptions options) {
    if (options.classesPerTask() != 0) {
      throw new IllegalArgumentException(
          "stream '%s' has one alphabet in each task, classesPerTask is %d; leave it out"
              .formatted(name, options.classesPerTask()));
    }
    Path folder = StreamFiles.folder(name, options, FILES);
    List<String> names = new ArrayList<>();
    Map<String, List<Integer>> alphabets = alphabets(folder.resolve(CLASSES), names);
    int count = options.tasks() == 0 ? alphabets.size() : options.tasks();
    if (count > alphabets.size()) {
      throw new IllegalArgumentException(
          "stream '%s' has %d alphabets, tasks is %d; ask for at most %d tasks"
              .formatted(name, alphabets.size(), count, alphabets.size()));
    }
    Path images = StreamFiles.plainOrPacked(folder, IMAGES, FILES);
    Path labels = StreamFiles.plainOrPacked(folder, LABELS, FILES);
    Dataset all = IdxFiles.read(name, images, labels, names);
    Dataset train = drawings(all, labels, true).named(name + " train");
    Dataset test = drawings(all, labels, false).named(name + " test");
    Preprocessing preprocessing = Preprocessing.measured(train);
    List<Task> tasks = new ArrayList<>();
    for (Map.Entry<String, List<Integer>> alphabet : alphabets.entrySet()) {
      if (tasks.size() == count) {
        break;
      }
      int[] classes = alphabet.getValue().stream().mapToInt(Integer::intValue).toArray();
      tasks.add(
          Task.of(
              tasks.size(),
              alphabet.getKey(),
              train.ofClasses(classes).limited(options.trainLimit()),
              test.ofClasses(classes).limited(options.testLimit()),
              preprocessing));
    }
    return TaskStream.of(name, description, tasks, "lenet");
  }

  /** The first 15 drawings of each character, or the others. */
  private static Dataset drawings(Dataset all, Path labels, boolean learned) {
    int[] seen = new int[all.classes()];
    IntStream.Builder chosen = IntStream.builder();
    for (int i = 0; i < all.size(); i++) {
      if (seen[all.label(i)]++ < LEARNED == learned) {
        chosen.add(i);
      }
    }
    if (Arrays.stream(seen).anyMatch(count -> count != DRAWINGS)) {
      throw new DataException(
          labels, "has a character without " + DRAWINGS + " drawings", "fetch the files again");
    }
    return all.select(chosen.build().toArray());
  }

  /** Alphabet -> its classes, both in the order of the file; {@code names} gets one a class. */
  private static Map<String, List<Integer>> alphabets(Path file, List<String> names) {
    Map<String, List<Integer>> alphabets = new LinkedHashMap<>();
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw new DataException(
          file, "cannot be read (" + e + ")", "its folder should hold " + FILES, e);
    }
    for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
      String[] fields = line.split("\t"); // class, alphabet, character, set
      if (fields.length < 3 || !fields[0].equals(Integer.toString(names.size()))) {
        throw new DataException(
            file,
            "line '%s' is not 'class, alphabet, character' of class %d"
                .formatted(line, names.size()),
            "fetch the file again");
      }
      alphabets.computeIfAbsent(fields[1], key -> new ArrayList<>()).add(names.size());
      names.add(fields[1] + " " + fields[2]);
    }
    if (names.isEmpty()) {
      throw new DataException(file, "names 0 characters", "fetch the file again");
    }
    return alphabets;
  }
}
