// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class DatasetTest {
  // Image i is {10 i, 10 i + 1, 10 i + 2, 10 i + 3}, 1 x 2 x 2.
  private static Dataset six() {
    byte[] pixels = new byte[24];
    for (int p = 0; p < pixels.length; p++) {
      pixels[p] = (byte) (10 * (p / 4) + p % 4);
    }
    return Dataset.of("six", pixels, 1, 2, 2, new int[] {0, 1, 2, 0, 1, 2}, List.of("a", "b", "c"));
  }

  private static String refusal(Runnable call) {
    return assertThrows(IllegalArgumentException.class, call::run).getMessage();
  }

  @Test
  void selectsAndRelabels() {
    Dataset view = six().ofClasses(2, 0);
    assertEquals(List.of("c", "a"), view.classNames());
    assertEquals(4, view.size());
    int[] labels = {view.label(0), view.label(1), view.label(2), view.label(3)};
    assertArrayEquals(new int[] {1, 0, 1, 0}, labels);
    assertArrayEquals(new byte[] {0, 1, 2, 3}, SharedData.image(view, 0));
    assertArrayEquals(new byte[] {20, 21, 22, 23}, SharedData.image(view, 1));
    Dataset again = view.select(new int[] {3, 3});
    assertArrayEquals(new byte[] {50, 51, 52, 53}, SharedData.image(again, 1));
    assertEquals(0, again.label(0));
  }

  @Test
  void limitsWithBalancedClasses() {
    Dataset view = six().limited(4); // two of class 0, one of each other class
    int[] labels = {view.label(0), view.label(1), view.label(2), view.label(3)};
    assertArrayEquals(new int[] {0, 1, 2, 0}, labels);
    assertEquals(6, six().limited(0).size());
    assertEquals(
        "six: limit is -1, it must be at least 0 (0 keeps all)", refusal(() -> six().limited(-1)));
  }

  @Test
  void permutesAndComposes() {
    Dataset view = six().permuted(new int[] {3, 0, 1, 2});
    assertArrayEquals(new byte[] {13, 10, 11, 12}, SharedData.image(view, 1));
    Dataset back = view.permuted(new int[] {1, 2, 3, 0});
    assertArrayEquals(new byte[] {10, 11, 12, 13}, SharedData.image(back, 1));
    assertEquals(
        "six: pixel 3 of the permutation is out of 0..3 or occurs twice",
        refusal(() -> six().permuted(new int[] {3, 3, 1, 2})));
    assertEquals(
        "six: the permutation has 2 pixels, an image has 4",
        refusal(() -> six().permuted(new int[] {1, 0})));
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertEquals(
        "x: 3 pixels, expected 4 for 1 images of 1 x 2 x 2",
        refusal(() -> Dataset.of("x", new byte[3], 1, 2, 2, new int[1], List.of("a"))));
    assertEquals(
        "x: label of image 0 is 1, it must be in 0..0 (1 classes)",
        refusal(() -> Dataset.of("x", new byte[4], 1, 2, 2, new int[] {1}, List.of("a"))));
    assertEquals(
        "x: an image is 1 x 0 x 2, every size must be at least 1",
        refusal(() -> Dataset.of("x", new byte[0], 1, 0, 2, new int[0], List.of("a"))));
    assertEquals(
        "six: classes [1, 1] must be different and in 0..2", refusal(() -> six().ofClasses(1, 1)));
    assertThrows(IndexOutOfBoundsException.class, () -> six().select(new int[] {6}));
    assertThrows(IndexOutOfBoundsException.class, () -> six().copyPixels(-1, new byte[4], 0));
  }

  @Test
  void keepsItsOwnLabels() {
    int[] labels = {0};
    Dataset dataset = Dataset.of("x", new byte[4], 1, 2, 2, labels, List.of("a", "b"));
    labels[0] = 1;
    assertEquals(0, dataset.label(0));
  }

  @Test
  void measuresMeanAndDeviation() {
    byte[] pixels = {0, (byte) 255, 0, (byte) 255, 51, 51, 51, 51}; // [1, 2, 2, 2]
    Dataset dataset = Dataset.of("x", pixels, 2, 2, 2, new int[1], List.of("a"));
    Preprocessing measured = Preprocessing.measured(dataset);
    assertArrayEquals(new float[] {0.5f, 0.2f}, measured.mean(), 1e-6f);
    assertArrayEquals(new float[] {0.5f, 0.5f / 255}, measured.std(), 1e-6f);
  }

  @Test
  void refusesBadPreprocessing() {
    assertEquals(
        "mean has 1 channels and std 2, they must agree and be at least 1",
        refusal(() -> Preprocessing.normalising(new float[1], new float[2])));
    assertEquals(
        "channel 0 has mean 0.0 and std 0.0, they must be finite and std above 0",
        refusal(() -> Preprocessing.normalising(new float[1], new float[1])));
    assertEquals(
        "cropPad is -1, it must be at least 0",
        refusal(() -> new Preprocessing(new float[1], new float[] {1}, -1, false)));
  }

  @Test
  void refusesTasksThatDoNotFitTogether() {
    Preprocessing grey = Preprocessing.normalising(new float[1], new float[] {1});
    Dataset two = six().ofClasses(0, 1);
    assertEquals(
        "task 't' has 2 classes, 2 names, 2 classes in train and 3 in test;"
            + " the counts must agree and be at least 2",
        refusal(() -> Task.of(0, "t", two, six(), grey)));
    assertEquals(
        "task 't' has 0 test images, at least 1 is needed",
        refusal(() -> Task.of(0, "t", two, two.select(new int[0]), grey)));
    Task second = Task.of(1, "t", two, two, grey);
    assertEquals(
        "task 0 of stream 's' has index 1 and images of 1 x 2 x 2, expected 1 x 2 x 2",
        refusal(() -> TaskStream.of("s", "d", List.of(second), "mlp")));
    assertEquals(
        "stream 's' has 0 tasks, at least 1 is needed",
        refusal(() -> TaskStream.of("s", "d", List.of(), "mlp")));
  }
}
