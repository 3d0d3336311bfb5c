// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.CounterRandom;
import dev.intarsia.training.data.ImageDecoder.Planes;
import dev.intarsia.training.data.ImageDecoder.Size;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Images in class folders, in a folder or a zip. Three layouts are told apart by their paths, after
 * a folder that holds everything else has been stepped into:
 *
 * <ul>
 *   <li>{@code train/<class>/images/*} with {@code val/val_annotations.txt}: Tiny-ImageNet; {@code
 *       words.txt}, where present, names the classes;
 *   <li>{@code train/<class>/*} with {@code test/<class>/*} or else {@code val/<class>/*};
 *   <li>{@code <class>/*}: every fifth image of a class, in an order drawn from the seed, is a test
 *       image.
 * </ul>
 *
 * <p>Classes and images are in the order of their paths, so the same files always give the same
 * datasets.
 */
public final class ImageFolder {
  private static final String ANNOTATIONS = "val/val_annotations.txt";
  private static final String LAYOUTS =
      "expected train/<class>/* with test/<class>/* or val/<class>/*, or <class>/*";
  private static final int TEST_SHARE = 5;

  private ImageFolder() {}

  /**
   * How to read.
   *
   * @param imageSize scale to this height and width in pixels; 0 = as they are, and then all alike
   * @param channels 3 (grey images become RGB) or 1 (colour images become grey)
   * @param seed decides the split where the folder has none
   */
  public record Options(int imageSize, int channels, long seed) {
    /** Checks. */
    public Options {
      if (imageSize < 0) {
        throw new IllegalArgumentException(
            "imageSize is " + imageSize + ", it must be at least 0 (0 = as the images are)");
      }
      if (channels != 1 && channels != 3) {
        throw new IllegalArgumentException("channels is " + channels + ", it must be 1 or 3");
      }
    }
  }

  /**
   * What was read; both datasets have the same classes.
   *
   * @param train images to learn from
   * @param test images to be examined on
   */
  public record Split(Dataset train, Dataset test) {}

  /**
   * Reads all images, [N, C, H, W].
   *
   * @param root folder or zip
   * @throws DataException if it is missing or has no such layout, if an image cannot be decoded or
   *     differs in size, or if a class has no training or no test image
   */
  public static Split read(Path root, Options options) {
    return read(root, "", options);
  }

  /** The same with the images alone whose path starts with {@code under}, such as a domain. */
  static Split read(Path root, String under, Options options) {
    try (FileTree tree = FileTree.open(root)) {
      Listing listing = Listing.of(root, tree, under, options.seed);
      String name = root.getFileName() == null ? root.toString() : root.getFileName().toString();
      Size scaled = options.imageSize == 0 ? null : new Size(options.imageSize, options.imageSize);
      Decoding train = new Decoding(name + " train", options.channels, scaled);
      train.decode(tree, listing.train);
      Decoding test = new Decoding(name + " test", options.channels, scaled);
      test.size = train.size;
      test.decode(tree, listing.test);
      return new Split(train.dataset(listing.names()), test.dataset(listing.names()));
    }
  }

  /**
   * One split on its way from files to pixels. Without a size to scale to, the first image decides
   * and images of another size are an error: stretching some and not others would be a silent
   * change.
   */
  private static final class Decoding {
    private final String name;
    private final int channels;
    private final Size scaled; // null: as the images are
    private Size size; // null: not known yet
    private byte[] pixels; // [N, C, H, W]
    private int[] labels; // [N]

    Decoding(String name, int channels, Size scaled) {
      this.name = name;
      this.channels = channels;
      this.scaled = scaled;
    }

    void decode(FileTree tree, SortedMap<String, List<String>> files) {
      labels = new int[files.values().stream().mapToInt(List::size).sum()];
      int label = 0;
      int i = 0;
      for (List<String> ofClass : files.values()) {
        for (String path : ofClass) {
          byte[] image = decode(tree.display(path), tree.bytes(path)); // [C, H, W]
          System.arraycopy(image, 0, pixels, i * image.length, image.length);
          labels[i++] = label;
        }
        label++;
      }
    }

    private byte[] decode(String file, byte[] encoded) {
      Planes image = ImageDecoder.decode(file, encoded, channels, scaled);
      if (size == null) {
        size = image.size();
      }
      if (!image.size().equals(size)) {
        throw new DataException(
            file,
            "is %d x %d, the images before it are %d x %d"
                .formatted(
                    image.size().height(), image.size().width(), size.height(), size.width()),
            "set an image size to scale all images to");
      }
      if (pixels == null) {
        pixels = new byte[requireRoom()];
      }
      return image.pixels();
    }

    private int requireRoom() {
      long bytes = (long) labels.length * channels * size.height() * size.width();
      long limit = Integer.MAX_VALUE - 8;
      if (bytes > limit) {
        throw new DataException(
            name,
            "%d images of %d x %d x %d need %d bytes, the limit is %d"
                .formatted(labels.length, channels, size.height(), size.width(), bytes, limit),
            "set a smaller image size");
      }
      return (int) bytes;
    }

    Dataset dataset(List<String> classNames) {
      return Dataset.of(name, pixels, channels, size.height(), size.width(), labels, classNames);
    }
  }

  /** Which image files belong to which class and split: class folder -> paths, both sorted. */
  private record Listing(
      SortedMap<String, List<String>> train,
      SortedMap<String, List<String>> test,
      Map<String, String> displayNames) {

    static Listing of(Path root, FileTree tree, String under, long seed) {
      List<String> images =
          tree.paths().stream()
              .filter(ImageDecoder::readable)
              .filter(path -> path.startsWith(under))
              .toList();
      if (images.isEmpty()) {
        String where = under.isEmpty() ? "" : " under " + under;
        throw new DataException(root, "holds 0 PNG, JPEG, BMP or GIF images" + where, LAYOUTS);
      }
      String prefix = commonPrefix(images);
      Listing listing;
      if (tree.contains(prefix + ANNOTATIONS)) {
        listing = tinyImageNet(root, tree, prefix, images);
      } else {
        SortedMap<String, List<String>> train = byClass(images, prefix + "train/");
        SortedMap<String, List<String>> test = byClass(images, prefix + "test/");
        if (test.isEmpty()) {
          test = byClass(images, prefix + "val/");
        }
        listing =
            train.isEmpty() || test.isEmpty()
                ? split(root, byClass(images, prefix), seed)
                : new Listing(train, test, Map.of());
      }
      listing.requireClasses(root);
      return listing;
    }

    /** The folders, ending in a slash, that every image lies in, as far as class folders follow. */
    private static String commonPrefix(List<String> images) {
      String prefix = "";
      while (true) {
        String first = images.get(0);
        int slash = first.indexOf('/', prefix.length());
        if (slash < 0 || first.indexOf('/', slash + 1) < 0) {
          return prefix;
        }
        String longer = first.substring(0, slash + 1);
        if (!images.stream().allMatch(path -> path.startsWith(longer))) {
          return prefix;
        }
        prefix = longer;
      }
    }

    /** Images below {@code prefix}, by the folder right under it. */
    private static SortedMap<String, List<String>> byClass(List<String> images, String prefix) {
      SortedMap<String, List<String>> classes = new TreeMap<>();
      for (String path : images) {
        int slash = path.startsWith(prefix) ? path.indexOf('/', prefix.length()) : -1;
        if (slash >= 0) {
          String folder = path.substring(prefix.length(), slash);
          classes.computeIfAbsent(folder, key -> new ArrayList<>()).add(path);
        }
      }
      return classes;
    }

    private static Listing split(Path root, SortedMap<String, List<String>> all, long seed) {
      SortedMap<String, List<String>> train = new TreeMap<>();
      SortedMap<String, List<String>> test = new TreeMap<>();
      int label = 0;
      for (Map.Entry<String, List<String>> entry : all.entrySet()) {
        List<String> paths = entry.getValue();
        if (paths.size() < 2) {
          throw new DataException(
              root,
              "class '%s' has 1 image, at least 2 are needed to split".formatted(entry.getKey()),
              "add images or remove the class");
        }
        int[] order = new int[paths.size()];
        Arrays.setAll(order, i -> i);
        CounterRandom.of(seed, "split", label++).shuffle(order);
        int testCount = Math.max(1, paths.size() / TEST_SHARE);
        test.put(entry.getKey(), pick(paths, Arrays.copyOf(order, testCount)));
        train.put(entry.getKey(), pick(paths, Arrays.copyOfRange(order, testCount, order.length)));
      }
      return new Listing(train, test, Map.of());
    }

    private static List<String> pick(List<String> paths, int[] indices) {
      return Arrays.stream(indices).sorted().mapToObj(paths::get).toList();
    }

    private static Listing tinyImageNet(
        Path root, FileTree tree, String prefix, List<String> images) {
      SortedMap<String, List<String>> train = byClass(images, prefix + "train/");
      SortedMap<String, List<String>> test = new TreeMap<>();
      String annotations = prefix + ANNOTATIONS;
      for (String line : lines(tree, annotations)) {
        String[] fields = line.split("\t"); // file, class, box
        String path = prefix + "val/images/" + fields[0];
        if (fields.length < 2 || !tree.contains(path) || !train.containsKey(fields[1])) {
          throw new DataException(
              tree.display(annotations),
              "line '%s' names no image of val/images or no class of train".formatted(line),
              "fetch the data again");
        }
        test.computeIfAbsent(fields[1], key -> new ArrayList<>()).add(path);
      }
      test.values().forEach(paths -> paths.sort(null));
      Map<String, String> words = new HashMap<>();
      if (tree.contains(prefix + "words.txt")) {
        for (String line : lines(tree, prefix + "words.txt")) {
          String[] fields = line.split("\t");
          if (fields.length > 1) {
            words.put(fields[0], fields[1].split(",")[0]);
          }
        }
      }
      return new Listing(train, test, words);
    }

    private static List<String> lines(FileTree tree, String path) {
      String text = new String(tree.bytes(path), StandardCharsets.UTF_8);
      return text.lines().filter(line -> !line.isBlank()).toList();
    }

    private void requireClasses(Path root) {
      if (train.size() < 2) {
        throw new DataException(
            root, "has %d class folders, at least 2 are needed".formatted(train.size()), LAYOUTS);
      }
      if (!train.keySet().equals(test.keySet())) {
        String odd =
            train.keySet().stream()
                .filter(name -> !test.containsKey(name))
                .findFirst()
                .map(name -> "class '" + name + "' has 0 test images")
                .orElse("there are test classes without training images");
        throw new DataException(
            root,
            "%d training classes, %d test classes: %s".formatted(train.size(), test.size(), odd),
            "every class needs images of both");
      }
    }

    /** Class names in label order. */
    List<String> names() {
      return train.keySet().stream().map(key -> displayNames.getOrDefault(key, key)).toList();
    }
  }
}
