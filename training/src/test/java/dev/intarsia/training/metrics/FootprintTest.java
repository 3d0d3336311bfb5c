// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class FootprintTest {
  private static final Use NO_USE = new Use(0, 0, 0, 0, 0);

  @Test
  void totalIsWhatIsStored() {
    var first = new Footprint.Share(0, new Terms(100, 7, 10, 5, 2, 3), NO_USE, null);
    var second = new Footprint.Share(1, new Terms(1, 0, 20, 5, 0, 3), NO_USE, null);
    var footprint = new Footprint(400, List.of(first, second));
    assertEquals(127, first.total());
    assertEquals(new Terms(101, 7, 30, 10, 2, 6), footprint.terms());
    assertEquals(156, footprint.total());
  }

  @Test
  void everyTermHasAName() {
    var terms = new Terms(1, 2, 4, 8, 16, 32);
    assertEquals(terms.total(), terms.byName().values().stream().mapToLong(Long::longValue).sum());
    assertEquals(63, terms.total());
  }

  @Test
  void refusesNegativeSizes() {
    var e = assertThrows(IllegalArgumentException.class, () -> new Terms(1, 0, -8, 0, 0, 0));
    assertTrue(e.getMessage().contains("masks is -8, must be at least 0"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> new Footprint(-4, List.of()));
    assertThrows(
        IllegalArgumentException.class, () -> new Footprint.Share(-1, Terms.NONE, NO_USE, null));
    assertThrows(IllegalArgumentException.class, () -> new Use(0, 0, 0, Double.NaN, 0));
    assertThrows(IllegalArgumentException.class, () -> new MaskBits(0, 0, 0, 0, 0, 0));
  }
}
