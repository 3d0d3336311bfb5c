// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MaskTest {
  private final Context context = Context.reference();

  @AfterEach
  void close() {
    context.close();
  }

  @Test
  void rowsStartOnWordsAndPadBitsAreZero() {
    Mask mask = Mask.full(context, 2, 33);
    assertArrayEquals(new int[] {-1, 1, -1, 1}, mask.words());
    assertEquals(66, mask.cardinality());
    assertTrue(mask.get(1, 32));
    mask.clear();
    assertFalse(mask.get(1, 32));
  }

  @Test
  void algebraIsInPlace() {
    Mask mask = Mask.of(context, 1, 4, new int[] {0b0011});
    Mask other = Mask.of(context, 1, 4, new boolean[] {false, true, true, false});
    mask.or(other);
    assertArrayEquals(new int[] {0b0111}, mask.words());
    mask.and(other);
    assertArrayEquals(new int[] {0b0110}, mask.words());
    mask.setAll();
    mask.andNot(other);
    assertArrayEquals(new int[] {0b1001}, mask.words());
    mask.copyFrom(other);
    assertArrayEquals(other.words(), mask.words());
  }

  @Test
  void wrongWordsAreRefused() {
    Mask mask = Mask.empty(context, 2, 3);
    refused("has 3 words, expected 2 rows of 1", () -> mask.setWords(new int[3]));
    refused("mask word 1 is 0x8", () -> mask.setWords(new int[] {0, 0b1000}));
    refused("has 5 values, expected 2 x 3", () -> Mask.of(context, 2, 3, new boolean[5]));
    refused("[2, 3]", () -> mask.or(Mask.empty(context, 3, 2)));
    refused("[2, 0]", () -> mask.get(2, 0));
    assertEquals(0, mask.cardinality());
  }

  @Test
  void aClosedMaskIsRefused() {
    Mask mask = Mask.empty(context, 1, 1);
    mask.close();
    mask.close();
    assertThrows(IllegalStateException.class, mask::words);
  }

  private static void refused(String part, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(part), message);
  }
}
