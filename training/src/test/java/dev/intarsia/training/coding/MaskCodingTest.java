// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.intarsia.PlaneShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/** Both coders: lossless on every shape, near the bound, and safe on any bytes. */
class MaskCodingTest {
  private static final PlaneShape LAYER = new PlaneShape(64, 1152);
  private static final long GOLDEN_CONTEXT = 3254334996L;
  private static final long GOLDEN_HUFFMAN = 2170916037L;

  @Test
  void everyShapeComesBack() {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 300; round++) {
      PlaneShape shape = new PlaneShape(1 + random.nextInt(5), 1 + random.nextInt(100));
      double density = new double[] {0, 0.03, 0.5, 0.9, 1}[random.nextInt(5)];
      List<int[]> planes = new ArrayList<>();
      int tasks = 1 + random.nextInt(7);
      for (int task = 0; task < tasks; task++) {
        planes.add(plane(shape, density, random));
      }
      List<int[]> decoded = HuffmanMasks.decode(shape, HuffmanMasks.encode(shape, planes));
      assertEquals(tasks, decoded.size());
      for (int task = 0; task < tasks; task++) {
        assertArrayEquals(planes.get(task), decoded.get(task), shape.toString());
        List<int[]> earlier = planes.subList(0, task);
        int kernel = 1 + random.nextInt(50);
        byte[] code = ContextMasks.encode(shape, kernel, earlier, planes.get(task));
        assertArrayEquals(
            planes.get(task), ContextMasks.decode(shape, kernel, earlier, code), shape.toString());
        assertTrue(code.length <= 1 + 4 * planes.get(task).length);
      }
      assertEquals(
          8L * HuffmanMasks.encode(shape, planes).length, HuffmanMasks.bits(shape, planes));
      assertArrayEquals(symbolCounts(shape, planes), Planes.counts(shape, planes));
    }
  }

  /** One weight after the other. */
  private static long[] symbolCounts(PlaneShape shape, List<int[]> planes) {
    long[] counts = new long[1 << planes.size()];
    Planes.forEach(
        shape,
        (row, col) -> {
          int symbol = 0;
          for (int p = 0; p < planes.size(); p++) {
            symbol |= Planes.get(shape, planes.get(p), row, col) << p;
          }
          counts[symbol]++;
        });
    return counts;
  }

  @Test
  void huffmanOfIndependentMasksCostsTheirEntropy() {
    // Ratios of methods/mask-family 3.1.3, found for independent masks and symbols of seven bits.
    double[][] expected = {{0.5, 1.0}, {0.3, 0.885}, {0.1, 0.474}, {0.05, 0.304}, {0.03, 0.237}};
    SplittableRandom random = new SplittableRandom(2);
    for (double[] pair : expected) {
      List<int[]> planes = new ArrayList<>();
      for (int task = 0; task < 7; task++) {
        planes.add(plane(LAYER, pair[0], random));
      }
      double ratio = HuffmanMasks.encode(LAYER, planes).length * 8.0 / (7 * LAYER.elements());
      assertEquals(pair[1], ratio, 0.01);
    }
  }

  @Test
  void contextsReachTheBoundOfIndependentBits() {
    SplittableRandom random = new SplittableRandom(3);
    for (double density : new double[] {0.5, 0.3, 0.1, 0.03}) {
      int[] words = plane(LAYER, density, random);
      double bits = 8.0 * ContextMasks.encode(LAYER, 9, List.of(), words).length / LAYER.elements();
      double bound = MaskEntropy.given(LAYER, List.of(), words);
      assertTrue(bits <= 1.02 * bound + 0.002, density + ": " + bits + " against " + bound);
    }
  }

  @Test
  void contextsLearnFromEarlierTasks() {
    SplittableRandom random = new SplittableRandom(4);
    List<int[]> planes = new ArrayList<>();
    planes.add(plane(LAYER, 0.5, random));
    for (int task = 1; task < 6; task++) {
      int[] next = planes.get(task - 1).clone();
      int[] flips = plane(LAYER, 0.1, random);
      for (int i = 0; i < next.length; i++) {
        next[i] ^= flips[i];
      }
      planes.add(next);
    }
    List<int[]> earlier = planes.subList(0, 5);
    byte[] code = ContextMasks.encode(LAYER, 9, earlier, planes.get(5));
    double bits = 8.0 * code.length / LAYER.elements();
    double bound = MaskEntropy.given(LAYER, earlier, planes.get(5));
    assertTrue(bound < 0.48 && bits <= 1.02 * bound, bits + " against " + bound);
  }

  @Test
  void contextsSeeWholeKernels() {
    SplittableRandom random = new SplittableRandom(5);
    int[] words = new int[LAYER.rows() * LAYER.wordsPerRow()];
    for (int row = 0; row < LAYER.rows(); row++) {
      for (int kernel = 0; kernel < LAYER.cols() / 9; kernel++) {
        int bit = random.nextInt(2);
        for (int tap = 0; tap < 9; tap++) {
          Planes.set(LAYER, words, row, kernel * 9 + tap, bit);
        }
      }
    }
    byte[] code = ContextMasks.encode(LAYER, 9, List.of(), words);
    double bits = 8.0 * code.length / LAYER.elements();
    assertTrue(bits < 0.15, bits + " bits a weight, 1/9 is what there is to know");
  }

  @Test
  void codesAreTheSameEverywhere() {
    int[] words = plane(LAYER, 0.3, new SplittableRandom(6));
    assertEquals(GOLDEN_CONTEXT, checksum(ContextMasks.encode(LAYER, 9, List.of(), words)));
    assertEquals(GOLDEN_HUFFMAN, checksum(HuffmanMasks.encode(LAYER, List.of(words, words))));
  }

  private static long checksum(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }

  @Test
  void anyBytesGivePlanesOrOneSentence() {
    SplittableRandom random = new SplittableRandom(7);
    PlaneShape shape = new PlaneShape(7, 45);
    int[] words = plane(shape, 0.2, random);
    int refused = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] code =
          round % 2 == 0
              ? HuffmanMasks.encode(shape, List.of(words, words))
              : ContextMasks.encode(shape, 9, List.of(words), words);
      for (int flips = 1 + random.nextInt(3); flips > 0 && code.length > 0; flips--) {
        code[random.nextInt(code.length)] ^= (byte) (1 << random.nextInt(8));
      }
      code = Arrays.copyOf(code, random.nextInt(code.length + 3));
      try {
        if (round % 2 == 0) {
          HuffmanMasks.decode(shape, code);
        } else {
          ContextMasks.decode(shape, 9, List.of(words), code);
        }
      } catch (CorruptCodeException expected) {
        refused++;
      }
    }
    assertTrue(refused > 5_000, refused + " of 20000 altered codes were refused");
  }

  @Test
  void wrongPlanesAreRefused() {
    PlaneShape shape = new PlaneShape(2, 33);
    assertThrows(
        IllegalArgumentException.class, () -> HuffmanMasks.encode(shape, List.of(new int[3])));
    assertThrows(IllegalArgumentException.class, () -> HuffmanMasks.encode(shape, List.of()));
    assertThrows(
        IllegalArgumentException.class, () -> ContextMasks.encode(shape, 0, List.of(), new int[4]));
  }

  private static int[] plane(PlaneShape shape, double density, SplittableRandom random) {
    int[] words = new int[shape.rows() * shape.wordsPerRow()];
    Planes.forEach(
        shape,
        (row, col) -> Planes.set(shape, words, row, col, random.nextDouble() < density ? 1 : 0));
    return words;
  }
}
