// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.training.pack;

import dev.intarsia.PlaneShape;
import dev.intarsia.training.coding.ContextMasks;
import java.util.List;

/** How the masks of a pack are coded. Both are read alike; the code itself says which it is. */
public enum MaskCode {
  /** By what earlier tasks and neighbours tell; the smallest, and 60 ns a weight to read. */
  CONTEXT,
  /** A bit a weight; read at once. */
  RAW;

  byte[] encode(PlaneShape shape, int kernel, List<int[]> earlier, int[] words) {
    return this == RAW
        ? ContextMasks.raw(shape, words)
        : ContextMasks.encode(shape, kernel, earlier, words);
  }
}
