// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.LinearShape;
import dev.intarsia.ops.Distillation;
import dev.intarsia.parity.Problem.Classes;
import java.util.List;

class DistillationParityTest extends KernelParityTest<Classes> {
  private static final float SPREAD = 4; // logits are in (-4, 4)
  private static final float LAMBDA = 0.75f;

  @Override
  public String stem() {
    return "distillation";
  }

  @Override
  List<Problem<Classes>> problems() {
    return Problems.classes();
  }

  @Override
  public List<Entry<Classes>> entries() {
    return List.of(
        entry("distillation_apply", "some known", bound(2, true, 2)),
        entry("distillation_apply", "all known", bound(3, true, 0)),
        entry("distillation_apply", "none known", bound(2, true, 1)),
        entry("distillation_apply", "no labels", bound(1, false, 0)),
        entry("distillation_apply", "no labels, some known", bound(4, false, 2)));
  }

  /** Rows are known by a draw below {@code draws}; 0 stands for no field at all. */
  private static Setup<Classes> bound(float temperature, boolean labelled, int draws) {
    return (side, s, problem) -> {
      LinearShape shape = new LinearShape(side.capacity(s.n()), s.classes(), s.classes());
      int[] drawn = Values.labels(problem + "/known", s.n(), 0, Math.max(1, draws));
      int count = 0;
      for (int flag : drawn) {
        count += draws == 0 || flag != 0 ? 1 : 0;
      }
      double share = 1.0 / Math.max(1, count);
      Tolerance losses =
          Tolerance.sum(
              s.n() + s.classes(),
              ref ->
                  temperature * temperature * (1 + 4 * largest(ref) + 2 * Math.log(s.classes())));
      Tolerance diffs =
          Tolerance.sum(
              s.classes(),
              ref ->
                  (1 + 2 * largest(ref)) / s.n()
                      + LAMBDA * share * 2 * (temperature + 2 * largest(ref)));
      Distillation op =
          Distillation.bind(side.context(), shape)
              .temperature(temperature)
              .lambda(LAMBDA)
              .src(side.value("src", logits(problem + "/src", s), s.n(), s.classes(), 1, 1))
              .teacher(
                  side.value("teacher", logits(problem + "/teacher", s), s.n(), s.classes(), 1, 1))
              .labels(labelled ? side.labels("labels", s.n(), 0, s.classes()) : null)
              .known(draws == 0 ? null : side.flags("known", drawn))
              .loss(side.writtenPlain("loss", losses, 2))
              .diffSrc(side.writtenDiff("diffSrc", diffs, s.n(), s.classes(), 1, 1));
      op.batch(s.n());
      return op::apply;
    };
  }

  private static double largest(Side reference) {
    return Math.max(reference.max("src"), reference.max("teacher"));
  }

  private static float[] logits(String name, Classes s) {
    return Values.uniform(name, s.n() * s.classes(), -SPREAD, SPREAD);
  }
}
