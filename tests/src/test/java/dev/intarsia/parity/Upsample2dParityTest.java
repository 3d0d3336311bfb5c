// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.Upsample2dShape;
import dev.intarsia.UpsampleMode;
import dev.intarsia.ops.Upsample2d;
import java.util.ArrayList;
import java.util.List;

class Upsample2dParityTest extends KernelParityTest<Upsample2dShape> {
  @Override
  public String stem() {
    return "upsample2d";
  }

  @Override
  List<Problem<Upsample2dShape>> problems() {
    return Problems.upsamplings();
  }

  @Override
  public List<Entry<Upsample2dShape>> entries() {
    List<Entry<Upsample2dShape>> entries = new ArrayList<>();
    for (UpsampleMode mode : UpsampleMode.values()) {
      String variant = mode.name().toLowerCase(java.util.Locale.ROOT);
      entries.add(
          entry("upsample2d_forward", variant, (side, s, problem) -> forward(side, s, mode)));
      entries.add(
          entry(
              "upsample2d_backward_data",
              variant,
              (side, s, problem) -> backwardData(side, s, mode)));
    }
    return entries;
  }

  private static Upsample2d bind(Side side, Upsample2dShape s, UpsampleMode mode) {
    return Upsample2d.bind(side.context(), s.withN(side.capacity(s.n()))).mode(mode);
  }

  /** A copy, or a sum of four. */
  private static Runnable forward(Side side, Upsample2dShape s, UpsampleMode mode) {
    Tolerance tolerance =
        mode == UpsampleMode.NEAREST
            ? Tolerance.EXACT
            : Tolerance.sum(4, reference -> reference.max("src"));
    Upsample2d op =
        bind(side, s, mode)
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", tolerance, s.n(), s.c(), s.oh(), s.ow()));
    op.batch(s.n());
    return op::forward;
  }

  /** A pixel adds up the results it has a part in, at most two scales along each axis. */
  private static Runnable backwardData(Side side, Upsample2dShape s, UpsampleMode mode) {
    long terms = 4L * s.scaleH() * s.scaleW();
    Tolerance tolerance = Tolerance.sum(terms, reference -> reference.max("diffDst"));
    Upsample2d op =
        bind(side, s, mode)
            .diffDst(side.diff("diffDst", s.n(), s.c(), s.oh(), s.ow()))
            .diffSrc(side.writtenDiff("diffSrc", tolerance, s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::backwardData;
  }
}
