// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import dev.intarsia.training.Nearest;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The streams that have a name. */
public final class Streams {
  private static final Map<String, Entry> ENTRIES = entries();

  private Streams() {}

  /** Makes the tasks of one stream. */
  private interface Opener {
    TaskStream open(String name, String description, StreamOptions options);
  }

  private record Entry(String description, Opener opener) {}

  private static Map<String, Entry> entries() {
    Map<String, Entry> entries = new LinkedHashMap<>();
    entries.put(
        "shapes",
        new Entry("drawn shapes and textures, 28x28 grey, 5 tasks x 2; no files", Shapes::open));
    entries.put(
        "split-mnist",
        new Entry("MNIST digits, 28x28 grey, 5 tasks x 2", MnistStreams::splitMnist));
    entries.put(
        "permuted-mnist",
        new Entry(
            "MNIST digits, pixels permuted anew in each of 10 tasks x 10",
            MnistStreams::permutedMnist));
    entries.put(
        "split-fashion-mnist",
        new Entry("Fashion-MNIST clothes, 28x28 grey, 5 tasks x 2", MnistStreams::splitFashion));
    entries.put(
        "split-cifar10",
        new Entry("CIFAR-10 photographs, 32x32 RGB, 5 tasks x 2", CifarStreams::splitCifar10));
    entries.put(
        "split-cifar100",
        new Entry("CIFAR-100 photographs, 32x32 RGB, 10 tasks x 10", CifarStreams::splitCifar100));
    entries.put(
        "split-cifar100-superclass",
        new Entry(
            "CIFAR-100, one task per superclass, 20 tasks x 5", CifarStreams::splitSuperclasses));
    entries.put(
        "five-datasets",
        new Entry(
            "CIFAR-10, MNIST, Fashion-MNIST, notMNIST, MNIST-M, 32x32 RGB, 5 tasks x 10",
            FiveDatasets::open));
    entries.put(
        "digits",
        new Entry("MNIST, MNIST-M and notMNIST, 32x32 RGB, 3 tasks x 10", FiveDatasets::digits));
    entries.put(
        "pacs",
        new Entry(
            "PACS: photo, art painting, cartoon, sketch, 64x64 RGB, 4 tasks x 7",
            DomainStreams::pacs));
    entries.put(
        "four-domains",
        new Entry(
            "GTSRB, DTD, PACS and Fashion-MNIST, 32x32 RGB, 4 tasks; fits the backbones",
            DomainStreams::fourDomains));
    entries.put(
        "corruptions",
        new Entry(
            "illumination, occlusion, scale, clutter over a stream (--set base=NAME), 12 tasks",
            CorruptionStream::open));
    entries.put("omniglot", new Entry("Omniglot alphabets, 28x28 grey, 50 tasks", Omniglot::open));
    entries.put(
        "gtsrb", new Entry("GTSRB traffic signs, 32x32 RGB, 1 task x 43", DomainStreams::signs));
    entries.put("dtd", new Entry("DTD textures, 64x64 RGB, 1 task x 10", DomainStreams::textures));
    entries.put(
        "tiny-imagenet",
        new Entry("Tiny-ImageNet, 64x64 RGB, 8 tasks x 5", DomainStreams::tinyImageNet));
    entries.put(
        "camvid-classes",
        new Entry(
            "CamVid street scenes, 160x120 RGB, a class for each pixel, 4 groups of classes",
            CamVidStreams::classes));
    entries.put(
        "camvid-sequences",
        new Entry(
            "CamVid street scenes, 160x120 RGB, 11 classes of pixels, 4 drives as tasks",
            CamVidStreams::sequences));
    entries.put(
        "folder",
        new Entry("your own images: a folder or zip of class folders", FolderStream::open));
    return entries;
  }

  /** All names, the default first. */
  public static List<String> names() {
    return List.copyOf(ENTRIES.keySet());
  }

  /**
   * Returns one line for people.
   *
   * @throws IllegalArgumentException if there is no such stream; names the nearest
   */
  public static String describe(String name) {
    return entry(name).description;
  }

  /**
   * Reads or draws a stream; all images are in memory when this returns.
   *
   * @throws IllegalArgumentException if there is no such stream (names the nearest) or the options
   *     ask for more than it has
   * @throws DataException if its files are missing or bad
   */
  public static TaskStream open(String name, StreamOptions options) {
    Entry entry = entry(name);
    return entry.opener.open(name, entry.description, options);
  }

  /**
   * Reads the test images of CIFAR-10, [N, 3, 32, 32].
   *
   * @param folder with {@code test*.bin}, plain or gzip
   * @throws DataException if there is no such file or it is bad
   */
  public static Dataset cifar10Test(Path folder) {
    return CifarStreams.cifar10Test(folder);
  }

  private static Entry entry(String name) {
    Entry entry = ENTRIES.get(name);
    if (entry == null) {
      throw new IllegalArgumentException(Nearest.unknown("stream", name, ENTRIES.keySet()));
    }
    return entry;
  }
}
