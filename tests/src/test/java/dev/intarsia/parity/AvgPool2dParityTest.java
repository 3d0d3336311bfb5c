// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.Pool2dShape;
import dev.intarsia.ops.AvgPool2d;
import java.util.List;

class AvgPool2dParityTest extends KernelParityTest<Pool2dShape> {
  @Override
  public String stem() {
    return "avg_pool2d";
  }

  @Override
  List<Problem<Pool2dShape>> problems() {
    return Problems.pools();
  }

  @Override
  public List<Entry<Pool2dShape>> entries() {
    return List.of(
        entry("avg_pool2d_forward", this::forward),
        entry("avg_pool2d_backward_data", this::backwardData));
  }

  private static AvgPool2d bind(Side side, Pool2dShape s) {
    return AvgPool2d.bind(side.context(), s.withN(side.capacity(s.n())));
  }

  private Runnable forward(Side side, Pool2dShape s, Problem<Pool2dShape> problem) {
    Tolerance tolerance = Tolerance.sum((long) s.kh() * s.kw(), ref -> ref.max("src"));
    AvgPool2d op =
        bind(side, s)
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", tolerance, s.n(), s.c(), s.oh(), s.ow()));
    op.batch(s.n());
    return op::forward;
  }

  /** A pixel adds up the gradients of the windows that hold it. */
  private Runnable backwardData(Side side, Pool2dShape s, Problem<Pool2dShape> problem) {
    Tolerance tolerance = Tolerance.sum((long) s.kh() * s.kw(), ref -> ref.max("diffDst"));
    AvgPool2d op =
        bind(side, s)
            .diffDst(side.diff("diffDst", s.n(), s.c(), s.oh(), s.ow()))
            .diffSrc(side.writtenDiff("diffSrc", tolerance, s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::backwardData;
  }
}
