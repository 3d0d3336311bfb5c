// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Five data sets of ten classes, one a task, all as 32x32 RGB (Ebrahimi et al. 2020): photographs,
 * digits, clothes, letters, coloured digits. MNIST-M stands where the literature has SVHN. Grey
 * images get a black border of two pixels and are shown in three equal channels.
 */
final class FiveDatasets {
  private static final List<String> LETTERS =
      List.of("A", "B", "C", "D", "E", "F", "G", "H", "I", "J");
  private static final List<String> FOLDERS =
      List.of("cifar10", "mnist", "fashion-mnist", "notmnist", "mnist-m");
  private static final int CLASSES = 10;
  private static final int BORDER = 2; // 28 to 32 pixels
  private static final int CHANNELS = 3;

  // Mean and deviation of the training pixels, border included. Those of MNIST and Fashion-MNIST
  // are the literature's; those of notMNIST and MNIST-M were measured: on the first four fifths of
  // each class of notMNIST's 10 000 test images, and on 100 training images of each digit.
  private static final Preprocessing MNIST = grey(0.1f, 0.2752f);
  private static final Preprocessing FASHION = grey(0.2190f, 0.3318f);
  private static final Preprocessing NOTMNIST = grey(0.3269f, 0.4405f);
  private static final Preprocessing MNISTM =
      Preprocessing.normalising(
          new float[] {0.4596f, 0.4656f, 0.4122f}, new float[] {0.2526f, 0.2368f, 0.2572f});

  private FiveDatasets() {}

  private static Preprocessing grey(float mean, float std) {
    return Preprocessing.normalising(new float[] {mean, mean, mean}, new float[] {std, std, std});
  }

  static TaskStream open(String name, String description, StreamOptions options) {
    return open(name, description, options, List.of(0, 1, 2, 3, 4), "resnet18");
  }

  /** Digits in black and white, digits over photographs, and letters as the far domain. */
  static TaskStream digits(String name, String description, StreamOptions options) {
    return open(name, description, options, List.of(1, 4, 3), "resnet20");
  }

  private static TaskStream open(
      String name, String description, StreamOptions options, List<Integer> sets, String model) {
    if (options.classesPerTask() != 0 && options.classesPerTask() != CLASSES) {
      throw new IllegalArgumentException(
          "stream '%s' has %d classes in each task, classesPerTask is %d; leave it out"
              .formatted(name, CLASSES, options.classesPerTask()));
    }
    int count = options.tasks() == 0 ? sets.size() : options.tasks();
    if (count > sets.size()) {
      throw new IllegalArgumentException(
          "stream '%s' has %d data sets, tasks is %d; ask for at most %d tasks"
              .formatted(name, sets.size(), count, sets.size()));
    }
    List<String> folders = sets.stream().map(FOLDERS::get).toList();
    StreamFiles.folder(name, options, "the folders " + String.join(", ", folders));
    List<Task> tasks = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      StreamOptions own = options.at(options.data().resolve(folders.get(t)));
      tasks.add(task(t, sets.get(t), name, own));
    }
    return TaskStream.of(name, description, tasks, model);
  }

  /** One data set; {@code options} name its own folder. */
  private static Task task(int index, int set, String stream, StreamOptions options) {
    return switch (set) {
      case 0 -> CifarStreams.wholeCifar10(index, "CIFAR-10", stream, options);
      case 1 -> grey(index, "MNIST", stream, options, MnistStreams.DIGITS, MNIST);
      case 2 -> grey(index, "Fashion-MNIST", stream, options, MnistStreams.CLOTHES, FASHION);
      case 3 -> grey(index, "notMNIST", stream, options, LETTERS, NOTMNIST);
      default -> {
        List<String> names = MnistStreams.DIGITS;
        Dataset train = CifarStreams.readRecords(stream, options, "train", names);
        Dataset test = CifarStreams.readRecords(stream, options, "test", names);
        yield task(index, "MNIST-M", train, test, MNISTM, options);
      }
    };
  }

  private static Task grey(
      int index,
      String name,
      String stream,
      StreamOptions options,
      List<String> classNames,
      Preprocessing preprocessing) {
    Dataset test = MnistStreams.read(stream, options, "t10k", classNames);
    Dataset train;
    if (classNames == LETTERS && !MnistStreams.has(options.data(), "train")) {
      // notMNIST is often at hand as its test file alone: the last fifth of each class examines.
      Dataset all = test;
      train = all.select(fifth(all, false));
      test = all.select(fifth(all, true));
    } else {
      train = MnistStreams.read(stream, options, "train", classNames);
    }
    return task(
        index,
        name,
        train.framed(BORDER, CHANNELS),
        test.framed(BORDER, CHANNELS),
        preprocessing,
        options);
  }

  private static Task task(
      int index,
      String name,
      Dataset train,
      Dataset test,
      Preprocessing preprocessing,
      StreamOptions options) {
    return Task.of(
        index,
        name,
        train.limited(options.trainLimit()),
        test.limited(options.testLimit()),
        preprocessing);
  }

  /** The last fifth of every class, rounded down, or all but it, in the order of the dataset. */
  private static int[] fifth(Dataset all, boolean last) {
    int[] perClass = new int[all.classes()];
    for (int i = 0; i < all.size(); i++) {
      perClass[all.label(i)]++;
    }
    int[] left = perClass.clone();
    int[] chosen = new int[all.size()];
    int count = 0;
    for (int i = 0; i < all.size(); i++) {
      int label = all.label(i);
      boolean inLast = left[label]-- <= perClass[label] / 5;
      if (inLast == last) {
        chosen[count++] = i;
      }
    }
    return Arrays.copyOf(chosen, count);
  }
}
