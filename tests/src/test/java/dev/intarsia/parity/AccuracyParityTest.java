// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.LinearShape;
import dev.intarsia.ops.Accuracy;
import dev.intarsia.parity.Problem.Classes;
import java.util.List;

class AccuracyParityTest extends KernelParityTest<Classes> {
  @Override
  public String stem() {
    return "accuracy";
  }

  @Override
  List<Problem<Classes>> problems() {
    return Problems.classes();
  }

  @Override
  public List<Entry<Classes>> entries() {
    return List.of(
        entry(
            "accuracy_forward",
            "once",
            (side, shape, problem) -> forward(side, shape, problem, 1, false)),
        entry(
            "accuracy_forward",
            "adds to its count",
            (side, shape, problem) -> forward(side, shape, problem, 2, false)),
        entry(
            "accuracy_forward",
            "says which",
            (side, shape, problem) -> forward(side, shape, problem, 1, true)));
  }

  /** Logits are often equal: the first of the largest counts. */
  private Runnable forward(
      Side side, Classes s, Problem<Classes> problem, int times, boolean which) {
    LinearShape shape = new LinearShape(side.capacity(s.n()), s.classes(), s.classes());
    float[] logits = Values.tied(problem + "/src", s.n() * s.classes());
    Accuracy op =
        Accuracy.bind(side.context(), shape)
            .classRange(s.first(), s.count())
            .src(side.value("src", logits, s.n(), s.classes(), 1, 1))
            .labels(side.labels("labels", s.n(), s.first(), s.count()))
            .correct(side.counts("correct", 1))
            .hit(which ? side.writtenFlags("hit", s.n()) : null);
    op.batch(s.n());
    return () -> {
      for (int i = 0; i < times; i++) {
        op.forward();
      }
    };
  }
}
