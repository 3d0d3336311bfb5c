// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.ActivationShape;
import dev.intarsia.ops.Reorder;
import java.util.List;

class ReorderParityTest extends KernelParityTest<ActivationShape> {
  @Override
  public String stem() {
    return "reorder";
  }

  @Override
  List<Problem<ActivationShape>> problems() {
    return Problems.activations();
  }

  @Override
  public List<Entry<ActivationShape>> entries() {
    return List.of(entry("reorder_pack", this::pack), entry("reorder_unpack", this::unpack));
  }

  private static Reorder bind(Side side, ActivationShape s) {
    return Reorder.bind(side.context(), s.withN(side.capacity(s.n())));
  }

  /** The pad lanes of packed images are zero, as those of a gradient. */
  private Runnable pack(Side side, ActivationShape s, Problem<ActivationShape> problem) {
    Reorder op =
        bind(side, s)
            .src(side.plain("src", side.capacity(s.n()), s.c(), s.h(), s.w()))
            .dst(side.writtenDiff("dst", Tolerance.EXACT, s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::pack;
  }

  private Runnable unpack(Side side, ActivationShape s, Problem<ActivationShape> problem) {
    float[] before = Values.signed("unpacked", side.capacity(s.n()) * s.imageElements());
    Reorder op =
        bind(side, s)
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .dst(
                side.updatedPlain(
                    "dst", Tolerance.EXACT, before, side.capacity(s.n()), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::unpack;
  }
}
