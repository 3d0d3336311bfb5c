// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.CounterRandom;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Streams over MNIST and data sets in its four-file form. */
final class MnistStreams {
  static final List<String> DIGITS = List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
  static final List<String> CLOTHES =
      List.of(
          "T-shirt/top",
          "Trouser",
          "Pullover",
          "Dress",
          "Coat",
          "Sandal",
          "Shirt",
          "Sneaker",
          "Bag",
          "Ankle boot");
  // Mean and deviation of the training pixels, as the literature rounds them.
  private static final Preprocessing MNIST = grey(0.1307f, 0.3081f);
  private static final Preprocessing FASHION = grey(0.2190f, 0.3318f);
  private static final int PERMUTATIONS = 10;
  private static final String FILES =
      "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and"
          + " t10k-labels-idx1-ubyte, each plain or .gz";

  private MnistStreams() {}

  private static Preprocessing grey(float mean, float std) {
    return Preprocessing.normalising(new float[] {mean}, new float[] {std});
  }

  static TaskStream splitMnist(String name, String description, StreamOptions options) {
    return split(name, description, options, DIGITS, MNIST);
  }

  static TaskStream splitFashion(String name, String description, StreamOptions options) {
    return split(name, description, options, CLOTHES, FASHION);
  }

  private static TaskStream split(
      String name,
      String description,
      StreamOptions options,
      List<String> classNames,
      Preprocessing preprocessing) {
    ClassSplit split = ClassSplit.of(name, classNames.size(), 2, options);
    Dataset train = read(name, options, "train", classNames);
    Dataset test = read(name, options, "t10k", classNames);
    List<Task> tasks = split.cut(train, test, preprocessing, options);
    return TaskStream.of(name, description, tasks, "mlp");
  }

  /**
   * Permuted MNIST (Goodfellow et al. 2013): every task shows all ten digits through its own random
   * order of the pixels; no task has the natural order.
   */
  static TaskStream permutedMnist(String name, String description, StreamOptions options) {
    if (options.classesPerTask() != 0 && options.classesPerTask() != DIGITS.size()) {
      throw new IllegalArgumentException(
          "stream '%s' has %d classes in each task, classesPerTask is %d; leave it out"
              .formatted(name, DIGITS.size(), options.classesPerTask()));
    }
    Dataset train = read(name, options, "train", DIGITS).limited(options.trainLimit());
    Dataset test = read(name, options, "t10k", DIGITS).limited(options.testLimit());
    int count = options.tasks() == 0 ? PERMUTATIONS : options.tasks();
    List<Task> tasks = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      int[] permutation = new int[train.height() * train.width()];
      Arrays.setAll(permutation, p -> p);
      CounterRandom.of(options.seed(), "permutation", t).shuffle(permutation);
      tasks.add(
          Task.of(
              t,
              "permutation " + t,
              train.permuted(permutation),
              test.permuted(permutation),
              MNIST));
    }
    return TaskStream.of(name, description, tasks, "mlp");
  }

  static Dataset read(String stream, StreamOptions options, String split, List<String> classNames) {
    Path folder = StreamFiles.folder(stream, options, FILES);
    return IdxFiles.read(
        stream + " " + split,
        file(folder, split + "-images-idx3-ubyte"),
        file(folder, split + "-labels-idx1-ubyte"),
        classNames);
  }

  /** Whether the folder has the images of a split. */
  static boolean has(Path folder, String split) {
    String name = split + "-images-idx3-ubyte";
    return Files.exists(folder.resolve(name)) || Files.exists(folder.resolve(name + ".gz"));
  }

  private static Path file(Path folder, String name) {
    return StreamFiles.plainOrPacked(folder, name, FILES);
  }
}
