// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.coding;

import dev.intarsia.PlaneShape;
import java.util.List;

/**
 * What is known of a mask's bit before it is read: which earlier tasks use the weight, and what the
 * bits beside it are. Weights are visited row by row.
 */
final class MaskModel {
  private static final int HISTORY = 7; // earlier tasks whose bits are told apart, the latest

  private final PlaneShape shape;
  private final List<int[]> earlier;
  private final int kernel;
  private final Mixer mixer;
  private final int[] plane; // the bits read so far
  private int history;
  private int uses;

  /**
   * A model of the plane that follows {@code earlier}.
   *
   * @param kernel weights of one k x k kernel, which masks often keep or drop together; 1 for none
   * @param plane filled by the caller as bits become known
   */
  MaskModel(PlaneShape shape, int kernel, List<int[]> earlier, int[] plane) {
    this.shape = shape;
    this.kernel = kernel;
    this.earlier = earlier;
    this.plane = plane;
    mixer = new Mixer(4, 1 << HISTORY, 32 * 4, 1 << 7, 17 * 17 * 4, 64 * 4 * 8);
  }

  /** Returns the chance that the bit at (row, col) is 1, in 65536ths. */
  int predict(int row, int col) {
    recall(row, col);
    int latest = earlier.isEmpty() ? 0 : 1 + (history & 1);
    int left = bit(row, col - 1);
    int left2 = bit(row, col - 2);
    int above = bit(row - 1, col);
    int aboveLeft = bit(row - 1, col - 1);
    int aboveRight = bit(row - 1, col + 1);
    mixer.context(0, history);
    mixer.context(1, Math.min(uses, 31) * 4 + latest);
    mixer.context(
        2, left | left2 << 1 | above << 2 | aboveLeft << 3 | aboveRight << 4 | latest << 5);
    mixer.context(
        3, (ones(row, col - 16, col) * 17 + ones(row - 1, col - 8, col + 8)) * 4 + latest);
    int begin = col - col % kernel;
    int place = Math.min(col - begin, 63);
    int kept = Math.min(ones(row, begin, Math.min(col, begin + 32)), 7);
    mixer.context(4, (place * 8 + kept) * 4 + latest);
    return mixer.predict(latest);
  }

  void update(int bit) {
    mixer.update(bit);
  }

  private void recall(int row, int col) {
    history = 0;
    uses = 0;
    int first = Math.max(0, earlier.size() - HISTORY);
    for (int task = 0; task < earlier.size(); task++) {
      int bit = Planes.get(shape, earlier.get(task), row, col);
      uses += bit;
      if (task >= first) {
        history = history << 1 | bit;
      }
    }
  }

  private int bit(int row, int col) {
    return row < 0 || col < 0 || col >= shape.cols() ? 0 : Planes.get(shape, plane, row, col);
  }

  /** Set bits of columns [from, to) of a row, at most 32 of them. */
  private int ones(int row, int from, int to) {
    int begin = Math.max(from, 0);
    int end = Math.min(to, shape.cols());
    if (row < 0 || begin >= end) {
      return 0;
    }
    int base = row * shape.wordsPerRow();
    long bits = plane[base + begin / 32] & 0xFFFFFFFFL;
    if (end > (begin / 32 + 1) * 32) {
      bits |= (long) plane[base + begin / 32 + 1] << 32;
    }
    return Long.bitCount(bits >>> begin % 32 & (1L << end - begin) - 1);
  }
}
