// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.PixelCrossEntropy;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link PixelCrossEntropy}. */
public class PixelCrossEntropyBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("camvid:head")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    ActivationShape all = Problems.pixels(problem);
    ActivationShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor loss = rig.plain("loss", 1);
    Tensor diffSrc = rig.images("diffSrc", s.n(), s.c(), s.h(), s.w());
    PixelCrossEntropy op =
        PixelCrossEntropy.bind(context, s)
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .labels(rig.pixelLabels(s.n(), s.h() * s.w(), s.c()))
            .loss(loss)
            .diffSrc(diffSrc);
    double logits = s.elements();
    long pixels = (long) s.n() * s.h() * s.w();
    return rig.call("forward", op::forward, 3 * logits, 4 * logits, pixels + s.c(), loss)
        .call("backwardData", op::backwardData, 4 * logits, 8 * logits, s.c(), diffSrc);
  }

  /** The loss. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }

  /** The gradient of the logits. */
  @Benchmark
  public void backwardData(Rate rate) {
    run("backwardData", rate);
  }
}
