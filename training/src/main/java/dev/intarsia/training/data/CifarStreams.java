// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.training.data.CifarFiles.FineAndCoarse;
import dev.intarsia.training.data.CifarFiles.Labels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Streams over the binary versions of CIFAR-10 and CIFAR-100. */
final class CifarStreams {
  private static final List<String> CIFAR10_NAMES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
  private static final int FINE = 100;
  private static final int COARSE = 20;
  private static final int CROP_PAD = 4;
  private static final String CIFAR10_FILES =
      "data_batch_*.bin or train*.bin, and test*.bin, each plain or .gz";
  private static final String TRAIN_AND_TEST_FILES = "train*.bin and test*.bin, each plain or .gz";
  private static final Pattern CIFAR10_TRAIN =
      Pattern.compile("(data_batch_|train).*\\.bin(\\.gz)?");
  private static final Pattern TRAIN = Pattern.compile("train.*\\.bin(\\.gz)?");
  private static final Pattern TEST = Pattern.compile("test.*\\.bin(\\.gz)?");
  // Mean and deviation of the whole training sets, per channel.
  private static final Preprocessing CIFAR10 =
      new Preprocessing(
          new float[] {0.4914f, 0.4822f, 0.4465f},
          new float[] {0.2470f, 0.2435f, 0.2616f},
          CROP_PAD,
          true);
  private static final Preprocessing CIFAR100 =
      new Preprocessing(
          new float[] {0.50707516f, 0.48654887f, 0.44091784f},
          new float[] {0.26733429f, 0.25643846f, 0.27615047f},
          CROP_PAD,
          true);

  private CifarStreams() {}

  static TaskStream splitCifar10(String name, String description, StreamOptions options) {
    ClassSplit split = ClassSplit.of(name, CIFAR10_NAMES.size(), 2, options);
    Dataset train = readCifar10(name, options, "train", CIFAR10_TRAIN);
    Dataset test = readCifar10(name, options, "test", TEST);
    return TaskStream.of(name, description, split.cut(train, test, CIFAR10, options), "alexnet");
  }

  /** All of CIFAR-10 as one task. */
  static Task wholeCifar10(int index, String taskName, String stream, StreamOptions options) {
    return Task.of(
        index,
        taskName,
        readCifar10(stream, options, "train", CIFAR10_TRAIN).limited(options.trainLimit()),
        readCifar10(stream, options, "test", TEST).limited(options.testLimit()),
        CIFAR10);
  }

  /** The test images of CIFAR-10 in a folder, [N, 3, 32, 32]. */
  static Dataset cifar10Test(Path folder) {
    return readCifar10("cifar10", StreamOptions.defaults(folder, 0), "test", TEST);
  }

  private static Dataset readCifar10(
      String name, StreamOptions options, String split, Pattern files) {
    Path folder = StreamFiles.folder(name, options, CIFAR10_FILES);
    List<String> names =
        StreamFiles.names(folder.resolve("batches.meta.txt"), CIFAR10_NAMES.size(), CIFAR10_NAMES);
    return CifarFiles.read(
        name + " " + split,
        Labels.SINGLE,
        StreamFiles.matching(folder, files, CIFAR10_FILES),
        names);
  }

  /** A data set in CIFAR-10's records, in files named by split. */
  static Dataset readRecords(
      String name, StreamOptions options, String split, List<String> classNames) {
    Path folder = StreamFiles.folder(name, options, TRAIN_AND_TEST_FILES);
    Pattern files = split.equals("train") ? TRAIN : TEST;
    return CifarFiles.read(
        name + " " + split,
        Labels.SINGLE,
        StreamFiles.matching(folder, files, TRAIN_AND_TEST_FILES),
        classNames);
  }

  static TaskStream splitCifar100(String name, String description, StreamOptions options) {
    ClassSplit split = ClassSplit.of(name, FINE, 10, options);
    Dataset train = readCifar100(name, options, "train", TRAIN).fine();
    Dataset test = readCifar100(name, options, "test", TEST).fine();
    return TaskStream.of(name, description, split.cut(train, test, CIFAR100, options), "alexnet");
  }

  static TaskStream splitSuperclasses(String name, String description, StreamOptions options) {
    int perTask = FINE / COARSE;
    if (options.classesPerTask() != 0 && options.classesPerTask() != perTask) {
      throw new IllegalArgumentException(
          "stream '%s' has %d classes in each task, classesPerTask is %d; leave it out"
              .formatted(name, perTask, options.classesPerTask()));
    }
    int count = ClassSplit.of(name, FINE, perTask, options).tasks();
    FineAndCoarse train = readCifar100(name, options, "train", TRAIN);
    Dataset test = readCifar100(name, options, "test", TEST).fine();
    List<Task> tasks = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      int[] classes = classesOf(t, train, options.data());
      tasks.add(
          Task.of(
              t,
              train.coarse().classNames().get(t),
              train.fine().ofClasses(classes).limited(options.trainLimit()),
              test.ofClasses(classes).limited(options.testLimit()),
              CIFAR100));
    }
    return TaskStream.of(name, description, tasks, "alexnet");
  }

  /** The fine classes of one superclass, by the labels of the training images. */
  private static int[] classesOf(int superclass, FineAndCoarse train, Path folder) {
    SortedSet<Integer> classes = new TreeSet<>();
    for (int i = 0; i < train.fine().size(); i++) {
      if (train.coarse().label(i) == superclass) {
        classes.add(train.fine().label(i));
      }
    }
    if (classes.size() != FINE / COARSE) {
      throw new DataException(
          folder,
          "superclass %d has %d classes, expected %d"
              .formatted(superclass, classes.size(), FINE / COARSE),
          "give the CIFAR-100 training records with images of every class");
    }
    return classes.stream().mapToInt(Integer::intValue).toArray();
  }

  private static FineAndCoarse readCifar100(
      String name, StreamOptions options, String split, Pattern files) {
    Path folder = StreamFiles.folder(name, options, TRAIN_AND_TEST_FILES);
    return CifarFiles.readFineAndCoarse(
        name + " " + split,
        StreamFiles.matching(folder, files, TRAIN_AND_TEST_FILES),
        StreamFiles.names(folder.resolve("fine_label_names.txt"), FINE, numbered(FINE)),
        StreamFiles.names(folder.resolve("coarse_label_names.txt"), COARSE, numbered(COARSE)));
  }

  private static List<String> numbered(int classes) {
    return IntStream.range(0, classes).mapToObj(Integer::toString).toList();
  }
}
