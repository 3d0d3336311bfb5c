// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.training.data.ImageDecoder.Planes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Streams over CamVid (Brostow, Fauqueur and Cipolla 2009), street scenes with a class for each
 * pixel: {@code train/x.jpg} beside {@code trainannot/x.png}, {@code val} and {@code test} alike,
 * in a folder or a zip. Class 11 is what nobody labelled; it does not count.
 */
final class CamVidStreams {
  private static final List<String> CLASSES =
      List.of(
          "sky",
          "building",
          "pole",
          "road",
          "pavement",
          "tree",
          "sign",
          "fence",
          "car",
          "pedestrian",
          "bicyclist");
  private static final int UNLABELLED = CLASSES.size();
  private static final String OTHER = "other"; // class 0 of a group: every class outside it

  private static final String FILES =
      "camvid_160x120.zip, or a folder or zip with train/*.jpg, trainannot/*.png and the same for"
          + " val and test";
  private static final String ZIP = "camvid_160x120.zip";
  private static final int CROP_PAD = 8;

  /** Some classes as a task. */
  private record Group(String name, int... classes) {}

  private static final List<Group> GROUPS =
      List.of(
          new Group("ground", 3, 4),
          new Group("skyline", 0, 1, 5),
          new Group("street furniture", 2, 6, 7),
          new Group("traffic", 8, 9, 10));

  /** A drive through town, told by the first part of its frames' names. */
  private record Sequence(String prefix, String name) {}

  private static final List<Sequence> SEQUENCES =
      List.of(
          new Sequence("0001TP", "0001TP, dusk"),
          new Sequence("0006R0", "0006R0"),
          new Sequence("0016E5", "0016E5"),
          new Sequence("Seq05VD", "Seq05VD"));

  private CamVidStreams() {}

  /** Groups of classes: a task tells those of its group from each other and from all others. */
  static TaskStream classes(String name, String description, StreamOptions options) {
    int count = count(name, options, GROUPS.size());
    Dataset train;
    Dataset test;
    try (FileTree tree = open(name, options)) {
      train = read(name + " train", tree, path -> path.startsWith("train/"));
      test = read(name + " test", tree, path -> path.startsWith("test/"));
    }
    Preprocessing measured = Preprocessing.measured(train).augmented(CROP_PAD, true);
    List<Task> tasks = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      Group group = GROUPS.get(t);
      int[] newLabel = new int[CLASSES.size()];
      List<String> names = new ArrayList<>(List.of(OTHER));
      for (int c : group.classes) {
        newLabel[c] = names.size();
        names.add(CLASSES.get(c));
      }
      tasks.add(
          task(
              t,
              group.name,
              train.regrouped(newLabel, names),
              test.regrouped(newLabel, names),
              measured,
              options));
    }
    return TaskStream.of(name, description, tasks, "segnet-small");
  }

  /** Drives: of each the last fifth of its frames examines, all eleven classes count. */
  static TaskStream sequences(String name, String description, StreamOptions options) {
    int count = count(name, options, SEQUENCES.size());
    List<Task> tasks = new ArrayList<>();
    try (FileTree tree = open(name, options)) {
      for (int t = 0; t < count; t++) {
        Sequence sequence = SEQUENCES.get(t);
        Dataset all =
            read(
                name + " " + sequence.prefix,
                tree,
                path -> path.substring(path.indexOf('/') + 1).startsWith(sequence.prefix + "_"));
        int learned = all.size() - all.size() / 5;
        Dataset train = all.select(IntStream.range(0, learned).toArray());
        Dataset test = all.select(IntStream.range(learned, all.size()).toArray());
        Preprocessing measured = Preprocessing.measured(train).augmented(CROP_PAD, true);
        tasks.add(task(t, sequence.name, train, test, measured, options));
      }
    }
    return TaskStream.of(name, description, tasks, "segnet-small");
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
        spread(train, options.trainLimit()),
        spread(test, options.testLimit()),
        preprocessing);
  }

  /** At most so many images, evenly spread: neighbouring frames are much alike. */
  private static Dataset spread(Dataset all, int limit) {
    if (limit == 0 || limit >= all.size()) {
      return all;
    }
    return all.select(
        IntStream.range(0, limit).map(i -> (int) ((long) i * all.size() / limit)).toArray());
  }

  private static int count(String name, StreamOptions options, int most) {
    if (options.classesPerTask() != 0) {
      throw new IllegalArgumentException(
          "stream '%s' has its own classes in each task, classesPerTask is %d; leave it out"
              .formatted(name, options.classesPerTask()));
    }
    if (options.tasks() > most) {
      throw new IllegalArgumentException(
          "stream '%s' has %d tasks, tasks is %d; ask for at most %d tasks"
              .formatted(name, most, options.tasks(), most));
    }
    return options.tasks() == 0 ? most : options.tasks();
  }

  private static FileTree open(String name, StreamOptions options) {
    Path data = StreamFiles.path(name, options, FILES);
    Path zip = data.resolve(ZIP);
    return FileTree.open(Files.isRegularFile(zip) ? zip : data);
  }

  /** Reads the frames whose paths fit, by name: the order in which they were filmed. */
  private static Dataset read(String name, FileTree tree, Predicate<String> wanted) {
    List<String> paths =
        tree.paths().stream()
            .filter(path -> path.matches("(train|val|test)/[^/]+[.](jpg|png)"))
            .filter(wanted)
            .sorted((a, b) -> frame(a).compareTo(frame(b)))
            .toList();
    if (paths.isEmpty()) {
      throw new DataException(
          tree.display("train"), "there are no frames of " + name, "give " + FILES);
    }
    byte[] pixels = null; // [N, 3, H, W]
    byte[] maps = null; // [N, H, W]
    Planes first = null;
    for (int n = 0; n < paths.size(); n++) {
      String path = paths.get(n);
      String annotation = path.replaceFirst("/", "annot/").replaceFirst("[.](jpg|png)$", ".png");
      if (!tree.contains(annotation)) {
        throw new DataException(tree.display(path), "has no " + annotation, "give " + FILES);
      }
      Planes image = ImageDecoder.decode(tree.display(path), tree.bytes(path), 3, null);
      Planes map = ImageDecoder.decode(tree.display(annotation), tree.bytes(annotation), 1, null);
      if (first == null) {
        first = image;
        pixels = new byte[Math.multiplyExact(paths.size(), image.pixels().length)];
        maps = new byte[pixels.length / 3];
      }
      if (!image.size().equals(first.size()) || !map.size().equals(first.size())) {
        throw new DataException(
            tree.display(path),
            "image is %s and label map %s, expected %s"
                .formatted(image.size(), map.size(), first.size()),
            "scale all of them to one size");
      }
      System.arraycopy(image.pixels(), 0, pixels, n * image.pixels().length, image.pixels().length);
      copyLabels(tree.display(annotation), map.pixels(), maps, n * map.pixels().length);
    }
    int height = first.size().height();
    int width = first.size().width();
    return Dataset.ofMaps(name, pixels, 3, height, width, maps, CLASSES);
  }

  private static String frame(String path) {
    return path.substring(path.indexOf('/') + 1);
  }

  private static void copyLabels(String file, byte[] labels, byte[] maps, int offset) {
    for (int p = 0; p < labels.length; p++) {
      int label = labels[p] & 0xFF;
      if (label > UNLABELLED && label != Dataset.IGNORE) {
        throw new DataException(
            file,
            "pixel %d has label %d, expected 0..%d".formatted(p, label, UNLABELLED),
            "give label maps of the eleven classes");
      }
      maps[offset + p] = (byte) (label >= UNLABELLED ? Dataset.IGNORE : label);
    }
  }
}
