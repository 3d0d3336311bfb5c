// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.ActivationShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Add;
import dev.intarsia.parity.Field.Role;
import java.util.List;

class AddParityTest extends KernelParityTest<ActivationShape> {
  @Override
  public String stem() {
    return "add";
  }

  @Override
  List<Problem<ActivationShape>> problems() {
    return Problems.activations();
  }

  @Override
  public List<Entry<ActivationShape>> entries() {
    return List.of(
        entry("add_forward", this::forward), entry("add_forward", "in place", this::inPlace));
  }

  private static Add bind(Side side, ActivationShape s) {
    return Add.bind(side.context(), s.withN(side.capacity(s.n())));
  }

  private Runnable forward(Side side, ActivationShape s, Problem<ActivationShape> problem) {
    Add op =
        bind(side, s)
            .src(side.value("src", s.n(), s.c(), s.h(), s.w()))
            .addend(side.value("addend", s.n(), s.c(), s.h(), s.w()))
            .dst(side.written("dst", Tolerance.EXACT, s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::forward;
  }

  private Runnable inPlace(Side side, ActivationShape s, Problem<ActivationShape> problem) {
    Tensor both = side.updated("both", Role.WRITTEN, Tolerance.EXACT, s.n(), s.c(), s.h(), s.w());
    Add op =
        bind(side, s).src(side.value("src", s.n(), s.c(), s.h(), s.w())).addend(both).dst(both);
    op.batch(s.n());
    return op::forward;
  }
}
