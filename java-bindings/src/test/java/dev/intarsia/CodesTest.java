// SPDX-License-Identifier: Apache-2.0
package dev.intarsia;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CodesTest {
  @Test
  void everyWidthComesBackAroundWordEdges() {
    SplittableRandom random = new SplittableRandom(5);
    try (Context context = Context.reference()) {
      for (int bits = 1; bits <= Codes.MAX_BITS; bits++) {
        for (int cols : new int[] {1, 3, 4, 5, 6, 7, 9, 10, 11, 15, 16, 17, 31, 32, 33, 65}) {
          for (int rows : new int[] {1, 15, 16, 17, 40}) {
            byte[] values = new byte[rows * cols];
            for (int i = 0; i < values.length; i++) {
              values[i] = (byte) random.nextInt(1 << bits);
            }
            try (Codes codes = Codes.of(context, rows, cols, bits, values)) {
              assertArrayEquals(values, codes.unpack());
              int row = random.nextInt(rows);
              int col = random.nextInt(cols);
              assertEquals(values[row * cols + col] & 0xFF, codes.get(row, col));
              try (Codes copy = Codes.zeros(context, rows, cols, bits)) {
                copy.setWords(codes.words());
                assertArrayEquals(values, copy.unpack());
              }
            }
          }
        }
      }
    }
  }

  @Test
  void wordsAreAsTheFormatSays() {
    try (Context context = Context.reference()) {
      byte[] values = new byte[2 * 11];
      values[0] = 5; // row 0, column 0
      values[1] = 7; // row 0, column 1
      values[10] = 3; // row 0, column 10: the next word of three-bit codes
      values[11] = 1; // row 1, column 0
      int[] words = Codes.of(context, 2, 11, 3, values).words();
      assertEquals(32, words.length);
      assertEquals(5 | 7 << 3, words[0]);
      assertEquals(1, words[1]);
      assertEquals(3, words[16]);
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    try (Context context = Context.reference()) {
      assertThrows(IllegalArgumentException.class, () -> Codes.zeros(context, 1, 1, 0));
      assertThrows(IllegalArgumentException.class, () -> Codes.zeros(context, 1, 1, 9));
      assertThrows(
          IllegalArgumentException.class, () -> Codes.of(context, 1, 2, 2, new byte[] {1, 4}));
      Codes codes = Codes.zeros(context, 1, 2, 2);
      assertThrows(IllegalArgumentException.class, () -> codes.pack(new byte[3]));
      assertThrows(IllegalArgumentException.class, () -> codes.setWords(new int[3]));
      int[] words = codes.words();
      words[0] = 1 << 4; // column 2 of two
      assertThrows(IllegalArgumentException.class, () -> codes.setWords(words));
      assertThrows(IllegalArgumentException.class, () -> codes.get(1, 0));
      codes.close();
      assertThrows(IllegalStateException.class, () -> codes.get(0, 0));
    }
  }
}
