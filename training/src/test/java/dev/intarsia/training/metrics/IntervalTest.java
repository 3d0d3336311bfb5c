// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class IntervalTest {
  private static final double TABLE = 5e-4; // tables of t give three decimals

  @Test
  void threeValuesByHand() {
    Interval interval = Interval.of(1, 2, 3); // s = 1, t(2) = 4.303
    assertEquals(3, interval.count());
    assertEquals(2, interval.mean());
    assertEquals(4.303 / Math.sqrt(3), interval.half(), TABLE);
  }

  @Test
  void twoAndElevenValuesByTheTable() {
    assertEquals(12.706, Interval.of(0, 2).half(), TABLE); // s = sqrt(2), over sqrt(2)
    double[] eleven = {1, 1, 1, 1, 1, 0, -1, -1, -1, -1, -1}; // s = 1, t(10) = 2.228
    assertEquals(2.228 / Math.sqrt(11), Interval.of(eleven).half(), TABLE);
  }

  @Test
  void equalValuesHaveExactlyNoWidth() {
    Interval interval = Interval.of(0.1, 0.1, 0.1);
    assertEquals(0.1, interval.mean());
    assertEquals(0, interval.half());
  }

  @Test
  void oneValueClaimsNoInterval() {
    Interval interval = Interval.of(0.7);
    assertEquals(0.7, interval.mean());
    assertFalse(interval.isBounded());
    assertTrue(Interval.of(0.7, 0.8).isBounded());
  }

  @Test
  void whatWasNotMeasuredDoesNotCount() {
    assertEquals(Interval.of(1, 3), Interval.of(1, Double.NaN, 3));
    assertEquals(0, Interval.of(Double.NaN).count());
    assertTrue(Double.isNaN(Interval.of().mean()));
  }
}
