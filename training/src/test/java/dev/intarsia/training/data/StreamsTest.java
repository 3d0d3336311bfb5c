// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.training.Nearest;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamsTest {
  @TempDir Path folder;

  private static StreamOptions small(Path data) {
    return StreamOptions.defaults(data, 1).limited(20, 10);
  }

  private static String refusal(String stream, StreamOptions options) {
    return assertThrows(IllegalArgumentException.class, () -> Streams.open(stream, options))
        .getMessage();
  }

  /** A hash of every pixel and label, in order. */
  private static int fingerprint(TaskStream stream) {
    int hash = 0;
    for (Task task : stream.tasks()) {
      for (Dataset dataset : List.of(task.train(), task.test())) {
        for (int i = 0; i < dataset.size(); i++) {
          hash = 31 * hash + Arrays.hashCode(SharedData.image(dataset, i)) + dataset.label(i);
        }
      }
    }
    return hash;
  }

  @Test
  void namesComeInOrderAndEachHasADescription() {
    assertEquals(
        List.of(
            "shapes",
            "split-mnist",
            "permuted-mnist",
            "split-fashion-mnist",
            "split-cifar10",
            "split-cifar100",
            "split-cifar100-superclass",
            "five-datasets",
            "digits",
            "pacs",
            "four-domains",
            "corruptions",
            "omniglot",
            "gtsrb",
            "dtd",
            "tiny-imagenet",
            "camvid-classes",
            "camvid-sequences",
            "folder"),
        Streams.names());
    for (String name : Streams.names()) {
      assertFalse(Streams.describe(name).isBlank());
    }
  }

  @Test
  void unknownNameSuggestsTheNearest() {
    String message = refusal("split-cifar-10", small(null));
    assertTrue(
        message.startsWith(
            "unknown stream 'split-cifar-10', did you mean 'split-cifar10'? Known: "),
        message);
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> Streams.describe("xyzzyplugh"))
            .getMessage()
            .startsWith("unknown stream 'xyzzyplugh'. Known: shapes, "));
    assertEquals(Optional.of("wsn"), Nearest.nearest("WSM", List.of("packnet", "wsn")));
    assertEquals(Optional.empty(), Nearest.nearest("joint", List.of("packnet", "wsn")));
  }

  @Test
  void shapesAreDrawnFromTheSeedAlone() {
    TaskStream one = Streams.open("shapes", StreamOptions.defaults(null, 1));
    assertEquals(5, one.tasks().size());
    assertEquals("lenet", one.defaultModel());
    for (Task task : one.tasks()) {
      assertEquals(2, task.classes());
      assertEquals(600, task.train().ofClasses(1).size());
      assertEquals(200, task.test().ofClasses(0).size());
    }
    TaskStream again = Streams.open("shapes", StreamOptions.defaults(null, 1));
    assertEquals(fingerprint(one), fingerprint(again));
    TaskStream other = Streams.open("shapes", StreamOptions.defaults(null, 2));
    assertFalse(fingerprint(one) == fingerprint(other));
    // An image is its own stream: asking for fewer tasks does not redraw the others.
    TaskStream three = Streams.open("shapes", new StreamOptions(null, 1, 3, 0, 0, 0, 0));
    assertArrayEquals(
        SharedData.image(one.tasks().get(2).train(), 77),
        SharedData.image(three.tasks().get(2).train(), 77));
  }

  @Test
  void splitMnistHasFiveTasksOfNeighbours() {
    TaskStream stream = Streams.open("split-mnist", small(SharedData.find("mnist")));
    assertEquals(5, stream.tasks().size());
    assertEquals("mlp", stream.defaultModel());
    Task last = stream.tasks().get(4);
    assertEquals(List.of("8", "9"), last.classNames());
    assertEquals(10, last.train().ofClasses(0).size());
    assertEquals(10, last.test().size());
    assertEquals(0.1307f, last.preprocessing().mean()[0]);
  }

  @Test
  void permutedMnistPermutesBySeedAndTask() {
    Path mnist = SharedData.find("mnist");
    StreamOptions options = new StreamOptions(mnist, 1, 3, 0, 0, 20, 10);
    TaskStream stream = Streams.open("permuted-mnist", options);
    assertEquals(3, stream.tasks().size());
    assertEquals(10, stream.tasks().get(0).classes());
    Dataset natural =
        Streams.open("split-mnist", new StreamOptions(mnist, 1, 1, 10, 0, 20, 10))
            .tasks()
            .get(0)
            .train();
    byte[] straight = SharedData.image(natural, 0);
    byte[] first = SharedData.image(stream.tasks().get(0).train(), 0);
    byte[] second = SharedData.image(stream.tasks().get(1).train(), 0);
    assertFalse(Arrays.equals(straight, first), "task 0 is permuted too");
    assertFalse(Arrays.equals(first, second));
    Arrays.sort(straight);
    Arrays.sort(first);
    assertArrayEquals(straight, first);
    assertEquals(fingerprint(stream), fingerprint(Streams.open("permuted-mnist", options)));
  }

  @Test
  void splitFashionHasNamedClasses() {
    Path fashion = SharedData.find("fashion-mnist");
    TaskStream stream = Streams.open("split-fashion-mnist", small(fashion));
    assertEquals("T-shirt/top, Trouser", stream.tasks().get(0).name());
    assertEquals("Bag, Ankle boot", stream.tasks().get(4).name());
  }

  @Test
  void splitCifar10ReadsItsFolder() {
    Path cifar10 = SharedData.find("cifar10");
    TaskStream stream = Streams.open("split-cifar10", StreamOptions.defaults(cifar10, 1));
    assertEquals("airplane, automobile", stream.tasks().get(0).name());
    assertEquals(1000, stream.tasks().get(3).train().size());
    assertEquals(200, stream.tasks().get(3).test().size());
    assertEquals("alexnet", stream.defaultModel());
  }

  @Test
  void splitCifar100CutsByClassAndBySuperclass() {
    Path cifar100 = SharedData.find("cifar100");
    TaskStream byClass = Streams.open("split-cifar100", StreamOptions.defaults(cifar100, 1));
    assertEquals(10, byClass.tasks().size());
    assertEquals(2500, byClass.tasks().get(9).train().size());
    assertEquals("apple", byClass.tasks().get(0).classNames().get(0));
    TaskStream bySuperclass = Streams.open("split-cifar100-superclass", small(cifar100));
    assertEquals(20, bySuperclass.tasks().size());
    Task fish = bySuperclass.tasks().get(1);
    assertEquals("fish", fish.name());
    assertEquals(List.of("aquarium_fish", "flatfish", "ray", "shark", "trout"), fish.classNames());
  }

  @Test
  void folderStreamReadsAZip() {
    Path textures = SharedData.find("dtd10/dtd10_64_90_30.zip");
    TaskStream stream = Streams.open("folder", new StreamOptions(textures, 1, 0, 5, 32, 50, 20));
    assertEquals(2, stream.tasks().size());
    assertEquals(32, stream.height());
    assertEquals(5, stream.tasks().get(1).classes());
    assertEquals(50, stream.tasks().get(1).train().size());
    assertEquals(4, stream.tasks().get(0).preprocessing().cropPad());
  }

  @Test
  void refusesMissingData() {
    assertEquals(
        "stream 'split-cifar100' reads files and no --data was given; give a folder with"
            + " train*.bin and test*.bin, each plain or .gz",
        refusal("split-cifar100", small(null)));
    assertTrue(refusal("folder", small(null)).startsWith("stream 'folder' reads files and no"));
    DataException empty =
        assertThrows(DataException.class, () -> Streams.open("split-mnist", small(folder)));
    assertEquals(
        folder
            + ": has no train-images-idx3-ubyte[.gz]; it should hold train-images-idx3-ubyte,"
            + " train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte,"
            + " each plain or .gz",
        empty.getMessage());
    Path absent = folder.resolve("absent");
    DataException missing =
        assertThrows(DataException.class, () -> Streams.open("split-cifar10", small(absent)));
    assertEquals(
        absent
            + ": no such folder; stream 'split-cifar10' looks there for data_batch_*.bin or"
            + " train*.bin, and test*.bin, each plain or .gz",
        missing.getMessage());
    DataException noBatches =
        assertThrows(DataException.class, () -> Streams.open("split-cifar10", small(folder)));
    assertTrue(noBatches.getMessage().contains("it should hold data_batch_*.bin or train*.bin"));
  }

  @Test
  void refusesMoreTasksThanThereAreClasses() {
    assertEquals(
        "stream 'shapes' has 10 classes, 6 tasks of 2 need 12; ask for at most 5 tasks",
        refusal("shapes", new StreamOptions(null, 1, 6, 0, 0, 0, 0)));
    assertEquals(
        "stream 'shapes' has 10 classes, classesPerTask is 11; ask for at most 10",
        refusal("shapes", new StreamOptions(null, 1, 0, 11, 0, 0, 0)));
    assertEquals(
        "stream 'permuted-mnist' has 10 classes in each task, classesPerTask is 2; leave it out",
        refusal("permuted-mnist", new StreamOptions(null, 1, 0, 2, 0, 0, 0)));
  }

  @Test
  void refusesBadOptions() {
    assertEquals(
        "tasks is -1, it must be at least 0 (0 = the stream's own number)",
        assertThrows(
                IllegalArgumentException.class, () -> new StreamOptions(null, 1, -1, 0, 0, 0, 0))
            .getMessage());
    assertEquals(
        "classesPerTask is 1, a task needs at least 2 classes",
        assertThrows(
                IllegalArgumentException.class, () -> new StreamOptions(null, 1, 0, 1, 0, 0, 0))
            .getMessage());
    assertEquals(
        "imageSize is 5000, the limit is 1024; choose a smaller one",
        assertThrows(
                IllegalArgumentException.class, () -> new StreamOptions(null, 1, 0, 0, 5000, 0, 0))
            .getMessage());
  }
}
