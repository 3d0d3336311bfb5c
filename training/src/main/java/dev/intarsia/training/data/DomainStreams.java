// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.training.data.ImageFolder.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Streams over small sets of colour images whose tasks look different from each other. */
final class DomainStreams {
  private static final int SIGNS = 43;
  private static final int TEXTURES = 10;
  private static final int SIDE = 32; // of all images of four-domains
  private static final int CHANNELS = 3;
  private static final List<String> PACS =
      List.of("photo", "art_painting", "cartoon", "sketch"); // from the closest to the farthest
  private static final List<String> FOLDERS = List.of("gtsrb", "dtd10", "pacs", "fashion-mnist");
  private static final String IMAGES = "a folder or zip of images, or a folder with one zip";
  // What published nets for CIFAR and ImageNet were trained with, so that one can be the backbone.
  private static final Preprocessing BACKBONE =
      Preprocessing.normalising(
          new float[] {0.485f, 0.456f, 0.406f}, new float[] {0.229f, 0.224f, 0.225f});
  private static final String MODEL = "resnet20";

  private DomainStreams() {}

  /** PACS (Li et al. 2017): the same seven classes as photos, paintings, cartoons and sketches. */
  static TaskStream pacs(String name, String description, StreamOptions options) {
    requireNoClasses(name, options);
    int count = count(name, "domains", PACS.size(), options);
    List<Task> tasks = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      Split split = read(name, options, PACS.get(t) + "/");
      tasks.add(
          task(t, PACS.get(t).replace('_', ' '), split, measured(split.train(), true), options));
    }
    return TaskStream.of(name, description, tasks, MODEL);
  }

  /** GTSRB (Stallkamp et al. 2012): traffic signs, one task unless cut. */
  static TaskStream signs(String name, String description, StreamOptions options) {
    ClassSplit split = ClassSplit.of(name, SIGNS, SIGNS, options);
    Dataset train = CifarStreams.readRecords(name, options, "train", signNames());
    Dataset test = CifarStreams.readRecords(name, options, "test", signNames());
    // No mirror images: some signs are others' mirror images.
    List<Task> tasks = split.cut(train, test, measured(train, false), options);
    return TaskStream.of(name, description, tasks, MODEL);
  }

  private static List<String> signNames() {
    return IntStream.range(0, SIGNS).mapToObj("sign %02d"::formatted).toList();
  }

  /** DTD (Cimpoi et al. 2014): ten textures, one task unless cut. */
  static TaskStream textures(String name, String description, StreamOptions options) {
    return cut(name, description, options, TEXTURES);
  }

  /** Tiny-ImageNet: neighbouring classes, five a task. */
  static TaskStream tinyImageNet(String name, String description, StreamOptions options) {
    return cut(name, description, options, 5);
  }

  private static TaskStream cut(
      String name, String description, StreamOptions options, int usualClassesPerTask) {
    Split images = read(name, options, "");
    int classes = images.train().classes();
    ClassSplit split =
        ClassSplit.of(name, classes, Math.min(classes, usualClassesPerTask), options);
    List<Task> tasks =
        split.cut(images.train(), images.test(), measured(images.train(), true), options);
    return TaskStream.of(name, description, tasks, MODEL);
  }

  /**
   * Four data sets as four tasks, 32x32 RGB, normalised as published backbones expect: signs,
   * textures, all domains of PACS together, clothes.
   */
  static TaskStream fourDomains(String name, String description, StreamOptions options) {
    requireNoClasses(name, options);
    int count = count(name, "data sets", FOLDERS.size(), options);
    StreamFiles.folder(name, options, "the folders " + String.join(", ", FOLDERS));
    List<Task> tasks = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      tasks.add(fourth(t, name, options.at(options.data().resolve(FOLDERS.get(t))).sized(SIDE)));
    }
    return TaskStream.of(name, description, tasks, MODEL);
  }

  /** One of the four; {@code options} name its own folder. */
  private static Task fourth(int index, String stream, StreamOptions options) {
    return switch (index) {
      case 0 -> {
        Dataset train = CifarStreams.readRecords(stream, options, "train", signNames());
        Dataset test = CifarStreams.readRecords(stream, options, "test", signNames());
        yield task(
            index, "GTSRB", new Split(train, test), BACKBONE.augmented(SIDE / 8, false), options);
      }
      case 1 ->
          task(
              index, "DTD", read(stream, options, ""), BACKBONE.augmented(SIDE / 8, true), options);
      case 2 -> {
        List<Split> domains =
            PACS.stream().map(domain -> read(stream, options, domain + "/")).toList();
        Split all =
            new Split(
                joined(stream + " train", domains.stream().map(Split::train).toList()),
                joined(stream + " test", domains.stream().map(Split::test).toList()));
        yield task(index, "PACS", all, BACKBONE.augmented(SIDE / 8, true), options);
      }
      default -> {
        Dataset train = MnistStreams.read(stream, options, "train", MnistStreams.CLOTHES);
        Dataset test = MnistStreams.read(stream, options, "t10k", MnistStreams.CLOTHES);
        int border = (SIDE - train.height()) / 2;
        Split framed = new Split(train.framed(border, CHANNELS), test.framed(border, CHANNELS));
        yield task(index, "Fashion-MNIST", framed, BACKBONE, options);
      }
    };
  }

  /** Datasets with the same classes, one after the other. */
  private static Dataset joined(String name, List<Dataset> parts) {
    int[] labels =
        parts.stream()
            .flatMapToInt(part -> IntStream.range(0, part.size()).map(part::label))
            .toArray();
    return Views.joined(name, parts, labels, parts.get(0).classNames());
  }

  /** Image files, scaled by area where a size is asked for. */
  private static Split read(String stream, StreamOptions options, String under) {
    Path path = StreamFiles.images(stream, options, IMAGES);
    Split split =
        ImageFolder.read(path, under, new ImageFolder.Options(0, CHANNELS, options.seed()));
    int side = options.imageSize();
    return side == 0
        ? split
        : new Split(split.train().scaled(side, side), split.test().scaled(side, side));
  }

  private static Preprocessing measured(Dataset train, boolean flip) {
    return Preprocessing.measured(train)
        .augmented(Math.min(train.height(), train.width()) / 8, flip);
  }

  private static Task task(
      int index, String name, Split split, Preprocessing preprocessing, StreamOptions options) {
    return Task.of(
        index,
        name,
        split.train().limited(options.trainLimit()),
        split.test().limited(options.testLimit()),
        preprocessing);
  }

  private static void requireNoClasses(String name, StreamOptions options) {
    if (options.classesPerTask() != 0) {
      throw new IllegalArgumentException(
          "stream '%s' has all classes of a data set in each task, classesPerTask is %d; %s"
              .formatted(name, options.classesPerTask(), "leave it out"));
    }
  }

  private static int count(String name, String what, int most, StreamOptions options) {
    if (options.tasks() > most) {
      throw new IllegalArgumentException(
          "stream '%s' has %d %s, tasks is %d; ask for at most %d tasks"
              .formatted(name, most, what, options.tasks(), most));
    }
    return options.tasks() == 0 ? most : options.tasks();
  }
}
