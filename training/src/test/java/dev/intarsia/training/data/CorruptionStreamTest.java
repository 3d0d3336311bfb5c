// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class CorruptionStreamTest {
  private static final String STREAM = "corruptions";
  private static final int IMAGES = 200;

  private static TaskStream open(String base, long seed, int tasks, int limit) {
    return Streams.open(STREAM, new StreamOptions(base, null, seed, tasks, 0, 0, limit, limit));
  }

  /** The images of a stream's tasks, in order. */
  private static List<byte[]> images(TaskStream stream, int task, int count) {
    List<byte[]> images = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      images.add(SharedData.image(stream.tasks().get(task).train(), i));
    }
    return images;
  }

  @Test
  void twelveDomainsOfTheSameClasses() {
    TaskStream stream = open(null, 1, 0, IMAGES);
    assertEquals(12, stream.tasks().size());
    assertEquals(
        List.of("illumination 1", "illumination 2", "illumination 3", "occlusion 1"),
        stream.tasks().subList(0, 4).stream().map(Task::name).toList());
    assertEquals("clutter 3", stream.tasks().get(11).name());
    for (Task task : stream.tasks()) {
      assertEquals(10, task.classes());
      assertEquals(stream.tasks().get(0).classNames(), task.classNames());
      assertEquals(IMAGES, task.train().size());
      for (int i = 0; i < IMAGES; i++) {
        assertEquals(stream.tasks().get(0).train().label(i), task.train().label(i));
      }
    }
    assertEquals(
        6000, open("shapes", 1, 1, 0).tasks().get(0).train().size(), "all classes of all tasks");
  }

  /** A stronger level changes the images more, on average and per factor. */
  @Test
  void levelsAreGraded() {
    TaskStream stream = open(null, 1, 0, IMAGES);
    List<byte[]> clean = new ArrayList<>();
    TaskStream shapes = Streams.open("shapes", StreamOptions.defaults(null, 1));
    for (Task task : shapes.tasks()) { // 20 images of each class, as limited
      Dataset some = task.train().limited(IMAGES / 5);
      for (int i = 0; i < some.size(); i++) {
        clean.add(SharedData.image(some, i));
      }
    }
    for (int factor = 0; factor < 4; factor++) {
      double last = 1; // a grey level on average is the least a domain differs by
      for (int level = 0; level < 3; level++) {
        List<byte[]> changed = images(stream, 3 * factor + level, IMAGES);
        double sum = 0;
        for (int i = 0; i < IMAGES; i++) {
          for (int p = 0; p < 784; p++) {
            sum += Math.abs((clean.get(i)[p] & 255) - (changed.get(i)[p] & 255));
          }
        }
        double mean = sum / (IMAGES * 784);
        assertTrue(mean > last, stream.tasks().get(3 * factor + level).name() + ": " + mean);
        last = mean;
      }
    }
  }

  @Test
  void anImageIsAFunctionOfSeedImageAndDomain() {
    TaskStream one = open(null, 1, 0, IMAGES);
    TaskStream fewer = open(null, 1, 8, 50);
    TaskStream other = open(null, 2, 8, 50);
    Dataset some = one.tasks().get(7).train().limited(50);
    for (int i = 0; i < 50; i++) {
      byte[] image = SharedData.image(some, i);
      assertArrayEquals(image, SharedData.image(fewer.tasks().get(7).train(), i));
      assertArrayEquals(image, SharedData.image(some, i), "asked twice");
      assertFalse(Arrays.equals(image, SharedData.image(other.tasks().get(7).train(), i)));
    }
  }

  @Test
  void colourImagesAndClassesThatStayAreTaken() {
    TaskStream pacs =
        Streams.open(
            STREAM, new StreamOptions("pacs", SharedData.find("pacs"), 1, 0, 0, 32, 70, 35));
    assertEquals(7, pacs.tasks().get(0).classes(), "the same classes in all tasks of the base");
    assertEquals(3, pacs.channels());
    assertEquals(32, pacs.height());
    TaskStream fashion =
        Streams.open(
            STREAM,
            new StreamOptions(
                "split-fashion-mnist", SharedData.find("fashion-mnist"), 1, 2, 0, 0, 100, 50));
    assertEquals(10, fashion.tasks().get(1).classes());
    assertEquals("Ankle boot", fashion.tasks().get(1).classNames().get(9));
  }

  @Test
  void refusesWhatItCannotMake() {
    assertTrue(refusal(STREAM, 0, 0).startsWith("stream 'corruptions' cannot be its own base"));
    assertTrue(refusal("shapess", 0, 0).contains("did you mean 'shapes'?"));
    assertTrue(refusal("shapes", 13, 0).contains("12 domains, tasks is 13"));
    assertTrue(refusal("shapes", 0, 2).endsWith("classesPerTask is 2; leave it out"));
  }

  private static String refusal(String base, int tasks, int perTask) {
    StreamOptions options = new StreamOptions(base, null, 1, tasks, perTask, 0, 0, 0);
    return assertThrows(IllegalArgumentException.class, () -> Streams.open(STREAM, options))
        .getMessage();
  }
}
