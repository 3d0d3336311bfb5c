// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Run under a locale with a decimal comma: figures must not depend on it. */
class FiguresTest {
  private final Locale before = Locale.getDefault();

  @BeforeEach
  void useDecimalCommas() {
    Locale.setDefault(Locale.GERMANY);
  }

  @AfterEach
  void restore() {
    Locale.setDefault(before);
  }

  @Test
  void percent() {
    assertEquals("98.61 %", Figures.percent(0.98607, 2));
    assertEquals("-", Figures.percent(Double.NaN, 1));
  }

  @Test
  void onlyExactZeroReadsAsZero() {
    assertEquals("0 pp", Figures.points(0.0, true));
    assertEquals("0.00 pp", Figures.points(1e-9, false));
    assertEquals("-12.50 pp", Figures.points(-0.125, true));
    assertEquals("+12.50 pp", Figures.points(0.125, true));
  }

  @Test
  void bytes() {
    assertEquals("0 B", Figures.bytes(0));
    assertEquals("1023 B", Figures.bytes(1023));
    assertEquals("1.0 KiB", Figures.bytes(1024));
    assertEquals("8388608.0 TiB", Figures.bytes(Long.MAX_VALUE));
  }

  @Test
  void seconds() {
    assertEquals("12.3 s", Figures.seconds(12.34));
    assertEquals("1 min 42 s", Figures.seconds(101.6));
    assertEquals("2 h 5 min", Figures.seconds(7_500));
  }
}
