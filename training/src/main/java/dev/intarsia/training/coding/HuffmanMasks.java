// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import dev.intarsia.PlaneShape;
import java.util.ArrayList;
import java.util.List;

/**
 * The published coding of masks: the bits of up to seven tasks at one weight are one symbol, and
 * symbols get a canonical Huffman code per layer (Kang et al. 2022, WSN, section 3).
 *
 * <p>Layout, bits in rising order: 3 bits tasks, then 5 bits of code length per symbol [2^tasks],
 * then the symbols of all weights, row by row. Pad bits of a plane are not coded. A layer with one
 * symbol has no symbol bits at all.
 */
public final class HuffmanMasks {
  /** Most planes that one symbol stacks. */
  public static final int MAX_PLANES = 7;

  private HuffmanMasks() {}

  /**
   * Codes the planes of up to seven tasks.
   *
   * @param planes words [rows, wordsPerRow] each, in the order of the tasks
   */
  public static byte[] encode(PlaneShape shape, List<int[]> planes) {
    require(shape, planes);
    long[] counts = Planes.counts(shape, planes);
    CanonicalCode code = CanonicalCode.fromCounts(counts);
    BitWriter out = new BitWriter();
    out.write(planes.size(), 3);
    for (int symbol = 0; symbol < counts.length; symbol++) {
      out.write(code.length(symbol), 5);
    }
    Planes.forEach(shape, (row, col) -> code.write(symbol(shape, planes, row, col), out));
    return out.toBytes();
  }

  /** Returns the length of {@link #encode}'s code in bits, pad bits of the last byte included. */
  public static long bits(PlaneShape shape, List<int[]> planes) {
    require(shape, planes);
    long[] counts = Planes.counts(shape, planes);
    CanonicalCode code = CanonicalCode.fromCounts(counts);
    long bits = 3 + 5L * counts.length;
    for (int symbol = 0; symbol < counts.length; symbol++) {
      bits += code.isSingle() ? 0 : counts[symbol] * code.length(symbol);
    }
    return (bits + Byte.SIZE - 1) / Byte.SIZE * Byte.SIZE;
  }

  private static void require(PlaneShape shape, List<int[]> planes) {
    if (planes.isEmpty() || planes.size() > MAX_PLANES) {
      throw new IllegalArgumentException(
          "there are "
              + planes.size()
              + " planes, expected 1 to "
              + MAX_PLANES
              + "; start a new group after seven tasks");
    }
    planes.forEach(plane -> Planes.requireWords(shape, plane));
  }

  /** Returns the planes that were coded for this shape. */
  public static List<int[]> decode(PlaneShape shape, byte[] coded) {
    BitReader in = new BitReader(coded);
    int tasks = in.read(3);
    if (tasks == 0) {
      throw new CorruptCodeException("the code stacks 0 planes, expected 1 to " + MAX_PLANES);
    }
    int[] lengths = new int[1 << tasks];
    for (int symbol = 0; symbol < lengths.length; symbol++) {
      lengths[symbol] = in.read(5);
    }
    CanonicalCode code = CanonicalCode.fromLengths(lengths);
    if (!code.isSingle() && shape.elements() > 8L * coded.length) {
      throw new CorruptCodeException(
          "the code has " + coded.length + " bytes, too few for " + shape.elements() + " weights");
    }
    List<int[]> planes = new ArrayList<>();
    for (int task = 0; task < tasks; task++) {
      planes.add(new int[shape.rows() * shape.wordsPerRow()]);
    }
    Planes.forEach(
        shape,
        (row, col) -> {
          int symbol = code.read(in);
          for (int task = 0; task < tasks; task++) {
            Planes.set(shape, planes.get(task), row, col, symbol >>> task & 1);
          }
        });
    in.requireEnd();
    return planes;
  }

  private static int symbol(PlaneShape shape, List<int[]> planes, int row, int col) {
    int symbol = 0;
    for (int task = 0; task < planes.size(); task++) {
      symbol |= Planes.get(shape, planes.get(task), row, col) << task;
    }
    return symbol;
  }
}
