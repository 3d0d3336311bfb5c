// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DomainStreamsTest {
  @TempDir Path folder;

  private static StreamOptions options(Path data, int tasks, int perTask, int imageSize) {
    return new StreamOptions(data, 1, tasks, perTask, imageSize, 0, 0);
  }

  private static List<Integer> sizes(TaskStream stream, boolean train) {
    return stream.tasks().stream().map(t -> (train ? t.train() : t.test()).size()).toList();
  }

  /** How many test images are, byte for byte, training images of the same stream. */
  private static int shared(TaskStream stream) {
    Set<ByteBuffer> learned = new HashSet<>();
    for (Task task : stream.tasks()) {
      for (int i = 0; i < task.train().size(); i++) {
        learned.add(ByteBuffer.wrap(SharedData.image(task.train(), i)));
      }
    }
    int shared = 0;
    for (Task task : stream.tasks()) {
      for (int i = 0; i < task.test().size(); i++) {
        shared += learned.contains(ByteBuffer.wrap(SharedData.image(task.test(), i))) ? 1 : 0;
      }
    }
    return shared;
  }

  private static String refusal(String stream, StreamOptions options) {
    return assertThrows(IllegalArgumentException.class, () -> Streams.open(stream, options))
        .getMessage();
  }

  @Test
  void pacsShowsTheSameClassesInFourDomains() {
    Path data = SharedData.find("pacs");
    TaskStream stream = Streams.open("pacs", StreamOptions.defaults(data, 1));
    assertEquals(
        List.of("photo", "art painting", "cartoon", "sketch"),
        stream.tasks().stream().map(Task::name).toList());
    assertEquals(List.of(280, 280, 280, 280), sizes(stream, true));
    assertEquals(List.of(105, 105, 105, 105), sizes(stream, false));
    assertEquals(64, stream.height());
    assertEquals(3, stream.channels());
    for (Task task : stream.tasks()) {
      assertEquals(
          List.of("dog", "elephant", "giraffe", "guitar", "horse", "house", "person"),
          task.classNames());
    }
    assertEquals(0, shared(stream));
    assertTrue(
        !stream.tasks().get(0).preprocessing().equals(stream.tasks().get(3).preprocessing()),
        "every domain is normalised by itself");
    assertEquals(2, Streams.open("pacs", options(data, 2, 0, 0)).tasks().size());
    assertTrue(refusal("pacs", options(data, 5, 0, 0)).contains("ask for at most 4 tasks"));
    assertTrue(refusal("pacs", options(data, 0, 2, 0)).endsWith("leave it out"));
  }

  /** Half the side: a pixel is the rounded mean of four. */
  @Test
  void imagesAreScaledByArea() {
    Path data = SharedData.find("pacs");
    TaskStream small = Streams.open("pacs", options(data, 1, 0, 32));
    assertEquals(32, small.width());
    byte[] whole =
        SharedData.image(Streams.open("pacs", options(data, 1, 0, 0)).tasks().get(0).train(), 7);
    byte[] half = SharedData.image(small.tasks().get(0).train(), 7);
    for (int c = 0; c < 3; c++) {
      for (int y = 0; y < 32; y++) {
        for (int x = 0; x < 32; x++) {
          int at = (c * 64 + 2 * y) * 64 + 2 * x;
          int sum =
              (whole[at] & 255)
                  + (whole[at + 1] & 255)
                  + (whole[at + 64] & 255)
                  + (whole[at + 65] & 255);
          assertEquals((sum + 2) / 4, half[(c * 32 + y) * 32 + x] & 255);
        }
      }
    }
  }

  @Test
  void scalingIsExact() {
    byte[] pixels = {10, 20, 30, 40, 50, 60, 70, 80, (byte) 250}; // [1, 1, 3, 3]
    Dataset image = Dataset.of("made", pixels, 1, 3, 3, new int[1], List.of("a", "b"));
    // A new pixel covers 1.5 x 1.5 old ones: (10 + 20 / 2 + 40 / 2 + 50 / 4) / 2.25 = 23.33
    assertArrayEquals(new byte[] {23, 37, 63, (byte) 148}, SharedData.image(image.scaled(2, 2), 0));
    assertArrayEquals(new byte[] {68}, SharedData.image(image.scaled(1, 1), 0));
    assertArrayEquals(pixels, SharedData.image(image.scaled(3, 3), 0));
    byte[] twice = SharedData.image(image.scaled(6, 3), 0);
    assertArrayEquals(new byte[] {10, 20, 30, 10, 20, 30}, Arrays.copyOf(twice, 6));
    assertThrows(IllegalArgumentException.class, () -> image.scaled(0, 3));
  }

  @Test
  void digitsEndInLetters() {
    Path data = SharedData.find("mnist-m").getParent();
    TaskStream stream = Streams.open("digits", StreamOptions.defaults(data, 1).limited(200, 100));
    assertEquals(
        List.of("MNIST", "MNIST-M", "notMNIST"), stream.tasks().stream().map(Task::name).toList());
    assertEquals(List.of(200, 200, 200), sizes(stream, true));
    assertEquals(32, stream.height());
    assertEquals(3, stream.channels());
    assertEquals(stream.tasks().get(0).classNames(), stream.tasks().get(1).classNames());
    assertEquals("A", stream.tasks().get(2).classNames().get(0));
    assertTrue(refusal("digits", options(data, 4, 0, 0)).contains("3 data sets, tasks is 4"));
  }

  @Test
  void fourDomainsFitTheBackbones() {
    Path data = SharedData.find("gtsrb").getParent();
    TaskStream stream = Streams.open("four-domains", StreamOptions.defaults(data, 1));
    assertEquals(
        List.of("GTSRB", "DTD", "PACS", "Fashion-MNIST"),
        stream.tasks().stream().map(Task::name).toList());
    assertEquals(List.of(43, 10, 7, 10), stream.tasks().stream().map(Task::classes).toList());
    assertEquals(List.of(1720, 900, 1120, 60000), sizes(stream, true));
    assertEquals(List.of(645, 300, 420, 10000), sizes(stream, false));
    assertEquals(32, stream.height());
    assertEquals("resnet20", stream.defaultModel());
    for (Task task : stream.tasks()) {
      assertArrayEquals(
          new float[] {0.485f, 0.456f, 0.406f}, task.preprocessing().mean(), task.name());
      assertArrayEquals(
          new float[] {0.229f, 0.224f, 0.225f}, task.preprocessing().std(), task.name());
    }
    assertEquals(60, stream.tasks().get(2).test().ofClasses(3).size(), "15 a domain");
  }

  @Test
  void signsAreOneTaskOrSeveral() {
    Path data = SharedData.find("gtsrb");
    TaskStream whole = Streams.open("gtsrb", StreamOptions.defaults(data, 1));
    assertEquals(List.of(1720), sizes(whole, true));
    assertEquals(List.of(645), sizes(whole, false));
    assertEquals(43, whole.tasks().get(0).classes());
    assertEquals(0, shared(whole));
    TaskStream cut = Streams.open("gtsrb", options(data, 0, 10, 0));
    assertEquals(List.of(400, 400, 400, 400), sizes(cut, true));
  }

  @Test
  void texturesAndTinyImageNet() {
    TaskStream textures = Streams.open("dtd", options(SharedData.find("dtd10"), 0, 0, 32));
    assertEquals(List.of(900), sizes(textures, true));
    assertEquals(List.of(300), sizes(textures, false));
    assertEquals(32, textures.height());
    assertEquals(0, shared(textures));
    TaskStream tiny =
        Streams.open("tiny-imagenet", options(SharedData.find("tiny-imagenet"), 0, 0, 0));
    assertEquals(8, tiny.tasks().size());
    assertTrue(tiny.tasks().stream().allMatch(task -> task.classes() == 5));
    assertEquals(300, tiny.tasks().get(7).train().size());
    assertEquals(75, tiny.tasks().get(7).test().size());
    assertEquals(0, shared(tiny));
  }

  @Test
  void omniglotHasAnAlphabetATask() {
    Path data = SharedData.find("omniglot");
    TaskStream stream = Streams.open("omniglot", StreamOptions.defaults(data, 1));
    assertEquals(50, stream.tasks().size());
    assertEquals(1623, stream.tasks().stream().mapToInt(Task::classes).sum());
    Task first = stream.tasks().get(0);
    assertEquals("Alphabet_of_the_Magi", first.name());
    for (Task task : stream.tasks()) {
      assertEquals(15 * task.classes(), task.train().size());
      assertEquals(5 * task.classes(), task.test().size());
      assertEquals(15, task.train().ofClasses(task.classes() - 1).size());
    }
    assertEquals(3, Streams.open("omniglot", options(data, 3, 0, 0)).tasks().size());
    assertTrue(refusal("omniglot", options(data, 51, 0, 0)).contains("50 alphabets, tasks is 51"));
  }

  @Test
  void aZipIsFoundInItsFolder() {
    Path data = SharedData.find("dtd10");
    TaskStream named = Streams.open("dtd", options(data.resolve("dtd10_64_90_30.zip"), 0, 0, 32));
    assertEquals(900, named.tasks().get(0).train().size());
    SharedData.write(folder.resolve("a.zip"), new byte[1]);
    SharedData.write(folder.resolve("b.zip"), new byte[1]);
    String message =
        assertThrows(DataException.class, () -> Streams.open("dtd", options(folder, 0, 0, 0)))
            .getMessage();
    assertEquals(folder + ": has 2 zips; name one of them", message);
  }
}
