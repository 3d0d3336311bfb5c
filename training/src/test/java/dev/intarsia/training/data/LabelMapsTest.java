// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LabelMapsTest {
  private static final int SIDE = 6;
  private static final int AREA = SIDE * SIDE;
  private static final byte IGNORED = (byte) Dataset.IGNORE;

  /** Two images of 1 x 2 x 2 with three classes; the last pixel of the second does not count. */
  private static Dataset two() {
    byte[] maps = {0, 1, 1, 2, 2, 2, 0, IGNORED};
    return Dataset.ofMaps("two", new byte[8], 1, 2, 2, maps, List.of("a", "b", "c"));
  }

  private static byte[] map(Dataset dataset, int i) {
    byte[] map = new byte[dataset.height() * dataset.width()];
    dataset.copyMap(i, map, 0);
    return map;
  }

  private static String refusal(Runnable call) {
    return assertThrows(IllegalArgumentException.class, call::run).getMessage();
  }

  @Test
  void viewsShowTheirLabels() {
    Dataset all = two();
    assertTrue(all.hasMaps());
    assertEquals(1, all.label(0), "the class of most pixels");
    assertEquals(2, all.label(1));
    assertArrayEquals(new byte[] {2, 2, 0, IGNORED}, map(all.select(new int[] {1}), 0));

    Dataset some = all.ofClasses(1);
    assertEquals(1, some.size(), "images that show none of the classes are left out");
    assertArrayEquals(new byte[] {IGNORED, 0, 0, IGNORED}, map(some, 0));

    Dataset grouped = all.regrouped(new int[] {1, Dataset.IGNORE, 0}, List.of("other", "a"));
    assertArrayEquals(new byte[] {1, IGNORED, IGNORED, 0}, map(grouped, 0));
    assertArrayEquals(new byte[] {0, 0, 1, IGNORED}, map(grouped, 1));
    Dataset again = grouped.regrouped(new int[] {1, 0}, List.of("x", "y"));
    assertArrayEquals(new byte[] {1, 1, 0, IGNORED}, map(again, 1));
    assertArrayEquals(new byte[] {0, 1, 1, 2}, map(all, 0), "the first view is as it was");
  }

  @Test
  void refusesWhatDoesNotFit() {
    List<String> names = List.of("a", "b");
    assertEquals(
        "x: label of pixel 3 of image 0 is 2, it must be in 0..1 or 255, which does not count",
        refusal(
            () -> Dataset.ofMaps("x", new byte[4], 1, 2, 2, new byte[] {0, 1, IGNORED, 2}, names)));
    assertEquals(
        "two: the new label of class 2 is 2, it must be in 0..1 or 255",
        refusal(() -> two().regrouped(new int[] {0, 1, 2}, names)));
    assertEquals(
        "two: images with label maps cannot be permuted; regroup their classes",
        refusal(() -> two().permuted(new int[] {0, 1, 2, 3})));
    Dataset plain = Dataset.of("p", new byte[4], 1, 2, 2, new int[1], List.of("a", "b", "c"));
    Preprocessing grey = Preprocessing.normalising(new float[1], new float[] {1});
    assertEquals(
        "task 't': only one of train and test has label maps, both must or neither",
        refusal(() -> Task.of(0, "t", two(), plain, grey)));
  }

  /** Every pixel's value is its label: wherever augmentation moves one, the other goes too. */
  @Test
  void augmentationMovesLabelsWithTheirPixels() {
    byte[] pixels = new byte[8 * AREA];
    byte[] maps = new byte[8 * AREA];
    for (int k = 0; k < maps.length; k++) {
      maps[k] = (byte) (1 + (k * 7 + k / AREA) % 36);
      pixels[k] = maps[k];
    }
    List<String> names = java.util.Collections.nCopies(37, "c");
    Dataset dataset = Dataset.ofMaps("moved", pixels, 1, SIDE, SIDE, maps, names);
    Preprocessing raw = new Preprocessing(new float[1], new float[] {1}, 2, true);
    boolean moved = false;
    try (Loader loader = Loader.training(dataset, raw, 8, 3, 0, 0)) {
      Batch batch = loader.next();
      assertEquals(8 * AREA, batch.labels().length);
      for (int k = 0; k < 8 * AREA; k++) {
        int pixel = Math.round(batch.images()[k] * 255);
        int label = batch.labels()[k];
        assertEquals(pixel == 0 ? Dataset.IGNORE : pixel, label, "pixel " + k);
        moved |= label == Dataset.IGNORE;
      }
      batch.release();
    }
    assertTrue(moved, "no image was shifted");
  }

  @Test
  void evaluationShowsLabelsAsTheyAre() {
    Preprocessing raw = new Preprocessing(new float[1], new float[] {1}, 2, true);
    try (Loader loader = Loader.evaluation(two(), raw, 2)) {
      Batch batch = loader.next();
      assertArrayEquals(new int[] {0, 1, 1, 2, 2, 2, 0, 255}, batch.labels());
      batch.release();
    }
  }

  @Test
  void imagesWithOneLabelHaveNoMaps() {
    Dataset plain = Dataset.of("p", new byte[4], 1, 2, 2, new int[1], List.of("a"));
    assertFalse(plain.hasMaps());
    assertEquals(
        "p: images have one label each; ask for label(i)",
        refusal(() -> plain.copyMap(0, new byte[4], 0)));
  }
}
