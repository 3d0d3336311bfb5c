// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.CounterRandom;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CounterRandomTest {

  @Test
  void givesTheKnownAnswersOfRandom123() {
    int[] block = new int[4];
    CounterRandom.philox(0, 0, 0, 0, 0, 0, block);
    assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, block);
    CounterRandom.philox(-1, -1, -1, -1, -1, -1, block);
    assertArrayEquals(new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, block);
    // The third vector of the set: digits of pi.
    CounterRandom.philox(
        0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, block);
    assertArrayEquals(new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}, block);
  }

  @Test
  void isAFunctionOfItsName() {
    Set<Long> firsts = new HashSet<>();
    int names = 0;
    for (long seed = -2; seed < 3; seed++) {
      for (String purpose : new String[] {"", "a", "b", "ab", "ba"}) {
        for (long[] at : new long[][] {{}, {0}, {0, 0}, {1}, {1, 0}, {0, 1}, {-1}, {1L << 40}}) {
          long first = CounterRandom.of(seed, purpose, at).nextLong();
          assertEquals(first, CounterRandom.of(seed, purpose, at).nextLong());
          firsts.add(first);
          names++;
        }
      }
    }
    assertEquals(names, firsts.size(), "two names share their first number");
  }

  @Test
  void seekIsWhereDrawingWouldHaveArrived() {
    CounterRandom drawn = CounterRandom.of(7, "seek");
    for (int i = 0; i < 4 * 5; i++) {
      drawn.nextInt();
    }
    CounterRandom sought = CounterRandom.of(7, "seek").seek(5);
    assertEquals(drawn.nextLong(), sought.nextLong());
  }

  @Test
  void boundedIntegersAreEvenlySpread() {
    CounterRandom random = CounterRandom.of(1, "spread");
    int draws = 60_000;
    int[] counts = new int[6];
    for (int i = 0; i < draws; i++) {
      counts[random.nextInt(6)]++;
    }
    double chiSquare = 0;
    for (int count : counts) {
      chiSquare += Math.pow(count - draws / 6.0, 2) / (draws / 6.0);
    }
    assertTrue(chiSquare < 20.5, "chi square " + chiSquare + " (5 degrees, 0.1 %)");
    int large = (1 << 30) + 1; // a quarter of all words has to be rejected or folded here
    for (int i = 0; i < 1000; i++) {
      int value = random.nextInt(large);
      assertTrue(value >= 0 && value < large);
    }
    String message =
        assertThrows(IllegalArgumentException.class, () -> random.nextInt(0)).getMessage();
    assertEquals("bound is 0, it must be at least 1", message);
  }

  @Test
  void floatsStayInsideAndGaussiansHaveTheirMoments() {
    CounterRandom random = CounterRandom.of(2, "moments");
    double mean = 0;
    double sum = 0;
    double squares = 0;
    int draws = 100_000;
    for (int i = 0; i < draws; i++) {
      float unit = random.nextFloat();
      float range = random.uniform(-3, 5);
      double wide = random.nextDouble();
      assertTrue(unit >= 0 && unit < 1 && range >= -3 && range < 5 && wide >= 0 && wide < 1);
      mean += unit / draws;
      double gaussian = random.nextGaussian();
      sum += gaussian / draws;
      squares += gaussian * gaussian / draws;
    }
    assertEquals(0.5, mean, 0.005);
    assertEquals(0, sum, 0.02);
    assertEquals(1, squares, 0.03);
    float tight = random.uniform(1, Math.nextUp(1f));
    assertEquals(1f, tight);
    assertThrows(IllegalArgumentException.class, () -> random.uniform(2, 1));
    assertThrows(IllegalArgumentException.class, () -> random.uniform(Float.NaN, 1));
  }

  @Test
  void shufflePermutesAndReachesEveryOrder() {
    Set<String> orders = new HashSet<>();
    for (int i = 0; i < 500; i++) {
      int[] values = {0, 1, 2, 3};
      CounterRandom.of(3, "orders", i).shuffle(values);
      orders.add(Arrays.toString(values));
      Arrays.sort(values);
      assertArrayEquals(new int[] {0, 1, 2, 3}, values);
    }
    assertEquals(24, orders.size());
    assertNotEquals(
        CounterRandom.of(3, "orders", 0).nextInt(), CounterRandom.of(3, "orders", 1).nextInt());
  }
}
