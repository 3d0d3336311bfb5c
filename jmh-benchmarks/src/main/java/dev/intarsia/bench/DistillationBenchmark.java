// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Distillation;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link Distillation}. */
public class DistillationBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("cifar100:head")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    LinearShape all = Problems.classes(problem);
    LinearShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor loss = rig.plain("loss", 2);
    Tensor diffSrc = rig.images("diffSrc", s.n(), s.i(), 1, 1);
    Distillation op =
        Distillation.bind(context, s)
            .temperature(2)
            .lambda(1)
            .src(rig.images("src", s.n(), s.i(), 1, 1))
            .teacher(rig.images("teacher", s.n(), s.i(), 1, 1))
            .labels(rig.labels(s.n(), s.i()))
            .known(rig.labels(s.n(), 2))
            .loss(loss)
            .diffSrc(diffSrc);
    double logits = (double) s.n() * s.i();
    return rig.call("apply", op::apply, 12 * logits, 12 * logits, s.n() + s.i(), loss, diffSrc);
  }

  /** Both losses and the gradient of the logits. */
  @Benchmark
  public void apply(Rate rate) {
    run("apply", rate);
  }
}
