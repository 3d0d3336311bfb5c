// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.training.data.DataException;
import dev.intarsia.training.pack.TaskManifest.LayerManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Every task of one net in one file, {@code model.itp}: shared codes once, and for each task what
 * it added. Tasks are appended; the bytes before stay as they are. The bytes are specified in
 * docs/formats/pack.md.
 *
 * <p>Opening reads the manifests. A task is read when asked for, with the masks of the tasks before
 * it, on which its own are coded; what was read is kept. Every failure is a {@link DataException}
 * that names file, part and remedy. Not thread-safe.
 */
public final class PackFile {
  /** Decoding takes at most {@link #FREE_WEIGHTS} + this many weights a byte of the file. */
  private static final long WEIGHTS_PER_BYTE = 64;

  private static final long FREE_WEIGHTS = 1L << 26;

  private final Segments segments;
  private final PackedModel.Net net;
  private final List<TaskManifest> manifests = new ArrayList<>();
  private final PackedModel read; // the first tasks
  private final List<List<int[]>> masks = new ArrayList<>(); // per layer, of the first tasks
  private long weights; // of all tasks, as far as manifests tell

  private PackFile(Segments segments, PackedModel.Net net) {
    this.segments = segments;
    this.net = net;
    read = new PackedModel(net);
  }

  /**
   * Starts a file without tasks.
   *
   * @param path must not exist
   */
  public static PackFile create(Path path, PackedModel.Net net) {
    return create(path, net, 0, true);
  }

  private static PackFile create(Path path, PackedModel.Net net, int tasks, boolean flush) {
    Segments segments = Segments.create(path);
    segments.append(NetSegment.encode(net, tasks), flush);
    return new PackFile(segments, net);
  }

  /**
   * Opens a file and checks all but its tensors, which are checked when they are read. A file that
   * ends in the middle of a task opens with the tasks before it; see {@link #tail}.
   */
  public static PackFile open(Path path) {
    Segments segments = Segments.open(path);
    NetSegment.Content first = NetSegment.decode(segments.content(0), segments.place(0));
    PackFile file = new PackFile(segments, first.net());
    for (int i = 1; i < segments.count(); i++) {
      file.addManifest(
          TaskManifest.parse(
              segments.content(i).metadata(TaskSegment.MANIFEST), segments.place(i)));
    }
    if (file.tasks() < first.tasks()) {
      throw new DataException(
          path,
          "has %d of the %d tasks it was written with%s"
              .formatted(
                  file.tasks(), first.tasks(), file.tail() == null ? "" : " and " + file.tail()),
          "take an intact copy");
    }
    return file;
  }

  private void addManifest(TaskManifest manifest) {
    Place place = segments.place(manifests.size() + 1);
    TaskManifest first = manifests.isEmpty() ? manifest : manifests.get(0);
    boolean alike = first.layers().size() == manifest.layers().size();
    for (int i = 0; alike && i < first.layers().size(); i++) {
      alike = first.layers().get(i).isLike(manifest.layers().get(i));
    }
    if (!alike) {
      throw place.altered("its layers are not those of task 0");
    }
    int copies = manifests.stream().mapToInt(m -> m.copy() + 1).max().orElse(0);
    if (manifest.copy() > copies) {
      throw place.altered("is in copy %d, there are %d".formatted(manifest.copy(), copies));
    }
    weights += manifest.weights();
    if (weights > FREE_WEIGHTS + WEIGHTS_PER_BYTE * segments.end()) {
      throw place.altered(
          "says that the tasks have %d weights, more than %d bytes can hold"
              .formatted(weights, segments.end()));
    }
    if (masks.isEmpty()) {
      manifest.layers().forEach(layer -> masks.add(new ArrayList<>()));
    }
    manifests.add(manifest);
  }

  /** How the net is built again. */
  public PackedModel.Net net() {
    return net;
  }

  /** How many whole tasks there are. */
  public int tasks() {
    return manifests.size();
  }

  /** The file. */
  public Path path() {
    return segments.path();
  }

  /** Checks that a net has as many shared weights as the tasks say, before it is built. */
  void requireWeights(long count) {
    if (!manifests.isEmpty() && count != manifests.get(0).weights()) {
      throw segments
          .place(0)
          .altered(
              "describes a net of %d shared weights, its tasks have %d"
                  .formatted(count, manifests.get(0).weights()));
    }
  }

  /**
   * Checks that a net's shared parameters, as {@code name [rows, cols]}, are those of the tasks.
   */
  void requireLayers(List<String> net) {
    List<String> layers =
        manifests.stream()
            .limit(1)
            .flatMap(manifest -> manifest.layers().stream())
            .map(l -> "%s [%d, %d]".formatted(l.name(), l.shape().rows(), l.shape().cols()))
            .toList();
    if (!layers.isEmpty() && !layers.equals(net)) {
      throw segments.place(0).altered("describes a net of " + net + ", its tasks have " + layers);
    }
  }

  /** Name of a task; reads nothing. */
  public String name(int task) {
    return manifests.get(task).name();
  }

  /** Where a task comes from, text by key; reads nothing. */
  public Map<String, String> provenance(int task) {
    return Map.copyOf(manifests.get(task).provenance());
  }

  /**
   * What is wrong with the end of the file, such as a task that was being written when its process
   * was stopped; null if nothing is. The next {@link #append} cuts it off.
   */
  public String tail() {
    return segments.tail();
  }

  /** Bytes of the file by term; a tail is not counted. */
  public PackSizes sizes() {
    PackSizes sum = new PackSizes(0, 0, 0, 0, 0, 0, segments.bytes(0));
    for (int task = 0; task < tasks(); task++) {
      sum = sum.plus(sizes(task));
    }
    return sum;
  }

  /** Bytes that one task added. */
  public PackSizes sizes(int task) {
    return TaskSegment.sizes(
        segments.content(task + 1), manifests.get(task), segments.bytes(task + 1));
  }

  /** Bytes of the shared weights of one such net as 32-bit floats; 0 without a task. */
  public long denseBytes() {
    return manifests.isEmpty() ? 0 : Float.BYTES * manifests.get(0).weights();
  }

  /** Reads a task, and those before it, on whose masks its own are coded. */
  public PackedTask task(int task) {
    return model(task + 1).tasks().get(task);
  }

  /**
   * Reads the first tasks, as far as they were not read before: every checksum, mask and code of
   * them is checked.
   *
   * @param count how many, at most {@link #tasks}
   * @return all that was read, which grows with later calls; only this file adds to it
   */
  public PackedModel model(int count) {
    if (count > tasks()) {
      throw new IllegalArgumentException(
          "task is %d, must be from 0 to %d".formatted(count - 1, tasks() - 1));
    }
    readMasks(count);
    for (int task = read.tasks().size(); task < count; task++) {
      readTask(task);
    }
    return read;
  }

  private void readTask(int task) {
    Place place = segments.place(task + 1);
    List<int[]> ofTask = new ArrayList<>();
    for (List<int[]> ofLayer : masks) {
      ofTask.add(ofLayer.get(task));
    }
    try {
      read.add(
          TaskSegment.decode(
              segments.content(task + 1), manifests.get(task), ofTask, net.channels(), place));
    } catch (IllegalArgumentException e) {
      throw place.altered(e.getMessage(), e);
    }
  }

  /**
   * Layers know nothing of each other, so that each is read on a thread of its own. All are read to
   * their end, and the first one's failure is told, whichever thread was faster.
   */
  private void readMasks(int count) {
    RuntimeException[] failures = new RuntimeException[masks.size()];
    IntStream.range(0, masks.size())
        .parallel()
        .forEach(
            layer -> {
              try {
                readMasks(layer, count);
              } catch (RuntimeException e) {
                failures[layer] = e;
              }
            });
    for (RuntimeException failure : failures) {
      if (failure != null) {
        throw failure;
      }
    }
  }

  private void readMasks(int layer, int count) {
    List<int[]> known = masks.get(layer);
    for (int t = known.size(); t < count; t++) {
      LayerManifest manifest = manifests.get(t).layers().get(layer);
      known.add(
          TaskSegment.mask(
              segments.content(t + 1), manifest, List.copyOf(known), segments.place(t + 1)));
    }
  }

  /**
   * Writes a task behind the others, its masks coded by contexts. When this returns it is on disk;
   * when the process is stopped before that, the tasks before it are as they were.
   *
   * @throws IllegalArgumentException if it does not fit the tasks before; nothing is written
   */
  public void append(PackedTask task) {
    append(task, MaskCode.CONTEXT, true);
  }

  /** Appends the tasks of a model that this file lacks; those it has are the model's first. */
  public void append(PackedModel model) {
    for (PackedTask task : model.tasks().subList(tasks(), model.tasks().size())) {
      append(task);
    }
  }

  private void append(PackedTask task, MaskCode code, boolean flush) {
    model(tasks());
    read.add(task);
    try {
      List<List<int[]>> earlier =
          masks.isEmpty() ? task.layers().stream().map(l -> List.<int[]>of()).toList() : masks;
      segments.append(TaskSegment.encode(task, earlier, code), flush);
    } catch (RuntimeException e) {
      read.removeLast();
      throw e;
    }
    addManifest(TaskManifest.of(task));
    for (int layer = 0; layer < masks.size(); layer++) {
      masks.get(layer).add(task.layers().get(layer).mask());
    }
  }

  /**
   * Writes a whole file, which appears complete or not at all. It says how many tasks it has, so
   * that one cut short between two tasks is noticed, too.
   *
   * @param path replaced if it exists
   */
  public static void write(Path path, PackedModel model, MaskCode code) {
    Path temporary = path.resolveSibling("." + path.getFileName() + ".partial");
    try {
      Files.deleteIfExists(temporary);
      try {
        PackFile file = create(temporary, model.net(), model.tasks().size(), false);
        model.tasks().forEach(task -> file.append(task, code, false));
        file.segments.flush();
        Files.move(
            temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new DataException(
          path, "cannot be written (" + e + ")", "check permissions and free space", e);
    }
  }
}
