// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.parity;

import dev.intarsia.ActivationShape;
import dev.intarsia.ops.PixelCrossEntropy;
import java.util.ArrayList;
import java.util.List;

class PixelCrossEntropyParityTest extends KernelParityTest<ActivationShape> {
  private static final float SPREAD = 4; // logits are in (-4, 4)
  private static final int UNUSUAL = -1; // a label to ignore

  /** Which pixels count. */
  enum Counting {
    ALL,
    SOME,
    NONE
  }

  @Override
  public String stem() {
    return "pixel_cross_entropy";
  }

  @Override
  List<Problem<ActivationShape>> problems() {
    return Problems.pixels();
  }

  @Override
  public List<Entry<ActivationShape>> entries() {
    List<Entry<ActivationShape>> entries = new ArrayList<>();
    for (Counting counting : Counting.values()) {
      String variant = counting + " count";
      entries.add(
          entry(
              "pixel_cross_entropy_forward",
              variant,
              (side, s, problem) -> forward(side, s, problem, counting)));
      entries.add(
          entry(
              "pixel_cross_entropy_backward_data",
              variant,
              (side, s, problem) -> backwardData(side, s, problem, counting)));
    }
    return entries;
  }

  /** Labels of every pixel, [N, H*W]. */
  static int[] labels(
      ActivationShape s, Problem<ActivationShape> problem, Counting counting, int ignore) {
    int pixels = s.n() * s.h() * s.w();
    int[] labels = Values.labels(problem + "/labels", pixels, 0, s.c());
    boolean[] counts = Values.bits(problem + "/counts", pixels, 0.7);
    for (int k = 0; k < pixels; k++) {
      boolean counted = counting == Counting.ALL || counting == Counting.SOME && counts[k];
      labels[k] = counted ? labels[k] : ignore;
    }
    return labels;
  }

  private static PixelCrossEntropy bind(
      Side side, ActivationShape s, Problem<ActivationShape> problem, Counting counting) {
    int ignore = counting == Counting.SOME ? UNUSUAL : PixelCrossEntropy.IGNORE;
    int[] labels = labels(s, problem, counting, ignore);
    float[] logits = Values.uniform(problem + "/src", s.elements(), -SPREAD, SPREAD);
    spoil(logits, s, labels, ignore);
    return PixelCrossEntropy.bind(side.context(), s.withN(side.capacity(s.n())))
        .ignore(ignore)
        .src(side.value("src", logits, s.n(), s.c(), s.h(), s.w()))
        .labels(side.pixelLabels("labels", labels, s.n(), s.h() * s.w()));
  }

  /** Makes a logit of every third pixel that does not count a NaN: it must stay there. */
  private static void spoil(float[] logits, ActivationShape s, int[] labels, int ignore) {
    int area = s.h() * s.w();
    for (int k = 0; k < labels.length; k += 3) {
      if (labels[k] == ignore) {
        logits[k / area * s.c() * area + k % area] = Float.NaN;
      }
    }
  }

  private static Runnable forward(
      Side side, ActivationShape s, Problem<ActivationShape> problem, Counting counting) {
    long terms = (long) s.n() * s.h() * s.w() + s.c();
    Tolerance tolerance = Tolerance.sum(terms, ref -> 1 + 2 * ref.max("src") + Math.log(s.c()));
    PixelCrossEntropy op =
        bind(side, s, problem, counting).loss(side.writtenPlain("loss", tolerance, 1));
    op.batch(s.n());
    return op::forward;
  }

  private static Runnable backwardData(
      Side side, ActivationShape s, Problem<ActivationShape> problem, Counting counting) {
    int ignore = counting == Counting.SOME ? UNUSUAL : PixelCrossEntropy.IGNORE;
    int counted = 0;
    for (int label : labels(s, problem, counting, ignore)) {
      counted += label == ignore ? 0 : 1;
    }
    int pixels = Math.max(1, counted);
    Tolerance tolerance = Tolerance.sum(s.c(), ref -> (1 + 2 * ref.max("src")) / pixels);
    PixelCrossEntropy op =
        bind(side, s, problem, counting)
            .diffSrc(side.writtenDiff("diffSrc", tolerance, s.n(), s.c(), s.h(), s.w()));
    op.batch(s.n());
    return op::backwardData;
  }
}
