// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.ActivationShape;
import dev.intarsia.Context;
import dev.intarsia.Tensor;
import dev.intarsia.ops.PixelConfusion;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link PixelConfusion}. */
public class PixelConfusionBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("camvid:head")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    ActivationShape all = Problems.pixels(problem);
    ActivationShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor confusion = rig.counts(s.c(), s.c());
    PixelConfusion op =
        PixelConfusion.bind(context, s)
            .src(rig.images("src", s.n(), s.c(), s.h(), s.w()))
            .labels(rig.pixelLabels(s.n(), s.h() * s.w(), s.c()))
            .confusion(confusion);
    double logits = s.elements();
    return rig.call("forward", op::forward, logits, 4 * logits, 0, confusion);
  }

  /** Counts the answers. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }
}
