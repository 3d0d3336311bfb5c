// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.CounterRandom;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Codes side by side for files. */
class BitStringTest {
  /** The published vectors of the format. */
  @Test
  void vectors() {
    byte[] three = {5, 0, 7, 3, 1, 6, 2, 4, 5, 5, 1};
    byte[] five = {17, 3, 31, 0, 8, 22, 9};
    assertEquals("c5178b6d00", HexFormat.of().formatHex(BitString.pack(three, 3)));
    assertEquals("717c806c02", HexFormat.of().formatHex(BitString.pack(five, 5)));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void everyLengthAroundWordsComesBack(int bits) {
    CounterRandom random = CounterRandom.of(bits, "codes");
    for (int count = 0; count <= 130; count++) {
      byte[] codes = new byte[count];
      for (int i = 0; i < count; i++) {
        codes[i] = (byte) (int) random.uniform(0, (1 << bits) - 0.01f);
      }
      byte[] packed = BitString.pack(codes, bits);
      assertEquals((count * bits + 7) / 8, packed.length);
      assertArrayEquals(codes, BitString.unpack(packed, bits, count));
      for (int i = 0; i < count; i++) {
        assertEquals(codes[i] & 0xFF, BitString.get(packed, bits, i));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void padBitsAreZeroAndMustBe(int bits) {
    byte[] codes = new byte[3];
    Arrays.fill(codes, (byte) ((1 << bits) - 1));
    byte[] packed = BitString.pack(codes, bits);
    int used = 3 * bits;
    for (int bit = used; bit < 8 * packed.length; bit++) {
      assertEquals(0, packed[bit / 8] >>> bit % 8 & 1);
      byte[] flipped = packed.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertThrows(CorruptCodeException.class, () -> BitString.unpack(flipped, bits, 3));
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    String sentence =
        assertThrows(IllegalArgumentException.class, () -> BitString.pack(new byte[] {1, 8}, 3))
            .getMessage();
    assertTrue(sentence.contains("code 1 is 8"), sentence);
    assertThrows(IllegalArgumentException.class, () -> BitString.pack(new byte[1], 9));
    assertThrows(CorruptCodeException.class, () -> BitString.unpack(new byte[2], 3, 1));
    assertThrows(IndexOutOfBoundsException.class, () -> BitString.get(new byte[1], 3, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> BitString.get(new byte[1], 3, -1));
  }
}
