// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class FootprintTest {
  @Test
  void totalIsWhatIsStored() {
    var share = new Footprint.Share(0, 100, 10, 5, 2);
    var footprint = new Footprint(100, 10, 5, 2, 400, List.of(share));
    assertEquals(117, footprint.total());
    assertEquals(117, share.total());
  }

  @Test
  void refusesNegativeSizes() {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> new Footprint(1, -8, 0, 0, 4, List.of()));
    assertTrue(e.getMessage().contains("masks is -8, must be at least 0"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> new Footprint.Share(-1, 0, 0, 0, 0));
  }
}
