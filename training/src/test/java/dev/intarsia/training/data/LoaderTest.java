// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LoaderTest {
  private static final int SIDE = 6;
  // Mean 0 and deviation 1/255: normalised values are the pixel values themselves.
  private static final Preprocessing PLAIN = preprocessing(0, false);

  private static Preprocessing preprocessing(int cropPad, boolean flip) {
    float unit = 1f / 255;
    return new Preprocessing(new float[2], new float[] {unit, unit}, cropPad, flip);
  }

  /** Image i has label i; pixel (c, h, w) is 100 c + 10 h + w + 1, so never black. */
  private static Dataset grids(int count) {
    byte[] pixels = new byte[count * 2 * SIDE * SIDE];
    for (int p = 0; p < pixels.length; p++) {
      int c = p / (SIDE * SIDE) % 2;
      pixels[p] = (byte) (100 * c + 10 * (p / SIDE % SIDE) + p % SIDE + 1);
    }
    List<String> names = IntStream.range(0, count).mapToObj(Integer::toString).toList();
    int[] labels = IntStream.range(0, count).toArray();
    return Dataset.of("grids", pixels, 2, SIDE, SIDE, labels, names);
  }

  /** All images of an epoch by label, and the order in which they came. */
  private record Epoch(float[][] images, List<Integer> order) {
    static Epoch of(Loader loader, int count) {
      float[][] images = new float[count][];
      List<Integer> order = new ArrayList<>();
      try (loader) {
        for (Batch batch; (batch = loader.next()) != null; batch.release()) {
          for (int n = 0; n < batch.size(); n++) {
            int length = 2 * SIDE * SIDE;
            order.add(batch.labels()[n]);
            images[batch.labels()[n]] =
                Arrays.copyOfRange(batch.images(), n * length, (n + 1) * length);
            for (int p = 0; p < length; p++) {
              // v / 255 * 255 may be off by a few units in the last place.
              images[batch.labels()[n]][p] = Math.round(images[batch.labels()[n]][p]);
            }
          }
        }
      }
      return new Epoch(images, order);
    }
  }

  private static Epoch training(Preprocessing preprocessing, int batch, long seed, int epoch) {
    return Epoch.of(Loader.training(grids(50), preprocessing, batch, seed, 0, epoch), 50);
  }

  @Test
  void evaluationIsInOrderAndPlain() {
    Dataset dataset = grids(7);
    Preprocessing preprocessing =
        new Preprocessing(new float[] {0.5f, 0}, new float[] {0.5f, 1}, 3, true);
    try (Loader loader = Loader.evaluation(dataset, preprocessing, 3)) {
      assertEquals(3, loader.batches());
      int seen = 0;
      for (Batch batch; (batch = loader.next()) != null; batch.release()) {
        assertEquals(seen < 6 ? 3 : 1, batch.size());
        for (int n = 0; n < batch.size(); n++) {
          assertEquals(seen++, batch.labels()[n]);
          int at = n * 2 * SIDE * SIDE;
          assertEquals((1 / 255f - 0.5f) / 0.5f, batch.images()[at], 1e-6);
          assertEquals(101 / 255f, batch.images()[at + SIDE * SIDE], 1e-6);
        }
      }
      assertEquals(7, seen);
      assertNull(loader.next(), "after the end it stays at the end");
    }
  }

  @Test
  void trainingShowsEveryImageOnceInAKeyedOrder() {
    Epoch one = training(PLAIN, 8, 1, 0);
    assertEquals(50, one.order().stream().distinct().count());
    assertEquals(one.order(), training(PLAIN, 13, 1, 0).order(), "batch size does not matter");
    assertNotEquals(one.order(), training(PLAIN, 8, 1, 1).order());
    assertNotEquals(one.order(), training(PLAIN, 8, 2, 0).order());
  }

  @Test
  void augmentationIsKeyedByImage() {
    Epoch one = training(preprocessing(2, true), 8, 1, 0);
    Epoch two = training(preprocessing(2, true), 50, 1, 0);
    assertTrue(Arrays.deepEquals(one.images(), two.images()));
    Epoch later = training(preprocessing(2, true), 8, 1, 1);
    assertFalse(Arrays.deepEquals(one.images(), later.images()));
  }

  @Test
  void augmentationShiftsWithinThePadAndMirrors() {
    int pad = 2;
    boolean[][][] seen = new boolean[2 * pad + 1][2 * pad + 1][2];
    for (int epoch = 0; epoch < 20; epoch++) {
      for (float[] image : training(preprocessing(pad, true), 16, 3, epoch).images()) {
        boolean explained = false;
        for (int down = -pad; down <= pad && !explained; down++) {
          for (int right = -pad; right <= pad && !explained; right++) {
            for (int mirror = 0; mirror < 2 && !explained; mirror++) {
              if (Arrays.equals(image, expected(down, right, mirror == 1))) {
                seen[down + pad][right + pad][mirror] = true;
                explained = true;
              }
            }
          }
        }
        assertTrue(explained, "an image is no shift by at most " + pad + ", mirrored or not");
      }
    }
    for (boolean[][] rows : seen) {
      for (boolean[] cell : rows) {
        assertArrayEquals(new boolean[] {true, true}, cell, "every shift and mirror occurs");
      }
    }
  }

  private static float[] expected(int down, int right, boolean mirrored) {
    float[] image = new float[2 * SIDE * SIDE];
    for (int p = 0; p < image.length; p++) {
      int c = p / (SIDE * SIDE);
      int h = p / SIDE % SIDE + down;
      int w = (mirrored ? SIDE - 1 - p % SIDE : p % SIDE) + right;
      boolean inside = h >= 0 && h < SIDE && w >= 0 && w < SIDE;
      image[p] = inside ? 100 * c + 10 * h + w + 1 : 0;
    }
    return image;
  }

  @Test
  void lentBatchesStayUntouchedWhileTheLoaderRunsAhead() {
    try (Loader loader = Loader.evaluation(grids(40), PLAIN, 4)) {
      Batch held = loader.next();
      for (int b = 1; b < 10; b++) {
        int[] labels = held.labels().clone();
        float[] images = held.images().clone();
        Batch following = loader.next(); // returns once the loader has filled the other slot
        assertArrayEquals(labels, held.labels());
        assertArrayEquals(images, held.images());
        assertEquals(4 * (b - 1), labels[0]);
        assertNotEquals(held, following);
        held.release();
        held = following;
      }
      held.release();
      assertNull(loader.next());
    }
  }

  @Test
  void reusesTwoBuffers() {
    try (Loader loader = Loader.evaluation(grids(40), PLAIN, 4)) {
      List<float[]> buffers = new ArrayList<>();
      for (Batch batch; (batch = loader.next()) != null; batch.release()) {
        buffers.add(batch.images());
      }
      for (int b = 2; b < buffers.size(); b++) {
        assertSame(buffers.get(b - 2), buffers.get(b));
      }
    }
  }

  @Test
  void refusesAThirdBatchAndASecondRelease() {
    try (Loader loader = Loader.evaluation(grids(12), PLAIN, 4)) {
      Batch first = loader.next();
      loader.next();
      assertEquals(
          "batch 0 is still lent; release it before asking for another",
          assertThrows(IllegalStateException.class, loader::next).getMessage());
      first.release();
      loader.next();
    }
    try (Loader loader = Loader.evaluation(grids(4), PLAIN, 4)) {
      Batch only = loader.next();
      only.release();
      assertEquals(
          "the batch is not lent; release it once",
          assertThrows(IllegalStateException.class, only::release).getMessage());
    }
  }

  @Test
  void failureOfTheThreadSurfacesAfterTheGoodBatches() {
    int[] order = {0, 1, 99}; // image 99 does not exist
    try (Loader loader = new Loader(grids(3), PLAIN, 2, order, null)) {
      loader.next().release();
      IllegalStateException failure = assertThrows(IllegalStateException.class, loader::next);
      assertInstanceOf(IndexOutOfBoundsException.class, failure.getCause());
      assertTrue(failure.getMessage().startsWith("grids: loading batch 1 failed: "));
    }
  }

  @Test
  void closeStopsTheThreadInTheMiddle() {
    Loader loader = Loader.evaluation(grids(60), PLAIN, 1);
    Batch batch = loader.next();
    loader.close();
    assertTrue(
        Thread.getAllStackTraces().keySet().stream()
            .noneMatch(thread -> thread.isAlive() && thread.getName().equals("intarsia-loader")));
    batch.release(); // no effect, no error
    loader.close();
    assertEquals(
        "grids: the loader is closed; open one for each epoch",
        assertThrows(IllegalStateException.class, loader::next).getMessage());
  }

  @Test
  void interruptionOfTheWaitingConsumerIsKept() {
    try (Loader loader = Loader.evaluation(grids(4), PLAIN, 2)) {
      Thread.currentThread().interrupt();
      try {
        for (Batch batch; (batch = loader.next()) != null; batch.release()) {
          assertTrue(batch.size() > 0);
        }
      } catch (IllegalStateException e) {
        assertInstanceOf(InterruptedException.class, e.getCause());
      }
    }
    if (!Thread.interrupted()) {
      fail("the interrupt was swallowed");
    }
  }

  @Test
  void refusesBadSizes() {
    assertEquals(
        "batch is 0, it must be in 1..29826161 for images of 72 values",
        assertThrows(IllegalArgumentException.class, () -> Loader.evaluation(grids(4), PLAIN, 0))
            .getMessage());
    Preprocessing one = Preprocessing.normalising(new float[1], new float[] {1});
    assertEquals(
        "preprocessing has 1 channels, grids has 2",
        assertThrows(IllegalArgumentException.class, () -> Loader.evaluation(grids(4), one, 2))
            .getMessage());
  }

  @Test
  void anEmptyDatasetHasNoBatches() {
    try (Loader loader = Loader.evaluation(grids(3).select(new int[0]), PLAIN, 2)) {
      assertEquals(0, loader.batches());
      assertNull(loader.next());
    }
  }
}
