// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.intarsia.Context;
import dev.intarsia.Mask;
import dev.intarsia.PlaneShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.MaskCompress;
import java.util.List;
import org.junit.jupiter.api.Test;

class MaskCompressParityTest extends KernelParityTest<PlaneShape> {
  @Override
  public String stem() {
    return "mask_compress";
  }

  @Override
  List<Problem<PlaneShape>> problems() {
    return Problems.planes();
  }

  @Override
  public List<Entry<PlaneShape>> entries() {
    return List.of(
        entry("mask_compress_pack", MaskCompressParityTest::pack),
        entry("mask_compress_unpack", MaskCompressParityTest::unpack));
  }

  /** Bits of a problem's density, all where it has no mask; the first one set in any case. */
  static boolean[] some(String name, PlaneShape s, Problem<PlaneShape> problem) {
    boolean[] bits = Values.bits(name, s.elements(), problem.maskless() ? 1 : problem.density());
    bits[0] = true;
    return bits;
  }

  static int count(boolean[] bits) {
    int count = 0;
    for (boolean bit : bits) {
      count += bit ? 1 : 0;
    }
    return count;
  }

  private static Runnable pack(Side side, PlaneShape s, Problem<PlaneShape> problem) {
    boolean[] bits = some(problem + "/selected", s, problem);
    return MaskCompress.bind(side.context(), s)
            .selected(side.mask("selected", s.rows(), s.cols(), bits))
            .dense(side.plain("dense", s.rows(), s.cols()))
            .compact(side.writtenPlain("compact", Tolerance.EXACT, count(bits)))
        ::pack;
  }

  private static Runnable unpack(Side side, PlaneShape s, Problem<PlaneShape> problem) {
    boolean[] bits = some(problem + "/selected", s, problem);
    return MaskCompress.bind(side.context(), s)
            .selected(side.mask("selected", s.rows(), s.cols(), bits))
            .dense(side.updatedPlain("dense", Tolerance.EXACT, s.rows(), s.cols()))
            .compact(side.plain("compact", count(bits)))
        ::unpack;
  }

  @Test
  void anArrayOfAnotherLengthIsRefused() {
    try (Context context = Context.cpu()) {
      Tensor dense = Tensor.plain(context, 3, 40);
      dense.upload(Values.signed("dense", 120));
      MaskCompress op =
          MaskCompress.bind(context, new PlaneShape(3, 40))
              .selected(Mask.full(context, 3, 40))
              .dense(dense)
              .compact(Tensor.plain(context, 119));
      assertThrows(IllegalArgumentException.class, op::pack);
      assertThrows(IllegalArgumentException.class, op::unpack);
      assertArrayEquals(Values.signed("dense", 120), dense.download(), "nothing is written");
      assertThrows(
          IllegalArgumentException.class,
          () -> op.compact(Tensor.plain(context, 60, 2)),
          "[60, 2]");
    }
  }
}
