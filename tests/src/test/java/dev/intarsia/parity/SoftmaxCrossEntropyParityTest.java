// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.LinearShape;
import dev.intarsia.ops.SoftmaxCrossEntropy;
import dev.intarsia.parity.Problem.Classes;
import java.util.List;

class SoftmaxCrossEntropyParityTest extends KernelParityTest<Classes> {
  private static final float SPREAD = 4; // logits are in (-4, 4)

  @Override
  public String stem() {
    return "softmax_cross_entropy";
  }

  @Override
  List<Problem<Classes>> problems() {
    return Problems.classes();
  }

  @Override
  public List<Entry<Classes>> entries() {
    return List.of(
        entry("softmax_cross_entropy_forward", this::forward),
        entry("softmax_cross_entropy_backward_data", this::backwardData));
  }

  private static SoftmaxCrossEntropy bind(Side side, Classes s, Problem<Classes> problem) {
    LinearShape shape = new LinearShape(side.capacity(s.n()), s.classes(), s.classes());
    float[] logits = Values.uniform(problem + "/src", s.n() * s.classes(), -SPREAD, SPREAD);
    return SoftmaxCrossEntropy.bind(side.context(), shape)
        .classRange(s.first(), s.count())
        .src(side.value("src", logits, s.n(), s.classes(), 1, 1))
        .labels(side.labels("labels", s.n(), s.first(), s.count()));
  }

  /** A mean over N of a logarithm of a sum of classes. */
  private Runnable forward(Side side, Classes s, Problem<Classes> problem) {
    Tolerance tolerance =
        Tolerance.sum(s.n() + s.count(), ref -> 1 + 2 * ref.max("src") + Math.log(s.count()));
    SoftmaxCrossEntropy op = bind(side, s, problem).loss(side.writtenPlain("loss", tolerance, 1));
    op.batch(s.n());
    return op::forward;
  }

  private Runnable backwardData(Side side, Classes s, Problem<Classes> problem) {
    Tolerance tolerance = Tolerance.sum(s.count(), ref -> (1 + 2 * ref.max("src")) / s.n());
    SoftmaxCrossEntropy op =
        bind(side, s, problem)
            .diffSrc(side.writtenDiff("diffSrc", tolerance, s.n(), s.classes(), 1, 1));
    op.batch(s.n());
    return op::backwardData;
  }
}
