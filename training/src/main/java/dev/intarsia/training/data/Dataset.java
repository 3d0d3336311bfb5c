// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Labelled images of one size: uint8 pixels [N, C, H, W] and one class per image or, {@linkplain
 * #ofMaps with label maps}, one per pixel; the class of such an image is the one most pixels have.
 *
 * <p>Selections, relabellings, permutations, frames, joins and corruptions are views: they share
 * the pixels and own only index arrays. Immutable and thread-safe.
 */
public final class Dataset {
  /** The label of pixels that do not count. */
  public static final int IGNORE = 255;

  private final String name;
  private final Pixels pixels;
  private final int channels;
  private final int height;
  private final int width;
  private final int[] rows; // [N], image i is row rows[i] of the pixels; null: row i
  private final int[] labels; // [N]
  private final List<String> classNames;
  private final LabelMaps maps; // of the rows in the storage; null: images have one label

  private Dataset(
      String name,
      Pixels pixels,
      int channels,
      int height,
      int width,
      int[] rows,
      int[] labels,
      List<String> classNames,
      LabelMaps maps) {
    this.name = name;
    this.pixels = pixels;
    this.channels = channels;
    this.height = height;
    this.width = width;
    this.rows = rows;
    this.labels = labels;
    this.classNames = classNames;
    this.maps = maps;
  }

  /**
   * Makes a dataset.
   *
   * @param name for messages, such as {@code "mnist train"}
   * @param pixels [N, C, H, W], values 0..255; handed over: the caller must not write it any more
   * @param channels C
   * @param height H, in pixels
   * @param width W, in pixels
   * @param labels [N], each in 0..classNames.size()-1; copied
   * @param classNames one name per class; copied
   * @throws IllegalArgumentException if sizes disagree or a label is out of range
   */
  public static Dataset of(
      String name,
      byte[] pixels,
      int channels,
      int height,
      int width,
      int[] labels,
      List<String> classNames) {
    Objects.requireNonNull(name, "name");
    if (channels < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "%s: an image is %d x %d x %d, every size must be at least 1"
              .formatted(name, channels, height, width));
    }
    long expected = (long) labels.length * channels * height * width;
    if (pixels.length != expected) {
      throw new IllegalArgumentException(
          "%s: %d pixels, expected %d for %d images of %d x %d x %d"
              .formatted(name, pixels.length, expected, labels.length, channels, height, width));
    }
    int[] checked = checkedLabels(name, labels, classNames.size());
    return new Dataset(
        name,
        new Pixels.Stored(pixels, channels * height * width),
        channels,
        height,
        width,
        null,
        checked,
        List.copyOf(classNames),
        null);
  }

  /**
   * Makes a dataset with a label for each pixel.
   *
   * @param maps [N, H * W], each in 0..classNames.size()-1 or {@link #IGNORE}; handed over as the
   *     pixels are
   * @throws IllegalArgumentException if sizes disagree or a label is out of range
   */
  public static Dataset ofMaps(
      String name,
      byte[] pixels,
      int channels,
      int height,
      int width,
      byte[] maps,
      List<String> classNames) {
    int area = Math.multiplyExact(height, width);
    int images = area == 0 ? 0 : maps.length / area;
    Dataset plain = of(name, pixels, channels, height, width, new int[images], classNames);
    return plain.with(LabelMaps.of(name, maps, area, images, classNames.size()), classNames);
  }

  private Dataset with(LabelMaps newMaps, List<String> newClassNames) {
    int[] main = new int[size()];
    for (int i = 0; i < main.length; i++) {
      main[i] = Math.max(0, newMaps.mainClass(row(i)));
    }
    List<String> names = List.copyOf(newClassNames);
    return new Dataset(name, pixels, channels, height, width, rows, main, names, newMaps);
  }

  /**
   * Returns a view in which the classes of pixels are grouped anew; all images stay.
   *
   * @param newLabel [classes()], each in 0..newClassNames.size()-1, or {@link #IGNORE} for a class
   *     that does not count any more
   * @throws IllegalArgumentException if there are no label maps or a label is out of range
   */
  public Dataset regrouped(int[] newLabel, List<String> newClassNames) {
    if (maps == null || newLabel.length != classes()) {
      throw new IllegalArgumentException(
          "%s: %d new labels for %d classes of %s; give one for each class of label maps"
              .formatted(name, newLabel.length, classes(), maps == null ? "images" : "pixels"));
    }
    for (int c = 0; c < newLabel.length; c++) {
      boolean known = newLabel[c] >= 0 && newLabel[c] < newClassNames.size();
      if (!known && newLabel[c] != IGNORE) {
        throw new IllegalArgumentException(
            "%s: the new label of class %d is %d, it must be in 0..%d or %d"
                .formatted(name, c, newLabel[c], newClassNames.size() - 1, IGNORE));
      }
    }
    return with(maps.relabelled(newLabel), newClassNames);
  }

  private static int[] checkedLabels(String name, int[] labels, int classes) {
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new IllegalArgumentException(
            "%s: label of image %d is %d, it must be in 0..%d (%d classes)"
                .formatted(name, i, labels[i], classes - 1, classes));
      }
    }
    return labels.clone();
  }

  /** Returns a view with another name. */
  public Dataset named(String newName) {
    return new Dataset(newName, pixels, channels, height, width, rows, labels, classNames, maps);
  }

  /**
   * Returns a view of some images, in the given order, classes unchanged.
   *
   * @param indices each in 0..size()-1; repeats are allowed
   */
  public Dataset select(int[] indices) {
    int[] selectedRows = new int[indices.length];
    int[] selectedLabels = new int[indices.length];
    for (int i = 0; i < indices.length; i++) {
      int index = Objects.checkIndex(indices[i], size());
      selectedRows[i] = row(index);
      selectedLabels[i] = labels[index];
    }
    return new Dataset(
        name, pixels, channels, height, width, selectedRows, selectedLabels, classNames, maps);
  }

  /**
   * Returns a view of the images of some classes, in this dataset's order; the first class given
   * becomes label 0, the next label 1. With label maps: of the images that show one of them; pixels
   * of other classes do not count.
   *
   * @throws IllegalArgumentException if a class does not exist or is given twice
   */
  public Dataset ofClasses(int... classes) {
    int[] newLabel = new int[classes()];
    Arrays.fill(newLabel, -1);
    String[] names = new String[classes.length];
    for (int i = 0; i < classes.length; i++) {
      if (classes[i] < 0 || classes[i] >= classes() || newLabel[classes[i]] >= 0) {
        throw new IllegalArgumentException(
            "%s: classes %s must be different and in 0..%d"
                .formatted(name, Arrays.toString(classes), classes() - 1));
      }
      newLabel[classes[i]] = i;
      names[i] = classNames.get(classes[i]);
    }
    if (maps != null) {
      int[] shown = Arrays.stream(newLabel).map(label -> label < 0 ? IGNORE : label).toArray();
      LabelMaps some = maps.relabelled(shown);
      int[] with = IntStream.range(0, size()).filter(i -> some.mainClass(row(i)) >= 0).toArray();
      return select(with).with(some, List.of(names));
    }
    int[] kept = new int[size()];
    int count = 0;
    for (int i = 0; i < size(); i++) {
      if (newLabel[labels[i]] >= 0) {
        kept[count++] = i;
      }
    }
    Dataset view = select(Arrays.copyOf(kept, count));
    int[] relabelled = Arrays.stream(view.labels).map(label -> newLabel[label]).toArray();
    return view.relabelled(relabelled, List.of(names));
  }

  /**
   * Returns a view with other labels.
   *
   * @param newLabels [N], each in 0..newClassNames.size()-1; copied
   */
  public Dataset relabelled(int[] newLabels, List<String> newClassNames) {
    requireOneLabel("relabelled");
    if (newLabels.length != size()) {
      throw new IllegalArgumentException(
          "%s: %d labels for %d images, the counts must agree"
              .formatted(name, newLabels.length, size()));
    }
    int[] checked = checkedLabels(name, newLabels, newClassNames.size());
    return new Dataset(
        name, pixels, channels, height, width, rows, checked, List.copyOf(newClassNames), null);
  }

  /**
   * Returns a view of at most {@code limit} images that keeps the classes balanced: the first
   * images of every class, as far as there are any, in this dataset's order.
   *
   * @param limit the most images to keep; 0 keeps all
   */
  public Dataset limited(int limit) {
    if (limit < 0) {
      throw new IllegalArgumentException(
          "%s: limit is %d, it must be at least 0 (0 keeps all)".formatted(name, limit));
    }
    if (limit == 0 || limit >= size()) {
      return this;
    }
    int[] perClass = new int[classes()];
    for (int label : labels) {
      perClass[label]++;
    }
    int[] quota = new int[classes()];
    for (int left = limit; left > 0; ) {
      for (int c = 0; c < quota.length && left > 0; c++) {
        if (quota[c] < perClass[c]) {
          quota[c]++;
          left--;
        }
      }
    }
    int[] kept = new int[limit];
    int count = 0;
    for (int i = 0; i < size(); i++) {
      if (quota[labels[i]]-- > 0) {
        kept[count++] = i;
      }
    }
    return select(kept);
  }

  /**
   * Returns a view whose pixel {@code p} is this dataset's pixel {@code pixelPermutation[p]}, in
   * every image and channel alike.
   *
   * @param pixelPermutation [H * W], a permutation of 0..H*W-1 (row-major); copied
   */
  public Dataset permuted(int[] pixelPermutation) {
    requireOneLabel("permuted");
    if (!(pixels instanceof Pixels.Stored || pixels instanceof Pixels.Permuted)) {
      throw new IllegalArgumentException(name + ": images are a view; permute them before");
    }
    int area = height * width;
    boolean[] seen = new boolean[area];
    for (int p : pixelPermutation) {
      if (p < 0 || p >= area || seen[p]) {
        throw new IllegalArgumentException(
            "%s: pixel %d of the permutation is out of 0..%d or occurs twice"
                .formatted(name, p, area - 1));
      }
      seen[p] = true;
    }
    if (pixelPermutation.length != area) {
      throw new IllegalArgumentException(
          "%s: the permutation has %d pixels, an image has %d"
              .formatted(name, pixelPermutation.length, area));
    }
    int[] composed = pixelPermutation.clone();
    byte[] bytes;
    if (pixels instanceof Pixels.Permuted permuted) {
      Arrays.setAll(composed, p -> permuted.permutation()[pixelPermutation[p]]);
      bytes = permuted.bytes();
    } else {
      bytes = ((Pixels.Stored) pixels).bytes();
    }
    return through(new Pixels.Permuted(bytes, channels, composed));
  }

  /** The same images, labels and order, each image from elsewhere. */
  private Dataset through(Pixels other) {
    return new Dataset(name, other, channels, height, width, rows, labels, classNames, null);
  }

  /**
   * Returns a view of grey images with a black border and in several equal channels; the pixels
   * stay stored once.
   *
   * @param border black pixels added on every side, at least 0
   * @param newChannels at least 1
   * @throws IllegalArgumentException unless images have one channel and are stored as they look
   */
  public Dataset framed(int border, int newChannels) {
    requireOneLabel("framed");
    if (!(pixels instanceof Pixels.Stored stored)
        || channels != 1
        || border < 0
        || newChannels < 1) {
      throw new IllegalArgumentException(
          "%s: a border of %d in %d channels of images of %d; frame plain grey images"
              .formatted(name, border, newChannels, channels));
    }
    Frame shown = new Frame(height, width, border, newChannels);
    return new Dataset(
        name,
        new Pixels.Framed(stored.bytes(), shown),
        newChannels,
        shown.outerHeight(),
        shown.outerWidth(),
        rows,
        labels,
        classNames,
        null);
  }

  /** Images of this dataset's size from elsewhere, in their own order. */
  Dataset like(String newName, Pixels other, int[] newLabels, List<String> newClassNames) {
    int[] checked = checkedLabels(newName, newLabels, newClassNames.size());
    return new Dataset(
        newName, other, channels, height, width, null, checked, List.copyOf(newClassNames), null);
  }

  /**
   * Returns a copy whose images are scaled by {@linkplain AreaScale area}.
   *
   * @param newHeight in pixels, at least 1
   * @param newWidth in pixels, at least 1
   */
  public Dataset scaled(int newHeight, int newWidth) {
    return AreaScale.of(this, newHeight, newWidth);
  }

  /**
   * Writes one image to {@code dst[offset ..]}.
   *
   * @param i 0..size()-1
   * @param dst receives [C, H, W], unsigned bytes
   * @param offset where the image starts in {@code dst}
   */
  public void copyPixels(int i, byte[] dst, int offset) {
    Objects.checkIndex(i, size());
    pixels.copy(row(i), dst, offset);
  }

  /**
   * Writes the labels of one image's pixels to {@code dst[offset ..]}.
   *
   * @param dst receives [H, W], unsigned bytes
   * @throws IllegalArgumentException if there are no label maps
   */
  public void copyMap(int i, byte[] dst, int offset) {
    Objects.checkIndex(i, size());
    if (maps == null) {
      throw new IllegalArgumentException(name + ": images have one label each; ask for label(i)");
    }
    maps.copy(row(i), dst, offset);
  }

  /** Whether each pixel has a label. */
  public boolean hasMaps() {
    return maps != null;
  }

  private void requireOneLabel(String verb) {
    if (maps != null) {
      throw new IllegalArgumentException(
          name + ": images with label maps cannot be " + verb + "; regroup their classes");
    }
  }

  private int row(int i) {
    return rows == null ? i : rows[i];
  }

  /** Name for messages. */
  public String name() {
    return name;
  }

  /** N, the number of images. */
  public int size() {
    return labels.length;
  }

  /** C. */
  public int channels() {
    return channels;
  }

  /** H, in pixels. */
  public int height() {
    return height;
  }

  /** W, in pixels. */
  public int width() {
    return width;
  }

  /** C * H * W, the bytes of one image. */
  public int imageLength() {
    return channels * height * width;
  }

  /** The number of classes, whether or not each has an image here. */
  public int classes() {
    return classNames.size();
  }

  /** One name per class; unmodifiable. */
  public List<String> classNames() {
    return classNames;
  }

  /** The class of image {@code i}, 0..classes()-1; with label maps its main class. */
  public int label(int i) {
    return labels[i];
  }

  @Override
  public String toString() {
    return "%s: %d images of %d x %d x %d, %d classes"
        .formatted(name, size(), channels, height, width, classes());
  }
}
