// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ConfusionMatrixTest {
  /** By hand: IoU 3/(4+4-3), 2/(3+3-2), 1/(2+2-1), and a class that does not occur. */
  @Test
  void meanIntersectionOverUnionIsThatByHand() {
    ConfusionMatrix matrix =
        new ConfusionMatrix(4, new long[] {3, 1, 0, 0, 0, 2, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0});
    assertEquals(0.6, matrix.intersectionOverUnion(0));
    assertEquals(0.5, matrix.intersectionOverUnion(1));
    assertEquals(1.0 / 3, matrix.intersectionOverUnion(2));
    assertEquals(Double.NaN, matrix.intersectionOverUnion(3));
    assertEquals((0.6 + 0.5 + 1.0 / 3) / 3, matrix.meanIntersectionOverUnion());
    assertEquals(9, matrix.total());
    assertEquals(6, matrix.right());
  }

  /** A class that is answered and never right counts as 0; one that is nowhere does not count. */
  @Test
  void aClassOnlyAnsweredCounts() {
    ConfusionMatrix matrix = new ConfusionMatrix(3, new long[] {1, 1, 0, 0, 0, 0, 0, 0, 0});
    assertEquals(0.25, matrix.meanIntersectionOverUnion());
  }

  @Test
  void nothingCountedIsNotMeasured() {
    assertEquals(Double.NaN, new ConfusionMatrix(2, new long[4]).meanIntersectionOverUnion());
    assertEquals(
        "3 counts for 2 classes, expected 4",
        assertThrows(IllegalArgumentException.class, () -> new ConfusionMatrix(2, new long[3]))
            .getMessage());
  }
}
