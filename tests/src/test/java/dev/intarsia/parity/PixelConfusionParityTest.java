// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.ActivationShape;
import dev.intarsia.ops.PixelConfusion;
import dev.intarsia.ops.PixelCrossEntropy;
import dev.intarsia.parity.PixelCrossEntropyParityTest.Counting;
import java.util.List;

class PixelConfusionParityTest extends KernelParityTest<ActivationShape> {
  @Override
  public String stem() {
    return "pixel_confusion";
  }

  @Override
  List<Problem<ActivationShape>> problems() {
    return Problems.pixels();
  }

  @Override
  public List<Entry<ActivationShape>> entries() {
    return List.of(
        entry(
            "pixel_confusion_forward",
            "once",
            (side, s, problem) -> forward(side, s, problem, Counting.SOME, 1)),
        entry(
            "pixel_confusion_forward",
            "none counts",
            (side, s, problem) -> forward(side, s, problem, Counting.NONE, 1)),
        entry(
            "pixel_confusion_forward",
            "adds to its counts",
            (side, s, problem) -> forward(side, s, problem, Counting.ALL, 2)));
  }

  /** Logits are often equal: the first of the largest counts. */
  private static Runnable forward(
      Side side,
      ActivationShape s,
      Problem<ActivationShape> problem,
      Counting counting,
      int times) {
    int[] labels =
        PixelCrossEntropyParityTest.labels(s, problem, counting, PixelCrossEntropy.IGNORE);
    float[] logits = Values.tied(problem + "/src", s.elements());
    PixelConfusion op =
        PixelConfusion.bind(side.context(), s.withN(side.capacity(s.n())))
            .src(side.value("src", logits, s.n(), s.c(), s.h(), s.w()))
            .labels(side.pixelLabels("labels", labels, s.n(), s.h() * s.w()))
            .confusion(side.counts("confusion", s.c(), s.c()));
    op.batch(s.n());
    return () -> {
      for (int i = 0; i < times; i++) {
        op.forward();
      }
    };
  }
}
