// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CamVidStreamsTest {
  @TempDir Path folder;

  /** Pixels of each label in a dataset, [256]. */
  private static long[] pixels(Dataset dataset) {
    long[] pixels = new long[256];
    byte[] map = new byte[dataset.height() * dataset.width()];
    for (int i = 0; i < dataset.size(); i++) {
      dataset.copyMap(i, map, 0);
      for (byte label : map) {
        pixels[label & 0xFF]++;
      }
    }
    return pixels;
  }

  @Test
  void groupsOfClassesShareTheFrames() {
    StreamOptions options = StreamOptions.defaults(SharedData.find("camvid"), 1);
    TaskStream stream = Streams.open("camvid-classes", options);
    assertEquals(4, stream.tasks().size());
    assertEquals("segnet-small", stream.defaultModel());
    assertEquals(List.of(3, 120, 160), List.of(stream.channels(), stream.height(), stream.width()));
    long ignored = pixels(stream.tasks().get(0).train())[Dataset.IGNORE];
    assertTrue(ignored > 0);
    for (Task task : stream.tasks()) {
      assertTrue(task.perPixel());
      assertEquals(367, task.train().size());
      assertEquals(233, task.test().size());
      long[] pixels = pixels(task.train());
      assertEquals(ignored, pixels[Dataset.IGNORE], "the unlabelled, in every task");
      for (int c = 0; c < task.classes(); c++) {
        assertTrue(pixels[c] > 0, task.name() + " " + task.classNames().get(c));
      }
    }
    assertEquals(List.of("other", "road", "pavement"), stream.tasks().get(0).classNames());
  }

  @Test
  void drivesAreTasksOfAllClasses() {
    StreamOptions options = StreamOptions.defaults(SharedData.find("camvid"), 1).limited(10, 5);
    TaskStream limited = Streams.open("camvid-sequences", options);
    assertEquals(10, limited.tasks().get(3).train().size());
    TaskStream stream = Streams.open("camvid-sequences", StreamOptions.defaults(options.data(), 1));
    int frames = 0;
    for (Task task : stream.tasks()) {
      assertEquals(11, task.classes());
      frames += task.train().size() + task.test().size();
    }
    assertEquals(701, frames);
    assertEquals(100, stream.tasks().get(0).train().size());
    assertEquals(24, stream.tasks().get(0).test().size());
  }

  @Test
  void whatIsMissingOrTooMuchIsNamed() {
    StreamOptions empty = StreamOptions.defaults(folder, 1);
    String missing =
        assertThrows(DataException.class, () -> Streams.open("camvid-classes", empty)).getMessage();
    assertTrue(missing.contains("there are no frames of camvid-classes train"), missing);
    StreamOptions five = new StreamOptions(folder, 1, 5, 0, 0, 0, 0);
    assertEquals(
        "stream 'camvid-sequences' has 4 tasks, tasks is 5; ask for at most 4 tasks",
        assertThrows(IllegalArgumentException.class, () -> Streams.open("camvid-sequences", five))
            .getMessage());
  }
}
