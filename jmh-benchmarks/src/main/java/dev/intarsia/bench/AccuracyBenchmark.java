// SPDX-License-Identifier: Apache-2.0
package dev.intarsia.bench;

import dev.intarsia.Context;
import dev.intarsia.LinearShape;
import dev.intarsia.Tensor;
import dev.intarsia.ops.Accuracy;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** {@link Accuracy}. */
public class AccuracyBenchmark extends KernelBenchmark {
  /** Of problems.txt. */
  @Param("cifar100:head")
  public String problem;

  @Override
  Rig rig(Context context, int images) {
    LinearShape all = Problems.classes(problem);
    LinearShape s = all.withN(images(images, all.n()));
    Rig rig = new Rig(context);
    Tensor correct = rig.counts(1);
    Accuracy op =
        Accuracy.bind(context, s)
            .classRange(0, s.i())
            .src(rig.images("src", s.n(), s.i(), 1, 1))
            .labels(rig.labels(s.n(), s.i()))
            .correct(correct);
    double logits = (double) s.n() * s.i();
    return rig.call("forward", op::forward, logits, 4 * logits, 0, correct);
  }

  /** Counts the right answers. */
  @Benchmark
  public void forward(Rate rate) {
    run("forward", rate);
  }
}
